"""The backend under attack over real sockets: who may ask, and how much of it anybody can take up."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from waitress import wasyncore

from lsal.backend import intake, wire
from lsal.backend.app import create_app
from lsal.backend.workers import bound
from lsal.desk import Desk
from lsal.home import create_home
from lsal.settings import root_secret

CHOICES = '<Choices name="c" toName="t"><Choice value="a"/><Choice value="b"/></Choices>'
XML = f'<View><Text name="t" value="$text"/>{CHOICES}</View>'
GREETING = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@dataclass
class Running:
    """A backend that answers in a thread of this process."""

    port: int
    path: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    def line(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def answers(self) -> bool:
        with self.line() as line:
            line.sendall(GREETING)
            return b"200 OK" in read(line)


def read(line: socket.socket) -> bytes:
    """All that comes until the other side closes, also if it does so hard."""
    found = b""
    with suppress(ConnectionError):
        while piece := line.recv(65536):
            found += piece
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "REQUEST_S", 1)
    monkeypatch.setattr(intake, "LOOK_S", 0)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Running]:
    root = tmp_path / "root"
    home = create_home(root, "http://127.0.0.1:1", 7, "2026-11-20", "attacked")
    Desk(home).mirror.remember(label_config=XML)
    [listening] = bound(["127.0.0.1"], 0)
    server = intake.server(create_app(root), [listening], root_secret(root))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield Running(listening.getsockname()[1], f"/{root_secret(root)}/{home.slug}")
    finally:
        with suppress(OSError):  # it looks at its wishes at other times too, and may be gone before it is knocked at
            server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))  # its loop ends with its last line
        thread.join()
        server.task_dispatcher.shutdown()


# Who may ask ---------------------------------------------------------------------------

PAGES: list[dict[str, str]] = [
    {"Origin": "https://evil.example", "Content-Type": "text/plain"},
    {"Origin": "https://evil.example", "Content-Type": "application/json"},
    {"Origin": "null"},
    {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"},
]
FORMS = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
START = {"action": "START_TRAINING", "project": {}}


@pytest.mark.parametrize("headers", PAGES, ids=str)
def test_a_page_in_a_browser_may_ask_nothing_even_if_it_knows_the_address(
    backend: Running, headers: dict[str, str]
) -> None:
    for endpoint in ("webhook", "predict", "setup"):
        answer = httpx.post(f"{backend.url}/{endpoint}", content=json.dumps(START), headers=headers, trust_env=False)
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert httpx.get(f"{backend.url}/metrics", headers=headers, trust_env=False).status_code == 403
    asked = httpx.options(f"{backend.url}/webhook", headers=headers, trust_env=False)
    assert not [name for name in asked.headers if name.startswith("access-control")]


@pytest.mark.parametrize("kind", FORMS)
def test_a_body_as_forms_send_it_is_refused(backend: Running, kind: str) -> None:
    headers = {"Content-Type": kind}
    answer = httpx.post(f"{backend.url}/webhook", content=json.dumps(START), headers=headers, trust_env=False)
    assert answer.status_code == 415


def test_what_label_studio_sends_is_taken(backend: Running) -> None:
    body, headers = json.dumps({"action": "TASKS_CREATED"}), {"Content-Type": "application/json"}
    answer = httpx.post(f"{backend.url}/webhook", content=body, headers=headers, trust_env=False)
    assert answer.json()["status"] == "noted"


def test_a_name_that_means_this_machine_now_opens_nothing(backend: Running) -> None:
    """A page whose name is changed to mean 127.0.0.1 is of one origin with the backend, and has no secret."""
    for path in ("/", "/seen", "/x/y/seen", "/x/y/metrics"):
        answer = httpx.get(f"http://127.0.0.1:{backend.port}{path}", headers={"Host": "evil.example"}, trust_env=False)
        assert answer.status_code == 404
    greeted = httpx.get(f"http://127.0.0.1:{backend.port}/health", headers={"Host": "evil.example"}, trust_env=False)
    assert greeted.json() == {"status": "UP", "model_class": "lsal"}


@pytest.mark.parametrize("chunked", [False, True])
def test_whoever_lacks_the_secret_is_answered_before_a_body_is_read(backend: Running, chunked: bool) -> None:
    told = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 60000000"
    right = backend.path.encode()
    for path in (b"/x" + right, b"/" + right, right[:5], b"/health", b"/%2e%2e" + right):
        with backend.line() as line:
            line.sendall(b"POST %s/predict HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % (path, told))
            answer = read(line)
        assert answer.startswith(b"HTTP/1.1 404"), path
        assert b"No project is served under this address" in answer


# How much ------------------------------------------------------------------------------


def test_a_huge_body_is_refused_before_it_is_sent(backend: Running) -> None:
    with backend.line() as line:
        line.sendall(
            b"POST %s/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" % backend.path.encode()
        )
        assert read(line).startswith(b"HTTP/1.1 413")


def test_a_chunked_body_without_end_is_cut(backend: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, chunk = 0, b"100000\r\n" + bytes(2**20) + b"\r\n"
    with backend.line() as line:
        line.sendall(
            b"POST %s/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % backend.path.encode()
        )
        with suppress(OSError):
            while sent < 4 * wire.MAX_BODY:
                line.sendall(chunk)
                sent += 2**20
        with suppress(OSError):
            assert read(line).startswith(b"HTTP/1.1 413")
    assert sent < 2 * wire.MAX_BODY
    assert backend.answers()


def test_headers_without_end_are_cut(backend: Running) -> None:
    with backend.line() as line, suppress(OSError):
        for number in range(10_000):
            line.sendall(b"GET / HTTP/1.1\r\n" if not number else b"X-%d: %s\r\n" % (number, b"x" * 1000))
        pytest.fail("ten megabytes of headers were taken")
    assert backend.answers()


def test_as_many_tasks_as_may_be_are_answered_and_one_more_is_refused(backend: Running) -> None:
    task = b'{"id": 1, "data": {"text": "x"}}'
    for count, status in ((wire.MAX_TASKS, 200), (wire.MAX_TASKS + 1, 413)):
        config = json.dumps(XML).encode()
        body = b'{"label_config": %s, "tasks": [%s]}' % (config, b",".join([task] * count))
        answer = httpx.post(f"{backend.url}/predict", content=body, timeout=120, trust_env=False)
        assert answer.status_code == status


def test_bodies_that_nobody_may_send_leave_memory_as_it_was(backend: Running) -> None:
    process = psutil.Process(os.getpid())

    def strangers(count: int) -> None:
        with ExitStack() as held:
            for _ in range(count):
                line = held.enter_context(backend.line())
                line.sendall(b"POST /x/y/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n")
                with suppress(OSError):
                    line.sendall(bytes(200_000))

    strangers(20)
    before = process.memory_info().rss
    strangers(100)
    assert process.memory_info().rss - before < 50_000_000
    assert backend.answers()


# How long ------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_lines_on_which_nothing_is_asked_are_closed_and_others_get_their_turn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(intake, "LINES", 20)
    backend: Running = request.getfixturevalue("backend")
    with ExitStack() as held:
        idle = [held.enter_context(backend.line()) for _ in range(60)]
        assert backend.answers()
        assert all(read(line) == b"" for line in idle), "closed by the backend, without an answer"


@pytest.mark.parametrize(
    "begun", [b"GET /health HTTP/1.1\r\nX: ", b"POST %s/predict HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"]
)
@pytest.mark.usefixtures("quick")
def test_a_request_that_dribbles_is_cut_though_it_never_rests(request: pytest.FixtureRequest, begun: bytes) -> None:
    backend: Running = request.getfixturevalue("backend")
    with backend.line() as line:
        line.sendall(begun.replace(b"%s", backend.path.encode()))
        sent = 0
        with suppress(OSError):
            while sent < 900:  # were it counted from the last byte, it would come to its end
                line.sendall(b"x")
                sent += 1
                time.sleep(0.02)
    assert sent < 900
    assert backend.answers()


@pytest.mark.usefixtures("quick")
def test_a_line_that_asks_again_and_again_is_kept(request: pytest.FixtureRequest) -> None:
    backend: Running = request.getfixturevalue("backend")
    with httpx.Client(trust_env=False) as client:
        for _ in range(20):
            assert client.get(f"{backend.url}/health").status_code == 200
            time.sleep(0.1)


def test_limits_leave_room_for_what_label_studio_does() -> None:
    """It sends a body at once, and waits 100 s for predictions."""
    limits: dict[str, Any] = {name: getattr(intake, name) for name in ("LINES", "REQUEST_S", "HEADERS", "THREADS")}
    assert limits == {"LINES": 400, "REQUEST_S": 60, "HEADERS": 32768, "THREADS": 8}
