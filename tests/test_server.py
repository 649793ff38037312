"""lsal's own Label Studio: each test starts, ends or kills real ones."""

import http.server
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from people import add_annotator

from lsal import processes, settings
from lsal.errors import BadRequest, LabelStudioError, NotInstalled, Refused, Unreachable
from lsal.files import read_json, write_json
from lsal.label_studio import inside, install, server, template


@pytest.fixture
def own_root(isolated_root: Path) -> Iterator[Path]:
    """A root of its own, whose server is ended after the test."""
    yield isolated_root
    server.down(isolated_root)


def ask(found: server.Server, method: str, path: str, **more: object) -> httpx.Response:
    headers = {"Authorization": f"Token {found.key}", "Connection": "close"}
    return httpx.request(method, found.url + path, headers=headers, timeout=60, trust_env=False, **more)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def port_of(found: server.Server) -> int:
    return int(urlsplit(found.url).port or 0)


@contextmanager
def stranger(port: int) -> Iterator[list[str]]:
    """Somebody else's server on `port`; what it was asked, header lines included."""
    heard: list[str] = []

    class Stranger(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(f"{self.path} {self.headers}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", port), Stranger) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield heard
        listener.shutdown()


def test_second_up_finds_the_running_one(label_studio: server.Server, root: Path) -> None:
    again = server.up(root)
    assert again == label_studio == server.running(root)  # the same process, so none was started
    assert label_studio.key not in repr(label_studio)


def test_it_is_private(label_studio: server.Server, root: Path) -> None:
    folder = root / "label-studio"
    assert mode(folder) == 0o700
    assert mode(folder / "login.json") == mode(root / "keys.json") == mode(folder / "data" / ".env") == 0o600
    assert settings.label_studio_key(root, server.OWN) == label_studio.key
    listening = psutil.Process(label_studio.mark["pid"]).net_connections("tcp")
    assert {socket.laddr.ip for socket in listening} == {"127.0.0.1"}
    assert server.files_folder(root).parent == root


def test_it_is_told_to_be_silent_and_sees_little_of_the_users_environment(label_studio: server.Server) -> None:
    seen = psutil.Process(label_studio.mark["pid"]).environ()
    assert settings.SILENT.items() <= seen.items()
    assert set(seen) <= {*settings.SILENT, *template.OPTIONS, *template.PASSED_ON, *inside.SETTINGS} | {
        "LABEL_STUDIO_BASE_DATA_DIR",
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT",
        "XDG_CONFIG_HOME",
        "LC_CTYPE",
    }
    assert label_studio.key not in str(seen)


def test_a_person_signs_in_with_the_login(label_studio: server.Server, root: Path) -> None:
    email, password = server.login(root)
    with httpx.Client(base_url=label_studio.url, timeout=60, trust_env=False) as browser:
        browser.get("/user/login/")
        form = {"email": email, "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        assert browser.post("/user/login/", data=form).status_code == 302
        assert browser.get("/api/current-user/whoami").json()["email"] == email


def test_others_come_in_by_invitation_only(label_studio: server.Server, client: Callable[..., httpx.Response]) -> None:
    key = add_annotator(label_studio, "anna@lsal.local")
    headers = {"Authorization": f"Token {key}"}
    assert (
        httpx.get(label_studio.url + "/api/current-user/whoami", headers=headers, timeout=60).json()["email"]
        == "anna@lsal.local"
    )
    with httpx.Client(base_url=label_studio.url, timeout=60, trust_env=False) as browser:
        browser.get("/user/login/")
        form = {"email": "mallory@lsal.local", "password": "a-long-password"}
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        assert browser.post("/user/signup/", data=form).status_code == 403
    assert "mallory@lsal.local" not in client("GET", "/api/users/").text


def test_backends_on_loopback_may_be_added_others_not(client: Callable[..., httpx.Response]) -> None:
    project = client("POST", "/api/projects/", json={"title": "backends"}).json()["id"]
    there = client("POST", "/api/ml/", json={"project": project, "url": "http://10.1.2.3:9090"})
    here = client("POST", "/api/ml/", json={"project": project, "url": f"http://127.0.0.1:{processes.free_port()}"})
    assert there.status_code == 403
    assert here.status_code == 400  # allowed, though nobody listens there


def start_elsewhere(root: Path) -> subprocess.Popen[str]:
    """`up` in a process of its own, which prints the mark of the server."""
    code = "import sys, pathlib; from lsal.label_studio import server; print(server.up(pathlib.Path(sys.argv[1])).mark)"
    return subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, text=True)


def end_at_once(mark: Mapping[str, Any]) -> None:
    """SIGKILL, and wait until it is gone: until then its port is not free."""
    os.kill(mark["pid"], signal.SIGKILL)
    while psutil.pid_exists(mark["pid"]):
        processes.alive(mark)  # buries it
        time.sleep(0.01)


