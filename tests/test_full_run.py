"""A whole run through the shell's door, then a look at everything: where its keys are, and who listens where."""

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from projects import demo_of_texts

from lsal import cli, processes
from lsal.files import read_json
from lsal.keys import kind
from lsal.label_studio import server as server_module
from lsal.label_studio.connection import Connection
from lsal.label_studio.server import Server
from lsal.settings import child_environment, keep_key, root_secret
from lsal.workbench import Workbench

ENVIRONMENT = "e0e1e2e3e4e5e6e7e8e9eaebecedeeef01234567"
WRONG = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff01234567"
LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
HOMES = ("keys.json", "secret.json", "login.json", "mlflow.json")
"""Files of lsal's own whose task it is to keep one; all of them 0600."""


@dataclass
class Ran:
    """What a run left: its outputs, the secrets it worked with, and what was seen of processes meanwhile."""

    bench: Workbench
    folder: Path
    secrets: dict[str, str]
    said: str = ""
    lines: set[str] = field(default_factory=set)
    listening: dict[tuple[str, int], str] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)


def ours(root: Path) -> list[psutil.Process]:
    """This process's, and those that work for the root."""
    found = {process.pid: process for process in psutil.Process().children(recursive=True)}
    for mark in (root / "backend.json", root / "label-studio" / "server.json"):
        kept = read_json(mark, {})
        if processes.alive(kept.get("mark", kept)):
            process = psutil.Process(int(kept.get("mark", kept)["pid"]))
            found |= {one.pid: one for one in [process, *process.children(recursive=True)]}
    return list(found.values())


