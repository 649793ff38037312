"""Requests go straight to a server on this machine, and a key is kept once the server took it."""

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import jwt
import pytest

from lsal.errors import BadConfig, Refused
from lsal.files import read_json, to_json
from lsal.label_studio.connection import Connection, on_loopback
from lsal.label_studio.server import Server
from lsal.workbench import attaching


class Recorder(http.server.BaseHTTPRequestHandler):
    """A server, or a proxy before one, that answers every request with {} and notes it."""

    heard: list[str]
    says = b"{}"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.heard.append(f"{self.command} {self.path} {self.headers.get('Authorization')}")
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.says)))
        self.end_headers()
        self.wfile.write(self.says)

    do_POST = do_PATCH = do_GET

    def log_message(self, *_: object) -> None: ...


class Listener:
    """A recorder on a port of its own."""

    def __init__(self, says: bytes = b"{}", host: str = "127.0.0.1") -> None:
        self.heard: list[str] = []
        self._recorder = recorder = type("Recorder", (Recorder,), {"heard": self.heard, "says": says})
        kind = type("Server", (http.server.ThreadingHTTPServer,), {})
        kind.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._server = kind((host, 0), recorder)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def say(self, says: bytes) -> None:
        """Answer so from now on."""
        self._recorder.says = says

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A proxy that the environment names for everything."""
    with closing(Listener()) as listener:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{listener.port}")
            monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{listener.port}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        yield listener


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_server_on_this_machine_is_asked_directly(proxy: Listener, host: str) -> None:
    row = {"id": 1, "a": 1}
    with closing(Listener(to_json(row), host="::1" if host == "::1" else "127.0.0.1")) as there:
        connection = Connection(f"http://{f'[{host}]' if ':' in host else host}:{there.port}", "the-key")
        assert connection.get("/api/projects/1", page=2) == row
        assert connection.post("/api/projects", {"a": 1}) == row
        assert connection.patch("/api/projects/1/", {"a": 1}) == row
        assert [line.split("/")[0] for line in there.heard] == ["GET ", "POST ", "PATCH "]
        assert all("the-key" in line for line in there.heard)
    assert proxy.heard == []


def test_a_personal_access_token_is_exchanged_directly(proxy: Listener) -> None:
    far = {"exp": 4102444800}
    access = jwt.encode(far | {"token_type": "access"}, "k" * 32)
    with closing(Listener(says=b'{"access": "%s"}' % access.encode())) as there:
        refresh = jwt.encode(far | {"token_type": "refresh"}, "k" * 32)
        Connection(f"http://127.0.0.1:{there.port}", refresh).get("/api/projects/1")
        assert there.heard == ["POST /api/token/refresh/ None", f"GET /api/projects/1 Bearer {access}"]
    assert proxy.heard == []


def test_a_server_elsewhere_is_asked_through_the_proxy(proxy: Listener) -> None:
    assert Connection("http://label-studio.invalid:8080", "the-key").get("/api/projects/1") == {}
    assert proxy.heard == ["GET http://label-studio.invalid:8080/api/projects/1 Token the-key"]


@pytest.mark.parametrize("url", ["http://127.0.0.1.invalid/", "http://localhost.invalid:80", "http://10.0.0.1:8080"])
def test_other_addresses_are_elsewhere(url: str) -> None:
    assert not on_loopback(url)


def test_a_project_that_lsal_cannot_read_is_refused_before_anything_is_kept(
    label_studio: Server, client: Callable[..., httpx.Response], isolated_root: Path
) -> None:
    number = client("POST", "/api/projects/", json={"title": "no controls"}).json()["id"]
    with pytest.raises(BadConfig):
        attaching.attach(isolated_root, label_studio.url, number, label_studio.key)
    assert not (isolated_root / "projects").exists()
    assert not (isolated_root / "keys.json").exists()


def test_a_key_that_was_refused_is_not_kept(
    label_studio: Server, client: Callable[..., httpx.Response], isolated_root: Path
) -> None:
    config = '<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="a"/></Choices></View>'
    number = client("POST", "/api/projects/", json={"title": "theirs", "label_config": config}).json()["id"]
    with pytest.raises(Refused):
        attaching.attach(isolated_root, label_studio.url, number, "0" * 40)
    assert not (isolated_root / "keys.json").exists()
    assert attaching.attach(isolated_root, label_studio.url, number, label_studio.key).project == number
    kept = read_json(isolated_root / "keys.json")
    assert list(kept.values()) == [label_studio.key]
    with pytest.raises(Refused):
        attaching.attach(isolated_root, label_studio.url, number, "0" * 40)
    assert read_json(isolated_root / "keys.json") == kept
    assert attaching.attach(isolated_root, label_studio.url, number).project == number  # by the key that was kept
