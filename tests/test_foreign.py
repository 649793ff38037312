"""A Label Studio that is not lsal's: behind https, below a path, slow at imports; and everything that is not one."""

import logging
import re
import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from people import add_annotator
from postgres import Foreign
from projects import answer
from proxies import Client, Proxy, make_certificates, serving

from lsal import cli, publishing
from lsal.errors import BadData, BadRequest, LabelStudioError, LsalError, Refused, Unreachable
from lsal.files import read_json, write_json
from lsal.label_studio import greeting, importing, predictions, queue, trust
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.workbench import Workbench

CONFIG = (
    '<View><Text name="text" value="$text"/><Image name="image" value="$image"/><Choices name="label" toName="text">'
    '<Choice value="animal"/><Choice value="machine"/></Choices></View>'
)
BELOW = "/label-studio"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as open_ones:
        yield open_ones


@pytest.fixture
def https(label_studio: Server, certificates: tuple[Path, Path], stack: ExitStack) -> Proxy:
    """The session's Label Studio behind https and below a path, with a certificate that nobody knows."""
    return started(stack, Proxy(label_studio.url, BELOW, certificates[1]))


@pytest.fixture(scope="module")
def theirs(client: Client) -> int:
    """A project of 24 texts, made by somebody else."""
    return make_project(client)


def started(stack: ExitStack, proxy: Any) -> Any:
    stack.enter_context(serving(proxy))
    return proxy


def make_project(client: Client, count: int = 24, **more: Any) -> int:
    body = {"title": "theirs", "label_config": CONFIG, **more}
    number = client("POST", "/api/projects/", json=body).raise_for_status().json()["id"]
    words = ("cat dog horse", "car truck pump")
    tasks = [{"data": {"text": f"{words[n % 2]} {n}", "image": ""}} for n in range(count)]
    client("POST", f"/api/projects/{number}/import", json=tasks).raise_for_status()
    return int(number)


def two_lines(error: LsalError) -> str:
    """What a person is told, which has to be two lines: the state, and the next step."""
    lines = error._render_traceback_()
    assert len(lines) == 2, lines
    assert not any("\n" in line for line in lines), lines
    return " | ".join(lines)


# Behind https, below a path ---------------------------------------------------------


def test_the_loop_runs_behind_https_and_below_a_path(
    https: Proxy, certificates: tuple[Path, Path], label_studio: Server, client: Client, isolated_root: Path
) -> None:
    number, authority = make_project(client), certificates[0]
    token = client("POST", "/api/token/", json={})
    if token.status_code == 409:  # one is there already, of another test
        listed = client("GET", "/api/token/").json()
        client("POST", "/api/token/blacklist/", json={"refresh": listed[0]["token"]}).raise_for_status()
        token = client("POST", "/api/token/", json={})
    key = token.raise_for_status().json()["token"]
    bench = Workbench(isolated_root).attach(https.url, number, key, authority)
    assert https.told[0] == ""  # what it is was asked without the key
    assert f"POST {BELOW}/api/token/refresh/" in https.asked
    bench.configure(batch=6, refill_below=0.0)
    bench.sync()
    try:
        bench.serve()
        assert bench.rank().wait(240)["exact"]
        for task in publishing.live_publication(bench.home).task_ids:
            text = next(iter(bench.desk.mirror.tasks(ids=[task]))).data["text"]
            bench.desk.project.submit(task, answer(bench, "animal" if text.startswith("cat") else "machine"), 1.0)
        done = bench.round().wait(240)
        opened = next(n for n in bench.desk.mirror.ids() if n not in publishing.live_publication(bench.home).task_ids)
        stored = client("GET", f"/api/tasks/{opened}/").raise_for_status().json()["predictions"]
    finally:
        bench.stop()
    assert (done["exact"], set(done["versions"])) == (True, {"label"})
    assert bench.status().url == f"{https.url}/projects/{number}"
    assert all(row.url.startswith(https.url) for row in bench.queue())
    assert all(BELOW in asked for asked in https.asked)
    assert stored, "Label Studio asked the backend for it"
    bench.detach(now=True)  # with what /predict answered, too
    assert predictions.counts(bench.desk.project) == {}
    assert client("GET", f"/api/projects/{number}").json()["sampling"] == "Sequential sampling"