def test_killed_while_it_makes_its_user_it_has_one_at_the_next_start(own_root: Path) -> None:
    told, data = own_root / "label-studio" / "server.json", own_root / "label-studio" / "data"
    last = None  # what the one before told still lies there until the next is on its way
    for wait in (0.0, 0.4, 0.8, 1.2):
        with start_elsewhere(own_root) as starter:
            while not (data / ".env").exists() or read_json(told, {}).get("mark", last) == last:
                assert starter.poll() is None
                time.sleep(0.01)
            last = read_json(told)["mark"]
            time.sleep(wait)
            starter.kill()
        end_at_once(last)
    server.up(own_root)
    assert not (data / inside.NEW).exists()
    server.down(own_root)
    (data / inside.NEW).touch()  # as if it had ended just before this was taken away
    found = server.up(own_root)
    assert ask(found, "GET", "/api/current-user/whoami").json()["email"] == server.login(own_root)[0]
    with closing(sqlite3.connect(data / template.DATABASE)) as database:
        for table in ("htx_user", "authtoken_token", "organization", "organizations_organizationmember"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)


def test_killed_at_any_time_and_beside_a_stranger_it_keeps_peoples_work(own_root: Path) -> None:
    told = own_root / "label-studio" / "server.json"
    with start_elsewhere(own_root) as starter:
        while not told.exists():
            assert starter.poll() is None
            time.sleep(0.01)
        starter.kill()
    first = server.up(own_root)
    assert first.mark == read_json(told)["mark"]
    assert not (own_root / "label-studio" / "log.previous.txt").exists()  # the killed one's server was found

    project = ask(first, "POST", "/api/projects/", json={"title": "people's work"}).json()["id"]
    end_at_once(first.mark)
    assert server.running(own_root) is None

    with stranger(port_of(first)) as heard:
        with pytest.raises(BadRequest, match="taken"):
            server.up(own_root, port=port_of(first))
        began = time.monotonic()
        second = server.up(own_root)
        assert time.monotonic() - began < server.START_S - 30, "it waited for the stranger"
        assert second.url != first.url
        assert second.key == first.key
        assert ask(second, "GET", f"/api/projects/{project}").json()["title"] == "people's work"
        assert first.key not in str(heard)

    assert server.down(own_root)
    assert not processes.alive(second.mark)
    assert not (own_root / "label-studio" / "server.json").exists()
    assert server.down(own_root) is False
    assert server.running(own_root) is None


def test_two_ups_at_once_start_one_server(own_root: Path) -> None:
    code = (
        "from lsal.label_studio import server; from lsal.settings import root_folder as r; print(server.up(r()).mark)"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate(timeout=300)[0] for process in both}
    found = server.running(own_root)
    assert found
    assert said == {f"{found.mark}\n"}
    assert not (own_root / "label-studio" / "log.previous.txt").exists()  # each start sets the log aside


def test_one_that_ends_while_starting_shows_its_last_words(own_root: Path) -> None:
    data = own_root / "label-studio" / "data"
    data.mkdir(parents=True)
    (data / template.DATABASE).write_bytes(b"this is no database" * 100)
    write_json(data.parent / "login.json", {"email": server.EMAIL, "password": "x", "key": "0" * 40}, mode=0o600)
    with pytest.raises(Unreachable, match="not a database") as told:
        server.up(own_root)
    assert "log.txt" in told.value.fix
    assert (data / template.DATABASE).read_bytes().startswith(b"this is no database")
    assert not (data.parent / "server.json").exists()


def test_without_the_login_nothing_is_started(own_root: Path) -> None:
    (own_root / "label-studio" / "data").mkdir(parents=True)
    with pytest.raises(LabelStudioError, match=r"login\.json"):
        server.up(own_root)
    assert not (own_root / "label-studio" / "server.json").exists()


def test_a_changed_key_is_named(label_studio: server.Server, root: Path) -> None:
    path = root / "label-studio" / "login.json"
    kept = read_json(path)
    try:
        write_json(path, kept | {"key": "0" * 40}, mode=0o600)
        with pytest.raises(Refused, match="no longer accepts") as told:
            server.up(root)
        assert "/user/account" in told.value.fix
    finally:
        write_json(path, kept, mode=0o600)


def test_the_template_holds_nobody_and_the_copy_writes_ahead(label_studio: server.Server) -> None:
    folder = template.ensure(install.ensure())
    assert [path.name for path in folder.iterdir()] == [template.DATABASE]
    with closing(sqlite3.connect(folder / template.DATABASE)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        filled = {name for name in tables if database.execute(f'SELECT 1 FROM "{name}"').fetchone()}
    of_the_schema = {"django_migrations", "django_content_type", "auth_permission", "core_asyncmigrationstatus"}
    assert filled - {"sqlite_sequence"} == of_the_schema
    with closing(sqlite3.connect(label_studio.folder / template.DATABASE)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_whole_environment_without_a_marker_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = install.ensure().parent
    folder = tmp_path / real.name
    folder.mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (folder / part).symlink_to(real / part)
    monkeypatch.setenv("LSAL_CACHE", str(tmp_path))
    said: list[str] = []
    assert install.ensure(said.append) == folder / "bin"
    assert (folder / install.MARKER).exists()
    assert said == []


def test_a_failing_pip_is_shown_and_half_an_environment_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSAL_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    said: list[str] = []
    with pytest.raises(NotInstalled, match="No matching distribution found for label-studio") as told:
        install.ensure(said.append)
    assert "lsal up" in told.value.fix
    assert any("Installing" in line for line in said)
    assert not (tmp_path / f"label-studio-{install.VERSION}" / install.MARKER).exists()
