"""Processes that are ended with their own, and leave alone what was sent off."""

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from lsal import processes
from lsal.files import read_json
from lsal.settings import child_environment

PARENT = """
import pathlib, subprocess, sys, time
from lsal import processes
from lsal.files import write_json
from lsal.settings import child_environment

folder = pathlib.Path(sys.argv[1])
sleep = [sys.executable, "-c", "import time; time.sleep(120)"]
inside = f"import subprocess; p = subprocess.Popen({sleep!r}); print(p.pid, flush=True); p.wait()"
inner = [sys.executable, "-c", inside]
child = subprocess.Popen(inner, stdout=subprocess.PIPE, text=True)
grandchild = int(child.stdout.readline())
marks = {"child": processes.mark(child.pid), "grandchild": processes.mark(grandchild)}
marks["detached"] = processes.spawn(sleep, folder / "detached.txt", child_environment())
write_json(folder / "marks.json", marks)
time.sleep(120)
"""


SLEEP = ["sleep", "300"]
BUSY = """
import sys, threading, time
import numpy
from filelock import FileLock

def spin():
    matrix = numpy.ones((400, 400))
    while True:
        matrix @ matrix

with FileLock(sys.argv[1]):
    for _ in range(8):
        threading.Thread(target=spin, daemon=True).start()
    weights = b"1" * 300_000_000
    print("up", flush=True)
    time.sleep(300)
"""


@pytest.fixture
def family(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A process with a child, a grandchild, and a process that it spawned detached; their marks."""
    parent = processes.spawn([sys.executable, "-c", PARENT, str(tmp_path)], tmp_path / "log.txt", child_environment())
    until = time.monotonic() + 60
    while not (marks := read_json(tmp_path / "marks.json")):
        assert processes.alive(parent), processes.end_of(tmp_path / "log.txt")
        assert time.monotonic() < until
        time.sleep(0.02)
    yield {"parent": parent, **marks}
    for mark in [parent, *marks.values()]:
        if processes.alive(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(mark["pid"], signal.SIGKILL)


def test_a_process_ends_with_its_children_but_not_with_what_it_detached(family: dict[str, Any]) -> None:
    assert all(map(processes.alive, family.values()))
    assert processes.stop(family["parent"])
    assert [name for name, mark in family.items() if processes.alive(mark)] == ["detached"]
    assert not processes.stop(family["parent"])
    assert processes.stop(family["detached"])
    assert not processes.alive(family["detached"])


def test_a_process_that_does_not_listen_is_forced(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(300)"
    )
    mark = processes.spawn([sys.executable, "-c", deaf], tmp_path / "log.txt", child_environment())
    while "up" not in processes.end_of(tmp_path / "log.txt"):
        assert processes.alive(mark)
        time.sleep(0.02)
    assert processes.stop(mark, wait_s=0.2)
    assert not processes.alive(mark)


@pytest.mark.parametrize("repeat", range(3))
def test_a_killed_process_runs_until_its_locks_are_free(tmp_path: Path, repeat: int) -> None:
    command = [sys.executable, "-c", BUSY, str(tmp_path / "lock")]
    mark = processes.spawn(command, tmp_path / "log.txt", child_environment())
    while "up" not in processes.end_of(tmp_path / "log.txt"):
        assert processes.alive(mark)
        time.sleep(0.02)
    os.kill(mark["pid"], signal.SIGKILL)
    until = time.monotonic() + 120
    while processes.alive(mark):
        assert time.monotonic() < until
    with FileLock(tmp_path / "lock", timeout=0):
        assert not processes.alive(mark)


def test_what_was_forced_has_let_go_of_its_locks(tmp_path: Path) -> None:
    """However short it was asked for: of a large process on a busy machine the end takes its time."""
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{BUSY}"
    mark = processes.spawn(
        [sys.executable, "-c", deaf, str(tmp_path / "lock")], tmp_path / "log.txt", child_environment()
    )
    while "up" not in processes.end_of(tmp_path / "log.txt"):
        assert processes.alive(mark)
        time.sleep(0.02)
    assert processes.stop(mark, wait_s=0.001)
    with FileLock(tmp_path / "lock", timeout=0):
        assert not processes.alive(mark)


def test_one_that_nobody_collects_is_not_waited_for(tmp_path: Path) -> None:
    code = f"import subprocess, time; p = subprocess.Popen({SLEEP!r}); print(p.pid, flush=True); time.sleep(300)"
    parent = processes.spawn([sys.executable, "-c", code], tmp_path / "log.txt", child_environment())
    try:
        while not (told := processes.end_of(tmp_path / "log.txt")):
            assert processes.alive(parent)
            time.sleep(0.02)
        begun = time.monotonic()
        assert processes.stop(processes.mark(int(told)), wait_s=100.0)
        assert time.monotonic() - begun < 100
    finally:
        processes.stop(parent)


def test_a_pid_that_was_used_again_is_not_ended(family: dict[str, Any]) -> None:
    assert not processes.stop(family["parent"] | {"started": family["parent"]["started"] - 100})
    assert processes.alive(family["parent"])


def test_what_never_ran_is_not_ended() -> None:
    assert not processes.stop(None)
    assert not processes.stop({})


def test_a_free_port_is_none_that_systems_give_away() -> None:
    """They would give it to a connection before the process that it is for has come to bind it."""
    ports = processes.free_ports(50)
    assert len(set(ports)) == 50
    assert all(20_000 <= port < 32_000 for port in ports)
    with socket.create_server(("127.0.0.1", ports[0])):
        assert processes.free_port(ports[0]) not in (ports[0], 0)
    assert processes.free_port(ports[0]) == ports[0]