def test_files_of_tasks_come_through_https_and_the_path(
    https: Proxy,
    certificates: tuple[Path, Path],
    label_studio: Server,
    client: Client,
    theirs: int,
    isolated_root: Path,
) -> None:
    sent = {"FileUpload": ("cat.png", b"\x89PNG meow")}
    client("POST", f"/api/projects/{theirs}/import", params={"commit_to_project": "false"}, files=sent)
    listed = client("GET", f"/api/projects/{theirs}/file-uploads", params={"all": "true"}).raise_for_status().json()
    path = "/data/" + listed[-1]["file"]
    bench = Workbench(isolated_root).attach(https.url, theirs, label_studio.key, certificates[0])
    own, elsewhere = f"{BELOW}{path}", f"http://127.0.0.1:1{BELOW}{path}"
    for address in (path, own, https.url + path, elsewhere):
        assert bench.desk.fetch(address, 1).read_bytes() == b"\x89PNG meow", address
        for kept in bench.home.path("media").iterdir():
            kept.unlink()
    with pytest.raises(BadData):
        bench.desk.fetch("http://127.0.0.1:1/other/cat.png", 1)


def test_a_certificate_that_nobody_knows_is_refused_and_then_remembered(
    https: Proxy,
    certificates: tuple[Path, Path],
    label_studio: Server,
    theirs: int,
    isolated_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = tmp_path / "given.pem"
    authority.write_bytes(certificates[0].read_bytes())
    with pytest.raises(Unreachable) as caught:
        Workbench(isolated_root).attach(https.url, theirs, label_studio.key)
    assert "is not trusted" in two_lines(caught.value)
    assert "--ca FILE" in caught.value.fix
    assert not https.asked  # no key went to it either
    for wrong in (tmp_path / "none.pem", certificates[1].with_suffix(".csr")):
        with pytest.raises(BadRequest, match="certificate"):
            Workbench(isolated_root).attach(https.url, theirs, label_studio.key, wrong)
    Workbench(isolated_root).attach(https.url, theirs, label_studio.key, authority)
    authority.unlink()
    assert Workbench(isolated_root).sync().read == 24
    with pytest.raises(Unreachable) as caught:  # the certificate is for the number, not for the name
        Workbench(isolated_root / "b").attach(https.named("localhost"), theirs, label_studio.key, certificates[0])
    assert "Use the name" in two_lines(caught.value)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[0]))
    assert Workbench(isolated_root / "c").attach(https.url, theirs, label_studio.key).sync().read == 24


# What is not a Label Studio, or not at that address ------------------------------------


class Page(BaseHTTPRequestHandler):
    """Some other web server."""

    def do_GET(self) -> None:
        self.server.told.append(self.headers.get("Authorization"))  # type: ignore[attr-defined]
        moved = self.path.startswith("/moved")
        self.send_response(302 if moved else 200)
        self.send_header("Location", "https://elsewhere.example/login") if moved else None
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>\n<title>Our\nwiki</title></html>")

    def log_message(self, *_: object) -> None: ...


def refused(root: Path, url: str, number: int, key: str) -> str:
    with pytest.raises(LsalError) as caught:
        Workbench(root).attach(url, number, key)
    assert not (root / "keys.json").exists()
    assert key not in str(caught.value)
    return two_lines(caught.value)


def test_every_wrong_address_says_what_it_is(
    https: Proxy, label_studio: Server, theirs: int, isolated_root: Path, stack: ExitStack
) -> None:
    page = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    page.told = []  # type: ignore[attr-defined]
    stack.enter_context(serving(page))
    below = started(stack, Proxy(label_studio.url, BELOW))
    wiki, port, key = f"http://127.0.0.1:{page.server_port}", label_studio.url.rpartition(":")[2], label_studio.key
    told = {
        wiki: "'Our wiki'",
        f"{wiki}/moved": "sends GET /api/version on to https://elsewhere.example/login (302)",
        f"https://127.0.0.1:{port}": f"does not speak https.*Try http://127.0.0.1:{port}",
        https.url.replace("https", "http"): "does not speak plain http.*Try https://",
        below.url.removesuffix(BELOW): "'Not here'.*sub-path",
        f"{label_studio.url}/wrong": "a web page.*sub-path",
        f"127.0.0.1:{port}": "no address.*http://",
        f"http://me:{key}@127.0.0.1:{port}": "holds a name or a password",
        "http://127.0.0.1:1": "cannot be reached",
    }
    for url, words in told.items():
        assert re.search(words if ".*" in words else re.escape(words), refused(isolated_root, url, theirs, key)), url
    assert page.told == [None, None]  # type: ignore[attr-defined]
    assert (
        Workbench(isolated_root).attach(f"{below.url}/projects/{theirs}/data?tab=3", theirs, key).home.url == below.url
    )


