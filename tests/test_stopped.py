"""A process that a signal stopped does nothing and says nothing: the status does, and waits for nobody."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from projects import demo_of_texts
from served import wait_until

from lsal import processes
from lsal.commands import sight
from lsal.files import read_json
from lsal.label_studio.server import Server
from lsal.workbench import Workbench


@pytest.fixture(scope="module")
def bench(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A project with labels, a backend beside it."""
    bench = demo_of_texts(root, tmp_path_factory.mktemp("texts"))
    bench.serve()
    bench.rank().wait()
    bench.label(6)
    yield bench
    bench.stop()


@contextmanager
def stopped(pid: int) -> Iterator[str]:
    """Meanwhile a process is stopped; how its number is told."""
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)  # when it next runs
        yield f"(process {pid}) was stopped by a signal and waits. Let it go on: kill -CONT {pid}"
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_label_studio_that_is_stopped_is_named_and_not_waited_for(
    bench: Workbench, label_studio: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, stopped(label_studio.mark["pid"]) as told:
        patch.setattr(sight, "GLANCE_S", 1.0)
        begun = time.monotonic()
        status = sight.at_a_glance(bench)
        assert time.monotonic() - begun < 30
    assert f"Label Studio {told}" in status.warnings
    assert "in time" in status.not_read
    monkeypatch.setattr(sight, "GLANCE_S", 60.0)
    status = sight.at_a_glance(bench)
    assert not [one for one in status.warnings if "stopped" in one]
    assert status.not_read == ""


def test_a_backend_that_is_stopped_is_named(bench: Workbench) -> None:
    with stopped(read_json(bench.root / "backend.json")["pid"]) as told:
        assert f"The ML backend {told}" in bench.status().warnings
    assert not [one for one in bench.status().warnings if "stopped" in one]


def test_a_round_that_is_stopped_is_named_and_goes_on(bench: Workbench) -> None:
    job = bench.round()
    wait_until(lambda: "pid" in job.process, 60)
    with stopped(job.process["pid"]) as told:
        assert f"The round {told}" in bench.status().warnings
        assert job.state().state == "running"
    assert job.wait()["exact"]


def test_what_does_not_run_is_not_stopped() -> None:
    assert not processes.stopped(None)
    assert not processes.stopped({})
    assert not processes.stopped({"started": time.time()})
    assert not processes.stopped({"pid": 1 << 30, "started": 1.0})
    assert not processes.stopped(processes.mark())
