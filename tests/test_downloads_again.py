"""Downloads that met a busy server or a broken line come in the end; a server that is down is not insisted on."""

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SHUT_RDWR
from threading import Thread
from types import SimpleNamespace

import pytest

from lsal.errors import BadData
from lsal.label_studio import again
from lsal.label_studio.media import Media

WHOLE = b"x" * 5000


class Flaky(ThreadingHTTPServer):
    """It does at each question for a file what is next in its `plan`; the last of it stays."""

    daemon_threads = True

    def __init__(self, plan: dict[str, list[str]]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.plan, self.asked = plan, list[str]()


class Answer(BaseHTTPRequestHandler):
    server: Flaky

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        left = self.server.plan[self.path]
        what = left.pop(0) if len(left) > 1 else left[0]
        if what == "hang up":
            return self.connection.shutdown(SHUT_RDWR)
        self.send_response(200 if what in ("cut", "give") else int(what))
        self.send_header("Content-Length", str(len(WHOLE)))
        self.end_headers()
        self.wfile.write(WHOLE[:100] if what == "cut" else WHOLE)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Callable[[dict[str, list[str]]], Flaky]]:
    running = list[tuple[Flaky, Thread]]()

    def start(plan: dict[str, list[str]]) -> Flaky:
        server = Flaky(plan)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("met", [["503"], ["429", "502"], ["cut"], ["hang up", "cut"], ["cut", "504"]], ids=str)
@pytest.mark.parametrize("path", ["/far/cat.png", "/data/local-files/?d=cat.png"])
def test_what_passes_is_asked_for_again(
    web: Callable[[dict[str, list[str]]], Flaky], met: list[str], path: str, tmp_path: Path
) -> None:
    server = web({path: [*met, "give"]})
    url = f"http://127.0.0.1:{server.server_port}"
    own = path.startswith("/data/")
    files = Media(tmp_path, url if own else "http://127.0.0.1:1", token=lambda: "k", hosts=["127.0.0.1"])
    assert files.fetch(path if own else url + path).read_bytes() == WHOLE
    assert len(server.asked) == len(met) + 1
    assert [one.name.startswith(".") for one in tmp_path.iterdir()] == [False], "nothing but the whole file"


@pytest.mark.parametrize("status", ["404", "403", "401", "500"])
def test_what_stays_is_asked_for_once(
    web: Callable[[dict[str, list[str]]], Flaky], status: str, tmp_path: Path
) -> None:
    server = web({"/cat.png": [status]})
    with pytest.raises(BadData, match=status):
        Media(tmp_path, "http://127.0.0.1:1", hosts=["127.0.0.1"]).fetch(
            f"http://127.0.0.1:{server.server_port}/cat.png"
        )
    assert server.asked == ["/cat.png"]


def test_a_server_that_is_down_is_not_insisted_on_for_each_task(
    web: Callable[[dict[str, list[str]]], Flaky], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "VAIN_S", 2.0)
    server = web({f"/{n}.png": ["503"] for n in range(30)} | {"/fine.png": ["give"]})
    files, url = Media(tmp_path, "http://127.0.0.1:1", hosts=["127.0.0.1"]), f"http://127.0.0.1:{server.server_port}"
    begun = time.monotonic()
    for n in range(30):
        with pytest.raises(BadData, match="503"):
            files.fetch(f"{url}/{n}.png")
    assert time.monotonic() - begun < 10, "two seconds of waiting in all, beside the questions themselves"
    assert 30 < len(server.asked) < 60
    server.plan["/0.png"] = ["503", "give"]
    files.fetch(f"{url}/fine.png")  # it is up again
    assert files.fetch(f"{url}/0.png").read_bytes() == WHOLE


def test_a_machine_that_is_not_there_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(again, "time", SimpleNamespace(sleep=waits.append))
    with pytest.raises(BadData, match="cannot be fetched"):
        Media(tmp_path, "http://127.0.0.1:1", hosts=["127.0.0.1"]).fetch("http://127.0.0.1:1/cat.png")
    assert waits == []
