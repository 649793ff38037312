"""Files of tasks: from where they come, that they come once, and what may not be read."""

import base64
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lsal.errors import BadData
from lsal.label_studio import downloads
from lsal.label_studio.media import Media


class Web(ThreadingHTTPServer):
    """A small web server that remembers what it was asked, and with which key."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[str] = []
        self.keys: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.keys.append(self.headers["Authorization"])
        status = {"/gone.png": 404, "/secret.png": 403, "/elsewhere.png": 302}.get(self.path, 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "file:///etc/passwd")
        self.end_headers()
        with suppress(BrokenPipeError):
            for _ in range(10 if self.path == "/slow.png" else 1):
                self.wfile.write(b"x" * 1000)
                time.sleep(0.1 if self.path == "/slow.png" else 0)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "cats").mkdir(parents=True)
    (folder / "cats" / "a b.png").write_bytes(b"meow")
    (tmp_path / "outside.png").write_bytes(b"secret")
    (folder / "cats" / "link.png").symlink_to(tmp_path / "outside.png")
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "media"


def trusting(kept: Path, token: Callable[[], str] | None = None) -> Media:
    """Files of a Label Studio that is not there, where the user trusts this machine's web servers."""
    return Media(kept, "http://127.0.0.1:1", token, hosts=["127.0.0.1"])


def test_a_download_happens_once(web: Web, kept: Path) -> None:
    files = trusting(kept)
    first = files.fetch(f"{web.url}/a/cat.PNG?size=1")
    assert first.read_bytes() == b"x" * 1000
    assert first.suffix == ".png"
    assert trusting(kept).fetch(f"{web.url}/a/cat.PNG?size=1") == first
    assert web.asked == ["/a/cat.PNG?size=1"]
    assert files.fetch(f"{web.url}/a/cat.PNG?size=2") != first
    assert {path.name for path in kept.iterdir()} == {first.name, files.fetch(f"{web.url}/a/cat.PNG?size=2").name}


@pytest.mark.parametrize(
    "address", ["/data/upload/7/1234-cat.png", "upload/7/1234-cat.png", "{url}/data/upload/7/c.png"]
)
def test_the_key_goes_to_its_server(web: Web, kept: Path, address: str) -> None:
    files = Media(kept, web.url, token=lambda: "k" * 40)
    assert files.fetch(address.format(url=web.url)).read_bytes() == b"x" * 1000
    assert web.keys == ["Token " + "k" * 40]


def test_the_key_goes_nowhere_else(web: Web, kept: Path) -> None:
    trusting(kept, token=lambda: "k" * 40).fetch(f"{web.url}/cat.png")
    assert web.keys == [None]


def test_local_files_of_another_server_are_asked_for(web: Web, kept: Path) -> None:
    found = Media(kept, web.url, token=lambda: "k").fetch("/data/local-files/?d=cats/a%20b.png")
    assert (found.suffix, web.asked) == (".png", ["/data/local-files/?d=cats/a%20b.png"])


def test_cloud_files_are_asked_for_by_task(web: Web, kept: Path) -> None:
    files = Media(kept, web.url, token=lambda: "k")
    assert files.fetch("s3://bucket/a.jpg", 5).suffix == ".jpg"
    assert web.asked == ["/tasks/5/presign/?fileuri=" + base64.urlsafe_b64encode(b"s3://bucket/a.jpg").decode()]
    with pytest.raises(BadData, match="id of its task"):
        files.fetch("s3://bucket/b.jpg")


@pytest.mark.parametrize(("path", "words"), [("/gone.png", "404"), ("/secret.png", "403"), ("/elsewhere.png", "file:")])
def test_what_the_web_refuses(web: Web, kept: Path, path: str, words: str) -> None:
    with pytest.raises(BadData, match=words) as error:
        trusting(kept).fetch(web.url + path)
    assert web.url + path in error.value.what
    assert error.value.fix
    assert not list(kept.iterdir())


