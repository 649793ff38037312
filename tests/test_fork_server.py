"""Jobs begin as copies of a process that has imported everything: the same jobs, once each, whatever happens to it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from projects import demo_of_texts
from served import wait_until

from lsal import fork_server, processes
from lsal.backend.forking import ForkServer
from lsal.files import read_json, write_json, write_whole
from lsal.settings import child_environment

PATHS = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
Start = Callable[..., dict[str, Any] | None]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere a copy may not be one of a process with libraries"
)


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root whose path is longer than the name of a socket can be."""
    return deep_root(tmp_path_factory.mktemp("deep"))


@pytest.fixture(scope="module")
def served(deep: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A fork server, as the backend starts it, that knows the tests' job."""
    with serving(deep) as running:
        yield running


def deep_root(folder: Path) -> Path:
    deep = folder / ("deep" * 20) / ("down" * 20)
    deep.mkdir(parents=True)
    return deep


@contextmanager
def serving(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", PATHS)
        with ForkServer(root)._process() as running:
            wait_until(lambda: (root / "fork_server.json").exists(), 120)
            yield running
            running.stdin.close()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine an answer takes longer than a person should wait for it."""
    monkeypatch.setattr(fork_server, "ANSWER_S", 60.0)


@pytest.fixture
def start(deep: Path) -> Start:
    """Have a job run: `start("name", nice=3, WORD="hello")`; who runs it, None if nobody took it."""

    def start(name: str, nice: int = 0, **more: str) -> dict[str, Any] | None:
        (deep / name).mkdir(exist_ok=True)
        given = environment() | more
        return fork_server.run(deep, "told_job", deep / name, deep / name / "log.txt", given, nice)

    return start


def environment() -> dict[str, str]:
    return child_environment(OMP_NUM_THREADS="2", PYTHONPATH=PATHS)


def told(folder: Path) -> list[dict[str, Any]]:
    """What each run of a job told of itself."""
    return [json.loads(path.read_text()) for path in folder.glob("told-*.json")]


def ended(marked: Mapping[str, Any] | None) -> bool:
    return not processes.alive(marked)


def test_a_copy_is_as_a_process_of_its_own(
    served: Any, start: Start, deep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIVEN", "after the server began")
    monkeypatch.chdir(deep)
    marked = start("one", nice=3, WORD="hello")
    assert marked
    wait_until(lambda: ended(marked), 60)
    [job] = told(deep / "one")
    assert job["pid"] == job["session"] == marked["pid"] != served.pid
    assert (job["nice"], job["cwd"], job["arguments"]) == (3, str(deep), [str(deep / "one")])
    assert (job["word"], job["given"], job["name"]) == ("hello", "after the server began", "__main__")
    assert job["threads"]
    assert set(job["threads"]) == {2}
    assert job["sockets"] == []
    assert (deep / "one" / "log.txt").read_text() == "it says hello\n"


def test_one_after_the_other_and_at_once(served: Any, start: Start, deep: Path) -> None:
    (deep / "long").mkdir()
    (deep / "long" / "wait").touch()
    first, second = start("long", WORD="first"), start("short", WORD="second")
    wait_until(lambda: ended(second), 60)
    assert not ended(first)
    (deep / "long" / "wait").unlink()
    wait_until(lambda: ended(first), 60)
    assert [job["word"] for name in ("long", "short") for job in told(deep / name)] == ["first", "second"]
    # Nobody collects them: a zombie would be there for as long as the server is.
    assert psutil.Process(served.pid).children() == []


def test_only_its_owner_can_ask(served: Any, deep: Path) -> None:
    for name in ("fork_server.sock", "fork_server.json"):
        assert (deep / name).stat().st_mode & 0o077 == 0


def test_one_that_is_stopped_does_not_run_a_job_that_began_elsewhere(
    served: Any, start: Start, deep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(fork_server, "ANSWER_S", 0.3)
        served.send_signal(signal.SIGSTOP)
        assert start("stopped") is None
    served.send_signal(signal.SIGCONT)
    marked = start("next")  # so that the first one's question was looked at
    wait_until(lambda: ended(marked), 60)
    assert marked
    assert len(told(deep / "next")) == 1
    assert told(deep / "stopped") == []


@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_when_it_is_gone_a_job_begins_by_itself(tmp_path: Path, how: str) -> None:
    with serving(tmp_path) as server:
        assert fork_server.run(tmp_path, "told_job", tmp_path, tmp_path / "log.txt", environment(), 0)
        server.stdin.close() if how == "ends" else server.kill()
        server.wait(60)
        assert fork_server.run(tmp_path, "told_job", tmp_path, tmp_path / "log.txt", environment(), 0) is None


@pytest.mark.parametrize("kept", [b'{"pid":', b"[]", b'{"pid": "x", "started": 1}', None])
def test_where_nobody_can_be_found_a_job_begins_by_itself(
    served: Any, start: Start, deep: Path, kept: bytes | None
) -> None:
    facts = deep / "fork_server.json"
    before = facts.read_bytes()
    facts.unlink() if kept is None else facts.write_bytes(kept)
    try:
        assert start("alone") is None
    finally:
        write_whole(facts, before, 0o600)


def test_where_nobody_listens_a_job_begins_by_itself(tmp_path: Path) -> None:
    write_json(tmp_path / "fork_server.json", processes.mark() | {"of": fork_server.made_of(environment())})
    assert fork_server.run(tmp_path, "told_job", tmp_path, tmp_path / "log.txt", environment(), 0) is None


@pytest.mark.parametrize("what", ["code", "PYTHONHASHSEED", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES"])
def test_one_of_other_code_or_another_environment_is_not_asked(
    served: Any, start: Start, deep: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if what == "code":
        own = Path(fork_server.__file__)
        with monkeypatch.context() as patch:
            patch.setattr(fork_server, "__file__", str(deep / "lsal" / own.name))
            (deep / "lsal").mkdir()
            (deep / "lsal" / own.name).write_text("# another one\n")
            assert start("other") is None
    else:
        assert start("other", **{what: "7"}) is None
    assert start("same")


def test_it_ends_with_who_started_it_and_its_jobs_go_on(tmp_path: Path) -> None:
    deep = deep_root(tmp_path)
    script = "import sys, time; from pathlib import Path; from lsal.backend.forking import ForkServer\n"
    script += "ForkServer(Path(sys.argv[1])).start(); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", script, str(deep)], env=environment()) as backend:
        wait_until(lambda: (deep / "fork_server.json").exists(), 120)
        server = read_json(deep / "fork_server.json")
        (deep / "job").mkdir()
        (deep / "job" / "wait").touch()
        job = fork_server.run(deep, "told_job", deep / "job", deep / "log.txt", environment(), 0)
        backend.kill()
    wait_until(lambda: ended(server), 60)
    assert job
    assert not ended(job)
    (deep / "job" / "wait").unlink()
    wait_until(lambda: ended(job), 60)


def test_a_job_that_may_have_begun_is_not_begun_elsewhere(tmp_path: Path) -> None:
    line = fork_server.listen(tmp_path, fork_server.made_of(os.environ))

    def end_at_the_copy() -> None:
        with line.accept()[0] as one:
            one.recv(fork_server.LARGEST)
            one.send(fork_server.READY)
            one.recv(8)

    with line:
        ending = threading.Thread(target=end_at_the_copy)
        ending.start()
        marked = fork_server.run(tmp_path, "told_job", tmp_path, tmp_path / "log.txt", os.environ, 0)
        ending.join(60)
    assert marked is not None
    assert "pid" not in marked


def test_with_a_second_thread_it_copies_nothing(tmp_path: Path) -> None:
    from lsal.worker.fork_server import _asked

    line = fork_server.listen(tmp_path, fork_server.made_of(os.environ))
    answers: list[Any] = []
    ask = threading.Thread(
        target=lambda: answers.append(
            fork_server.run(tmp_path, "told_job", tmp_path, tmp_path / "log.txt", os.environ, 0)
        )
    )
    with line:
        ask.start()  # which is the second thread
        assert _asked(line) is None
        ask.join(60)
    assert answers == [None]


def test_a_round_beside_the_backend_is_a_copy_that_has_what_its_versions_need(tmp_path: Path) -> None:
    root = tmp_path / "root"  # its own: in the session's there are versions of other projects
    bench = demo_of_texts(root, tmp_path)
    bench.serve()
    wait_until(lambda: processes.alive(read_json(root / "fork_server.json")), 120)
    server = read_json(root / "fork_server.json")
    assert not imported(server, "sklearn")  # nothing has shown yet that it is of use
    bench.rank().wait()
    bench.label(6)
    bench.round().wait()
    wait_until(lambda: imported(server, "sklearn"), 120)
    bench.label(6)
    job = bench.round()
    with suppress(psutil.NoSuchProcess):  # a round of a few texts may be over
        assert psutil.Process(read_json(job.folder / "process.json")["pid"]).ppid() == server["pid"]
    assert job.wait()["exact"]
    assert (job.folder / "log.txt").exists()
    bench.down()
    wait_until(lambda: ended(server), 60)


def imported(server: Mapping[str, Any], package: str) -> bool:
    """Whether a process has mapped a library of this package."""
    return f"/{package}/" in Path(f"/proc/{server['pid']}/maps").read_text()