def test_a_key_that_opens_nothing_says_so(
    label_studio: Server, client: Client, theirs: int, isolated_root: Path
) -> None:
    url = label_studio.url
    assert "refused GET" in refused(isolated_root, url, theirs, "0" * 40)
    told = refused(isolated_root, url, 99999999, label_studio.key)
    assert "sees no project 99999999" in told
    assert f"{theirs} (theirs)" in told or "It sees" in told
    gone = add_annotator(label_studio, f"gone-{theirs}@x.local")
    person = client("GET", "/api/current-user/whoami", headers={"Authorization": f"Token {gone}"}).json()["id"]
    client("DELETE", f"/api/organizations/1/memberships/{person}/").raise_for_status()
    assert "belongs to no organization" in refused(isolated_root, url, theirs, gone)


def test_old_versions_are_refused_and_others_named(label_studio: Server) -> None:
    assert greeting.meet(Connection(label_studio.url, "no key")).differs == ""
    with pytest.raises(LabelStudioError) as caught:
        greeting.differs("1.9.2.post0")
    assert "older than" in two_lines(caught.value)
    assert "older" in greeting.differs(".".join(map(str, greeting.FLOOR)) + ".0")
    assert "newer" in greeting.differs("2.0.1")


# Keys ---------------------------------------------------------------------------------


def attach_fails(*words: str) -> bool:
    try:
        return cli.main(["attach", *words]) == 1
    except SystemExit as end:
        return end.code == 2


def test_a_key_is_typed_unseen_or_read_from_a_file_and_never_stands_on_the_line(
    label_studio: Server,
    theirs: int,
    isolated_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    url, number, key = label_studio.url, str(theirs), label_studio.key
    for words in ([url, number, key], [url, number, "--key", key], [url, number, "--key-file", key], [url, key]):
        assert attach_fails(*words)
        said = capsys.readouterr()
        assert key not in said.out + said.err, words
    asked: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or f" {key}\n")
    assert cli.main(["attach", url, number, "--ask"]) == 0
    assert len(asked) == 1
    assert url in asked[0]
    kept = isolated_root / "keys.json"
    assert (list(read_json(kept).values()), kept.stat().st_mode & 0o777) == ([key], 0o600)
    file = tmp_path / "key.txt"
    file.write_text(f"{key}\n")
    file.chmod(0o644)
    kept.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert cli.main(["attach", url, number, "--key-file", str(file)]) == 0
    assert [str(file) in caplog.text, str(kept) in caplog.text] == [True, True]
    assert (kept.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o600, 0o644)
    assert key not in caplog.text + capsys.readouterr().out
    file.write_text("two words")
    assert cli.main(["attach", url, number, "--key-file", str(file)]) == 1