def test_nobody_listens(kept: Path) -> None:
    with pytest.raises(BadData, match="cannot be fetched"):
        Media(kept, "http://127.0.0.1:1", token=lambda: "k").fetch("/data/upload/1/a.png")


def test_a_large_file_is_cut(web: Web, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_BYTES", 999)
    with pytest.raises(BadData, match="larger than"):
        trusting(kept).fetch(f"{web.url}/cat.png")
    with pytest.raises(BadData, match="larger than"):
        Media(kept, "http://127.0.0.1:1").fetch("data:text/plain," + "x" * 1000)
    assert not list(kept.iterdir())


def test_a_slow_file_is_cut(web: Web, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_SECONDS", 0.2)
    with pytest.raises(BadData, match="took over"):
        trusting(kept).fetch(f"{web.url}/slow.png")


def test_a_proxy_does_not_stand_before_this_machine(web: Web, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert trusting(kept).fetch(f"{web.url}/cat.png").exists()


def test_data_urls(kept: Path) -> None:
    files = Media(kept, "http://127.0.0.1:1")
    packed = "data:image/png;base64," + base64.b64encode(b"pixels").decode()
    assert files.fetch(packed).read_bytes() == b"pixels"
    assert files.fetch(packed).suffix == ".png"
    assert files.fetch("data:,a%20b").read_bytes() == b"a b"
    for broken in ("data:image/png;base64,x", "data:nothing"):
        with pytest.raises(BadData, match="cannot be decoded"):
            files.fetch(broken)


@pytest.mark.parametrize(
    "address",
    [
        "/data/local-files/?d=cats/a%20b.png",
        "/data/local-files/?d=/cats/a%20b.png",
        "{url}/data/local-files/?d=cats/a b.png",
        "http://localhost:1/data/local-files/?d=cats/a%20b.png",
        "{own}/cats/a b.png",
        "cats/a b.png",
    ],
)
def test_own_files_are_read_where_they_lie(kept: Path, own: Path, address: str) -> None:
    files = Media(kept, "http://127.0.0.1:1", own_files=own)
    assert files.fetch(address.format(url=files.url, own=own)) == own / "cats" / "a b.png"
    assert not kept.exists()


@pytest.mark.parametrize("path", ["../outside.png", "cats/../../outside.png", "cats/link.png", "cats/../cats/a b.png"])
@pytest.mark.parametrize("form", ["/data/local-files/?d={}", "{}", "{own}/{}"])
def test_nothing_leads_out_of_own_files(kept: Path, own: Path, path: str, form: str) -> None:
    with pytest.raises(BadData, match="leads out"):
        Media(kept, "http://127.0.0.1:1", own_files=own).fetch(form.format(path, own=own))


@pytest.mark.parametrize("address", ["file:///etc/passwd", "FILE:///etc/passwd", "ftp://host/a.png", "javascript:1"])
def test_other_schemes_are_refused(kept: Path, own: Path, address: str) -> None:
    for files in (Media(kept, "http://127.0.0.1:1"), Media(kept, "http://127.0.0.1:1", own_files=own)):
        with pytest.raises(BadData, match="not an address"):
            files.fetch(address)


@pytest.mark.parametrize("address", ["/etc/passwd", "a.png", "", "/data/other"])
def test_plain_paths_are_refused(kept: Path, own: Path, address: str) -> None:
    with pytest.raises(BadData, match="not an address"):
        Media(kept, "http://127.0.0.1:1").fetch(address)
    with pytest.raises(BadData, match=r"leads out|no file"):
        Media(kept, "http://127.0.0.1:1", own_files=own).fetch(address)


@pytest.mark.parametrize(
    "address", ["/data/local-files/?d=" + "x" * 5000, "/data/local-files/?d=a%00b", "//[x", "http://"]
)
def test_odd_addresses_are_bad_data(kept: Path, own: Path, address: str) -> None:
    with pytest.raises(BadData):
        Media(kept, "http://127.0.0.1:1", own_files=own).fetch(address)
