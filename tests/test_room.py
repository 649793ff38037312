"""A disk that is full, or does not let files be written: everything that fails says so, and the status works."""

import errno
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from faults.disks import LIMITED, Disk, lock, unlock
from prepared import add_versions, prepared, publish

from lsal import jobs
from lsal.errors import NotWritten
from lsal.files import write_whole
from lsal.room import not_written
from lsal.workbench import Workbench, backend_process
from lsal.worker.__main__ import main

SEEN = """
import json, resource, sys
from lsal import cli
from lsal.workbench import Workbench, backend_process
if sys.argv[2] == "limited":
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
print(json.dumps(Workbench(sys.argv[1]).status().warnings))
sys.stdout.flush()
sys.exit(cli.main(["round"]))
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path / "disk", tmp_path / "disk.img", 48)
    yield disk
    disk.end()


def _seen(disk: Disk, root: Path) -> tuple[list[str], str]:
    """What another process tells: the warnings of the status, and on stderr why no round can be started."""
    words = [sys.executable, "-c", SEEN, str(root), "limited" if disk.way == LIMITED else ""]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "LSAL_ROOT": str(root)})
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout), done.stderr


def test_a_full_disk_is_told_and_nothing_breaks(disk: Disk) -> None:
    bench = prepared(disk.folder / "root")
    add_versions(bench, [20])
    publish(bench, [30, 31])
    disk.fill(0, [])
    warnings, said = _seen(disk, bench.root)
    assert disk.way == LIMITED or "is full: 0.0 MB are left" in warnings[0]
    assert "Traceback" not in said
    assert said.startswith("NotWritten: The disk of ")
    assert "Next: Make room (lsal clean), then: lsal round" in said
    disk.empty()
    assert Workbench(bench.root).status().tasks == bench.status().tasks


@pytest.mark.parametrize("kilobytes", [9, 16])
def test_where_there_is_no_room_beside_the_mirror_no_process_ends(kilobytes: int, tmp_path: Path) -> None:
    """SQLite maps a file beside it into memory: on small blocks its pages find no room only when they are touched.

    With 9 KB it is the process of the status that would end, with 16 that of the round.
    """
    disk = Disk(tmp_path / "root" / "projects", tmp_path / "disk.img", 16, block=1024)
    try:
        bench = prepared(tmp_path / "root")
        with closing(sqlite3.connect(bench.home.path("mirror.sqlite"))) as alone:
            alone.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for name in ("mirror.sqlite-shm", "mirror.sqlite-wal"):
            bench.home.path(name).unlink(missing_ok=True)
        disk.fill(kilobytes * 1024, [])
        _, said = _seen(disk, bench.root)
        assert "lost" not in said
        assert "\nNext: " in said
        if disk.way != LIMITED:
            assert backend_process.start(bench.root)["pid"], "it answers from what there is"
            assert backend_process.stop(bench.root)
    finally:
        disk.end()


SERVERS = "label-studio/data"


@pytest.mark.parametrize("name", [".", "jobs", "mirror.sqlite", SERVERS])
def test_what_cannot_be_written_is_named(disk: Disk, name: str) -> None:
    bench = prepared(disk.folder / "root")
    path = bench.root / name if name == SERVERS else bench.home.path(name)
    if not path.exists():
        path.mkdir(parents=True)
    lock(path)
    try:
        warnings = Workbench(bench.root).status().warnings
    finally:
        unlock(path)
    assert f"{path} cannot be written" in warnings[0]
    assert not [said for said in Workbench(bench.root).status().warnings if "written" in said]


def test_a_job_says_that_the_disk_was_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = prepared(tmp_path)
    job = jobs.create(bench.home, "round")

    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "versions/0001.tmp")

    monkeypatch.setattr("lsal.worker.acts.run", full)
    assert main(str(job.folder)) == 1
    state = job.state()
    assert "is full: [Errno 28] No space left on device" in state.error
    assert state.fix == "Make room (lsal clean), then: lsal round"


def test_a_half_written_file_is_taken_away(disk: Disk) -> None:
    whole = disk.folder / "whole.json"
    write_whole(whole, b"before")
    if disk.way == LIMITED:
        pytest.fail("this test needs the right to mount a small disk")
    disk.fill(8192, [])
    with pytest.raises(OSError, match="No space left"):
        write_whole(whole, bytes(2**20))
    assert whole.read_bytes() == b"before"
    assert [path.name for path in disk.folder.iterdir() if path.suffix == ".tmp"] == []


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    for error in (ValueError("odd"), FileNotFoundError(errno.ENOENT, "none", "x"), sqlite3.OperationalError("syntax")):
        assert not_written(error, tmp_path, "lsal round") is None
    assert not_written(PermissionError(errno.EPERM, "no signal"), tmp_path, "lsal round") is None
    assert isinstance(not_written(PermissionError(errno.EACCES, "no", "x"), tmp_path, "lsal round"), NotWritten)