def test_a_key_comes_from_the_environment_or_a_keyring(
    label_studio: Server, theirs: int, isolated_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match="There is no key"):
        Workbench(isolated_root).attach(label_studio.url, theirs)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio.key)
    assert Workbench(isolated_root).attach(label_studio.url, theirs).sync().read
    monkeypatch.delenv("LABEL_STUDIO_API_KEY")
    ring = "class errors:\n  class KeyringError(Exception): ...\n"
    ring += f"def get_password(service, name):\n  return {{('lsal', {label_studio.url!r}): {label_studio.key!r}}}"
    monkeypatch.setitem(sys.modules, "keyring", None)  # so that afterwards it is as now
    monkeypatch.delitem(sys.modules, "keyring")
    (tmp_path / "keyring.py").write_text(f"{ring}.get((service, name))\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert Workbench(isolated_root).attach(label_studio.url, theirs).sync().read >= 0
    assert not (isolated_root / "keys.json").exists()


def test_a_server_that_has_two_names_on_this_machine_has_one_home(
    label_studio: Server, theirs: int, isolated_root: Path
) -> None:
    first = Workbench(isolated_root).attach(label_studio.url, theirs, label_studio.key)
    other = label_studio.url.replace("127.0.0.1", "localhost")
    assert Workbench(isolated_root).attach(other, theirs, label_studio.key).home.folder == first.home.folder


# Importing ------------------------------------------------------------------------------


def test_the_cheaper_route_is_taken() -> None:
    route, measured = importing.route, {"imports": {"bulk": {"rows": 25, "tasks": 100_000, "seconds": 11.0}}}
    assert route(25, 1000, True, {}) == "bulk"
    assert route(25, 100_000, False, {}) == "bulk"
    assert route(25, 100_000, True, {}) == "single"
    assert route(25, 100_000, None, {}) == "single"
    assert route(5000, 100_000, True, {}) == "bulk"
    assert route(200, 100_000, True, measured) == "bulk"
    assert route(25, 100_000, True, measured) == "single"
    slow = {"imports": {**measured["imports"], "single": {"rows": 25, "tasks": 100_000, "seconds": 25.0}}}
    assert route(25, 100_000, True, slow) == "bulk"


def test_a_server_tells_whether_it_recounts(
    label_studio: Server, client: Client, theirs: int, on_postgres: Foreign
) -> None:
    assert importing.recounts_all(Project(Connection(label_studio.url, label_studio.key), theirs)) is False
    stock = Project.create(Connection(on_postgres.url, on_postgres.key), "recounting", CONFIG)
    assert importing.recounts_all(stock) is True
    assert Project(stock.connection, stock.number).read()["total_predictions_number"] == 0


def test_both_routes_store_the_same(on_postgres: Foreign, isolated_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(on_postgres.url, on_postgres.key)
    number = Project.create(connection, "two routes", CONFIG).number
    Project(connection, number).add_tasks([{"text": f"cat {n}", "image": ""} for n in range(12)])
    bench = Workbench(isolated_root).attach(on_postgres.url, number, on_postgres.key)
    bench.sync()
    bench.configure(batch=5)
    assert bench.rank().wait(240)["exact"]
    assert read_json(bench.home.path("server.json"))["route"] == "bulk"
    monkeypatch.setattr(importing, "SMALL", 0)
    notes, name = bench.home.path("server.json"), "lsal-queue-start-00000000"
    monkeypatch.setattr(importing, "PER_TASK_S", 1.0)
    ranking = publishing.live_ranking(bench.home)
    assert ranking
    write_json(notes, {**read_json(notes), "imports": {}})
    queue.write(bench.desk.project, name, ranking.entries, notes)  # reads back what the server holds
    told = read_json(notes)
    assert (told["route"], told["recounts"], told["imports"]["single"]["rows"]) == ("single", True, 5)
    write_json(notes, {**told, "imports": {"single": {**told["imports"]["single"], "seconds": 9.0}}})
    assert importing.FLAG in " ".join(bench.status().warnings)


def test_predictions_that_label_studio_drops_are_an_error(on_postgres: Foreign) -> None:
    project = Project.create(Connection(on_postgres.url, on_postgres.key), "dropping", CONFIG)
    [task] = project.add_tasks([{"text": "cat", "image": ""}])
    wrong = [{"from_name": "none", "to_name": "text", "type": "choices", "value": {"choices": ["animal"]}}]
    with pytest.raises(LabelStudioError, match="dropped 1 of 1"):
        importing.add(project, [{"task": task, "model_version": "x", "score": 0.0, "result": wrong}])


def test_the_context_of_certificates_is_the_usual_one_and_more(certificates: tuple[Path, Path]) -> None:
    usual, more = trust.context(), trust.context(certificates[0])
    assert usual.verify_mode is ssl.CERT_REQUIRED
    assert usual.check_hostname
    assert len(more.get_ca_certs()) == len(usual.get_ca_certs()) + 1