def look(ran: Ran) -> None:
    """Note the command lines of all processes there are, and the sockets of ours."""
    for process in psutil.process_iter():
        try:
            ran.lines.add(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    for process in ours(ran.bench.root):
        try:
            for one in process.net_connections("inet"):
                if one.status == psutil.CONN_LISTEN or (one.type.name == "SOCK_DGRAM" and not one.raddr):
                    ran.listening[one.laddr.ip, one.laddr.port] = " ".join(process.cmdline())
        except psutil.Error:
            continue


def say(ran: Ran, capsys: pytest.CaptureFixture[str], *line: str) -> int:
    """A line in the shell; what it says is noted."""
    status = cli.main([*line, "--project", ran.bench.home.slug] if line[0] != "up" else list(line))
    out, err = capsys.readouterr()
    ran.said += out + err
    ran.statuses[" ".join(line)] = status
    return status


@pytest.fixture(scope="module")
def ran(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("run")
    bench = demo_of_texts(root, folder, count=40, batch=8)
    bench.configure(worker_nice=0)  # a busy machine would keep the run waiting
    _, password = server_module.login(root)
    keys = {"key": label_studio.key, "password": password, "environment's key": ENVIRONMENT, "wrong key": WRONG}
    return Ran(bench, folder, {**keys, "secret": root_secret(root)})


@pytest.fixture(scope="module")
def logged() -> Iterator[list[str]]:
    """All that this process logs, at every level, as a file would have it."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler, above = Keep(), logging.getLogger()
    before = above.level
    above.addHandler(handler)
    above.setLevel(logging.DEBUG)
    yield lines
    above.setLevel(before)
    above.removeHandler(handler)


def test_a_full_run(
    ran: Ran, logged: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a test of the round itself, but all that follows looks at what it left."""
    monkeypatch.setenv("LSAL_ROOT", str(ran.bench.root))
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", ENVIRONMENT)
    monkeypatch.setattr("lsal.worker.tracking.NICE", 0)
    monkeypatch.chdir(ran.folder)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(1.0):
            look(ran)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        for line in ("up", "serve", "rank", "label", "round", "stop", "set tracking=mlflow", "track", "serve"):
            assert say(ran, capsys, *line.split()) == 0, ran.said
        for line in ("status", "queue", "versions", "rounds", "jobs", "set", "verify", "doctor", "export --out a.json"):
            say(ran, capsys, *line.split())
        say(ran, capsys, "export", "predictions", "--out", "p.csv", "--json")
        failures(ran, capsys)
        look(ran)
    finally:
        over.set()
        watching.join()
    ran.said += "\n".join(logged)


def failures(ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
    """What goes wrong, and is told: a key that is refused, a server that is gone, an error that nobody foresaw."""
    bench, key = ran.bench, ran.secrets["key"]
    assert kind(key) == "legacy token"
    keep_key(bench.root, server_module.OWN, WRONG)
    try:
        for line in ("round", "status", "doctor", "verify", "sync"):
            say(ran, capsys, *line.split())
    finally:
        keep_key(bench.root, server_module.OWN, key)
    assert ran.statuses["sync"] == 1
    assert say(ran, capsys, "compare", "98", "99") == 1
    ran.said += repr(bench.desk.connection) + repr(bench) + repr(bench.desk.media) + repr(Connection("http://x", key))
    code = (
        "from lsal.workbench import Workbench\n"
        f"bench = Workbench({str(bench.root)!r}, project={bench.home.slug!r})\n"
        "bench.desk.connection.get('/api/projects/', broken=object())\n"
        "bench.desk.connection.post('/api/projects/', object())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=child_environment())
    assert "Traceback" in done.stderr
    ran.said += done.stdout + done.stderr


def test_no_key_is_in_what_was_said_or_logged(ran: Ran) -> None:
    assert len(ran.said) > 3000
    lines = ran.said.splitlines()
    assert [(name, line) for name, secret in ran.secrets.items() for line in lines if secret in line] == []


def test_no_key_is_on_a_command_line(ran: Ran) -> None:
    assert any("lsal.worker" in line for line in ran.lines)
    assert any("lsal.backend" in line for line in ran.lines)
    assert [(name, line) for name, secret in ran.secrets.items() for line in ran.lines if secret in line] == []


def test_no_key_is_in_a_file_but_its_own(ran: Ran) -> None:
    """Label Studio's own data are Label Studio's: it holds its key, and the address of the backend."""
    root, found, read = ran.bench.root, [], 0
    theirs = root / "label-studio" / "data"
    for path in (*root.rglob("*"), *ran.folder.glob("*")):
        if not path.is_file() or path.is_symlink() or path.is_relative_to(theirs) or path.name in HOMES:
            continue
        content, read = path.read_bytes(), read + 1
        found += [(name, str(path)) for name, secret in ran.secrets.items() if secret.encode() in content]
    assert read > 50
    assert list(root.glob("mlflow/**/*.db")), "MLflow's database is among them"
    assert list(root.glob("projects/*/jobs/*/log.txt"))
    assert found == []


def test_files_with_keys_are_for_their_owner(ran: Ran) -> None:
    kept = [path for path in ran.bench.root.rglob("*") if path.name in HOMES]
    assert {path.name for path in kept} >= {"keys.json", "secret.json", "login.json"}
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert ran.bench.root.stat().st_mode & 0o777 == 0o700


def test_everything_listens_on_loopback(ran: Ran) -> None:
    listeners = " ".join(ran.listening.values())
    assert "lsal.backend" in listeners
    assert "label-studio" in listeners
    assert {ip for ip, _ in ran.listening} <= LOOPBACK, ran.listening


def test_label_studio_gets_nothing_of_the_users_environment(ran: Ran) -> None:
    mark = read_json(ran.bench.root / "label-studio" / "server.json")["mark"]
    environment = psutil.Process(mark["pid"]).environ()
    assert not set(ran.secrets.values()) & set(environment.values())


def test_the_look_would_find_what_is_wrong(ran: Ran, tmp_path: Path) -> None:
    """A socket on all addresses, and a key on a command line."""
    code = "import socket, sys, time; s = socket.create_server(('', 0)); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, WRONG], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        bad = Ran(ran.bench, ran.folder, ran.secrets)
        look(bad)
        process.kill()
    assert {ip for ip, _ in bad.listening} - LOOPBACK
    assert any(WRONG in line for line in bad.lines)
