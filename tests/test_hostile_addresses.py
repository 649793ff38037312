"""Addresses in tasks that want this machine to ask what only it can reach, or to tell a key to whom it is not for."""

import gzip
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lsal.errors import BadData
from lsal.label_studio import downloads
from lsal.label_studio.guard import Guard, _public
from lsal.label_studio.media import Media
from lsal.project_settings import ProjectSettings, check_settings

PUBLIC = "93.184.216.34"
KEY = "k" * 40


class Web(ThreadingHTTPServer):
    """A web server that remembers which path it was asked, under which name and with which key, and leads on."""

    daemon_threads = True

    def __init__(self, leads: dict[str, str] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.leads = leads or {}
        self.asked: list[tuple[str, str | None]] = []
        self.names: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Authorization"]))
        self.server.names.append(self.headers["Host"])
        onward = self.server.leads.get(self.path)
        self.send_response(302 if onward else 200)
        if onward:
            self.send_header("Location", onward)
        if self.path.startswith("/bomb"):
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with suppress(OSError):
            self._body()

    def _body(self) -> None:
        if self.path.startswith("/bomb"):
            self.wfile.write(gzip.compress(bytes(50_000_000)))
        elif self.path.startswith("/endless"):
            for _ in range(100_000):
                self.wfile.write(bytes(10_000))
        else:
            self.wfile.write(b"pixels")

    def log_message(self, *_: object) -> None: ...


def running(server: Web) -> Iterator[Web]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    """Something on this machine that tasks must not reach."""
    yield from running(Web())


@pytest.fixture
def other() -> Iterator[Web]:
    yield from running(Web())


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What names mean: each look-up takes the next list of addresses, the last one stays. Other names are as ever."""
    known: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *given: Any, **more: Any) -> Any:
        if host not in known:
            return real(host, port, *given, **more)
        found = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return [one for address in found for one in real(address, port, *given, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "media"


def refused(media: Media, address: str, words: str = "no public address") -> None:
    with pytest.raises(BadData, match=words) as error:
        media.fetch(address, 1)
    assert error.value.fix


INSIDE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "0.0.0.0",
    "0",
    "localhost",
    "localhost.",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "user@127.0.0.1",
    "93.184.216.34@127.0.0.1",
    "user:word@127.0.0.1",
]


@pytest.mark.parametrize("host", INSIDE)
def test_nothing_on_this_machine_is_asked(web: Web, kept: Path, host: str) -> None:
    refused(
        Media(kept, "http://127.0.0.1:1", lambda: KEY), f"http://{host}:{web.server_port}/x.png", "public|cannot be"
    )
    assert web.asked == []
    assert not list(kept.iterdir())


@pytest.mark.parametrize(
    "host",
    [
        *("169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
        *("[::ffff:10.0.0.1]", "[2002:7f00:1::]", "[64:ff9b::10.0.0.1]", "[::127.0.0.1]", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "[ff02::1]", "[::]", "198.18.0.1", "192.0.2.1"),
    ],
)
def test_no_private_or_special_address_is_connected_to(kept: Path, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, there: tried.append(there))
    refused(Media(kept, "http://127.0.0.1:1"), f"http://{host}/latest/meta-data")
    refused(Media(kept, "http://127.0.0.1:1"), f"https://{host}/latest/meta-data")
    assert tried == []


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1::1", "64:ff9b::5db8:d822", "2002:5db8:d822::1"])
def test_public_addresses_are_asked(address: str) -> None:
    assert _public(ipaddress.ip_address(address))


def test_a_name_that_means_this_machine_is_refused(web: Web, kept: Path, names: dict[str, list[list[str]]]) -> None:
    names["evil.example"] = [["127.0.0.1"]]
    refused(Media(kept, "http://127.0.0.1:1"), f"http://evil.example:{web.server_port}/x.png")
    assert web.asked == []


def test_of_several_addresses_only_public_ones_are_tried(
    kept: Path, names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []

    def connect(_: socket.socket, there: Any) -> None:
        tried.append(there[0])
        raise OSError("nobody is there")

    monkeypatch.setattr(socket.socket, "connect", connect)
    names["both.example"] = [["127.0.0.1", PUBLIC, "10.0.0.1"]]
    refused(Media(kept, "http://127.0.0.1:1"), "http://both.example/x.png", "cannot be fetched")
    assert set(tried) == {PUBLIC}


def test_a_name_that_changes_its_meaning_is_reached_where_it_was_checked(
    web: Web, kept: Path, names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, real = [], socket.socket.connect

    def connect(line: socket.socket, there: Any) -> None:
        tried.append(there[0])
        real(line, ("127.0.0.1", web.server_port) if there[0] == PUBLIC else there)

    monkeypatch.setattr(socket.socket, "connect", connect)
    names["evil.example"] = [[PUBLIC], ["127.0.0.1"]]
    found = Media(kept, "http://127.0.0.1:1").fetch(f"http://evil.example:{web.server_port}/x.png")
    assert found.read_bytes() == b"pixels"
    assert tried == [PUBLIC], "looked up once, and connected to what was looked at"
    assert web.names == [f"evil.example:{web.server_port}"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_a_redirect_leads_to_nothing_on_this_machine(web: Web, other: Web, kept: Path, host: str) -> None:
    web.leads["/x.png"] = f"http://{host}:{other.server_port}/inside"
    refused(
        Media(kept, "http://127.0.0.1:1", hosts=[f"127.0.0.1:{web.server_port}"]), f"{web.url}/x.png", "public|cannot"
    )
    assert web.asked == [("/x.png", None)]
    assert other.asked == []


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://h/x", "gopher://127.0.0.1/x", "data:,x"])
def test_a_redirect_leads_to_no_other_scheme(web: Web, kept: Path, to: str) -> None:
    web.leads["/x.png"] = to
    refused(Media(kept, web.url, lambda: KEY), f"{web.url}/x.png", "leads to")
    assert not list(kept.iterdir())


def test_redirects_end(web: Web, kept: Path) -> None:
    web.leads["/x.png"] = "/x.png"
    refused(Media(kept, web.url), f"{web.url}/x.png", "leads on and on")
    assert len(web.asked) == downloads.MOST_HOPS


def test_what_stands_in_a_redirect_is_not_read(web: Web, kept: Path) -> None:
    web.leads["/endless"] = "/x.png"
    web.leads["/bomb"] = "/endless"
    assert Media(kept, web.url).fetch(f"{web.url}/bomb").read_bytes() == b"pixels"


def test_a_body_that_unpacks_to_too_much_is_cut(web: Web, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_BYTES", 10_000_000)
    refused(Media(kept, web.url), f"{web.url}/bomb", "larger than")
    assert not list(kept.iterdir())


def test_a_server_that_dribbles_its_headers_is_hung_up_on(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_SECONDS", 0.3)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def dribble() -> None:
            line, _ = listener.accept()
            with line, suppress(OSError):
                line.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not over.wait(0.02):
                    line.sendall(b"x")

        thread = threading.Thread(target=dribble)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        refused(Media(kept, url), f"{url}/x.png", "took over")
        over.set()
        thread.join()


def test_uploads_of_the_own_server_are_fetched_with_its_key(web: Web, kept: Path) -> None:
    assert Media(kept, web.url, lambda: KEY).fetch("/data/upload/1/a.png").read_bytes() == b"pixels"
    assert {key for _, key in web.asked} == {f"Token {KEY}"}


def test_a_redirect_of_the_own_server_takes_no_key_along(web: Web, other: Web, kept: Path) -> None:
    upload = "/storage-data/uploaded/?filepath=upload/1/a.png"
    web.leads[upload] = f"{other.url}/bucket/a.png"
    refused(Media(kept, web.url, lambda: KEY), "/data/upload/1/a.png")
    assert other.asked == []
    Media(kept, web.url, lambda: KEY, hosts=[f"127.0.0.1:{other.server_port}"]).fetch("/data/upload/1/a.png")
    assert other.asked == [("/bucket/a.png", None)]


@pytest.mark.parametrize(
    "address",
    [
        "{url}/static/a.png",
        "{url}/api/current-user/token",
        "{url}.evil.example/data/upload/1/a.png",
        "{url}@evil.example/data/upload/1/a.png",
    ],
)
def test_the_key_of_the_environment_is_told_to_nobody(
    web: Web, kept: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK would send it to whichever server is asked, also where it belongs to another one."""
    for name in ("LABEL_STUDIO_API_KEY", "LABEL_STUDIO_ACCESS_TOKEN"):
        monkeypatch.setenv(name, "e" * 40)
    with suppress(BadData):
        Media(kept, web.url, lambda: KEY).fetch(address.format(url=web.url))
    assert {key for _, key in web.asked} <= {None, f"Token {KEY}"}
    assert all(path.startswith(("/data/upload/", "/storage-data/")) for path, key in web.asked if key)


def test_a_key_for_https_is_not_told_in_plain_http() -> None:
    said = {"Authorization": "Token x", "User-Agent": "y"}
    bounded = downloads.Bounded("https://ls.example", keyed=True)
    assert bounded._told("https://ls.example/data/upload/1", said) == said
    for url in ("http://ls.example/data", "https://ls.example:444/data", "https://other.example/data"):
        assert bounded._told(url, said) == {"User-Agent": "y"}


def test_passwords_of_the_home_are_told_to_nobody(
    web: Web, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine near.example login me password word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setattr(Guard, "addresses", lambda *_: socket.getaddrinfo("127.0.0.1", web.server_port, type=1))
    Media(kept, "http://127.0.0.1:1").fetch(f"http://near.example:{web.server_port}/a.png")
    assert web.asked == [("/a.png", None)]


@pytest.mark.parametrize(
    "address",
    [
        "/data/upload/../../api/current-user/token",
        "/data/upload/1/%2e%2e/%2e%2e/api/x.png",
        "/data/upload/1/%252e%252e/x.png",
        "upload/../../api/x.png",
        "/data/upload/1\\..\\x.png",
        "{url}/data/upload/../../api/users",
        "http://any.example/data/upload/../../api/users",
        "/storage-data/uploaded/?filepath=../../x.png",
        "/data/local-files/?d=../../etc/passwd",
    ],
)
def test_no_address_leads_to_another_page_of_the_server(web: Web, kept: Path, address: str) -> None:
    """Asked with the key, any page would answer."""
    files = Media(kept, web.url, lambda: KEY)
    with pytest.raises(BadData):
        files.fetch(address.format(url=web.url))
    assert web.asked == []


@pytest.mark.parametrize("sign", ["\r\nX-Evil: 1", "\n", "\x00", "\t", "\x7f"])
def test_no_control_character_reaches_a_server(web: Web, kept: Path, sign: str) -> None:
    files = Media(kept, web.url, lambda: KEY)
    for address in (f"/data/upload/1/a{sign}.png", f"{web.url}/a{sign}.png", f"s3://b/a{sign}.png"):
        refused(files, address, "control characters")
    assert web.asked == []


def test_local_files_are_asked_of_the_server_whatever_the_environment_serves(
    web: Web, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from label_studio_sdk._extensions.label_studio_tools.core.utils import io

    (tmp_path / "secret.png").write_bytes(b"secret")
    monkeypatch.setattr(io, "LOCAL_FILES_DOCUMENT_ROOT", str(tmp_path))
    assert Media(kept, web.url, lambda: KEY).fetch("/data/local-files/?d=secret.png").read_bytes() == b"pixels"


def test_a_proxy_is_asked_for_no_private_address(
    web: Web, kept: Path, names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", web.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    names |= {"evil.example": [["10.0.0.1"]], "good.example": [[PUBLIC]]}
    for host in ("10.0.0.1", "evil.example"):
        refused(Media(kept, "http://127.0.0.1:1"), f"http://{host}/x.png")
    assert web.asked == []
    assert Media(kept, "http://127.0.0.1:1").fetch("http://good.example/x.png").read_bytes() == b"pixels"


@pytest.mark.parametrize(
    ("hosts", "fits"),
    [
        (["127.0.0.1"], True),
        (["localhost"], False),
        (["127.0.0.0/8"], True),
        (["127.0.0.1:{port}"], True),
        (["127.0.0.1:1"], False),
        (["10.0.0.0/8", "images.local:80"], False),
    ],
)
def test_what_the_user_trusts_is_asked_and_nothing_else(web: Web, kept: Path, hosts: list[str], fits: bool) -> None:
    files = Media(kept, "http://127.0.0.1:1", hosts=[one.format(port=web.server_port) for one in hosts])
    if fits:
        assert files.fetch(f"{web.url}/x.png").read_bytes() == b"pixels"
    else:
        refused(files, f"{web.url}/x.png")


def test_the_trusted_hosts_are_a_setting() -> None:
    check_settings({"media_hosts": "images.local:8000,10.0.0.0/8,[::1]:80"})
    assert ProjectSettings(media_hosts="a,b:1").hosts == ("a", "b:1")
    assert ProjectSettings().hosts == ()
    for wrong in ("a b", ",", "http://a\n", 5):
        with pytest.raises(Exception, match="media_hosts"):
            check_settings({"media_hosts": wrong})


def test_only_media_calls_the_helper_of_the_sdk_and_gives_it_a_session() -> None:
    package = Path(__file__).resolve().parents[1] / "lsal"
    helpers = ("get_local_path", "get_base64_content", "label_studio_tools.core.utils")
    users = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(name in path.read_text() for name in helpers)
    }
    assert users == {"label_studio/media.py"}
    assert "download_resources=False" in (package / "label_studio" / "converting.py").read_text()
