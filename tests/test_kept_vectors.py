"""Vectors that are kept: for several processes at once, and whatever became of whoever wrote them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lsal.home import Home
from lsal.housekeeping import embeddings
from lsal.models import kept_vectors
from lsal.models.kept_vectors import KEY, InFolder, InMemory, digests, vectors

WIDTH = 8
WRITER = f"""
import sys
from pathlib import Path
import numpy as np
from lsal.models import kept_vectors
from lsal.models.kept_vectors import InFolder, digests
kept_vectors.WAIT_S = 240.0  # of two who write without a pause, one may come last: as long as the disk takes
folder, first, count, step = Path(sys.argv[1]), *map(int, sys.argv[2:])
print("begun", flush=True)
sys.stdin.readline()
for begin in range(first, first + count, step):
    numbers = range(begin, begin + step)
    rows = np.repeat(np.array(numbers, np.float32)[:, None], {WIDTH}, axis=1)
    InFolder(folder, {WIDTH}).keep(digests([str(n) for n in numbers]), rows)
"""


def rows_of(numbers: range) -> np.ndarray:
    return np.repeat(np.array(numbers, np.float32)[:, None], WIDTH, axis=1)


def keys(numbers: range) -> np.ndarray:
    return digests([str(n) for n in numbers])


def writer(folder: Path, first: int, count: int, step: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), *map(str, (first, count, step))]
    begun = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert begun.stdout is not None
    assert begun.stdout.readline() == "begun\n"
    return begun


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_what_was_kept_is_found_and_the_rest_is_not(kind: str, tmp_path: Path) -> None:
    kept = InFolder(tmp_path / "x", WIDTH) if kind == "folder" else InMemory(WIDTH)
    found, rows = kept.look_up(keys(range(3)))
    assert (found.tolist(), rows.shape) == ([False] * 3, (0, WIDTH))
    kept.keep(keys(range(0, 20, 2)), rows_of(range(0, 20, 2)))
    for _ in range(2):
        found, rows = kept.look_up(keys(range(9, -1, -1)))
        assert found.tolist() == [False, True] * 5
        assert rows[:, 0].tolist() == [8, 6, 4, 2, 0]
        if isinstance(kept, InFolder):
            kept = InFolder(tmp_path / "x", WIDTH)  # another process


def test_the_last_of_several_counts_and_rows_are_mapped_not_read(tmp_path: Path) -> None:
    kept = InFolder(tmp_path, WIDTH)
    for more in (1, 2):
        kept.keep(keys(range(3)), rows_of(range(3)) + more)
    assert kept.look_up(keys(range(3)))[1][:, 0].tolist() == [2, 3, 4]
    assert isinstance(kept._rows, np.memmap)


@pytest.mark.parametrize("torn", ["vectors", "keys", "behind"])
def test_what_a_killed_writer_left_is_cut_off(torn: str, tmp_path: Path) -> None:
    kept = InFolder(tmp_path, WIDTH)
    kept.keep(keys(range(4)), rows_of(range(4)))
    if torn == "behind":  # rows without keys, the last one not whole
        with (tmp_path / "vectors").open("ab") as file:
            file.write(b"x" * (4 * WIDTH * 3 + 5))
    else:
        path = tmp_path / torn
        os.truncate(path, path.stat().st_size - 7)
    whole = 4 if torn == "behind" else 3
    again = InFolder(tmp_path, WIDTH)
    assert again.look_up(keys(range(4)))[0].tolist() == [True] * whole + [False] * (4 - whole)
    again.keep(keys(range(whole, 9)), rows_of(range(whole, 9)))
    found, rows = InFolder(tmp_path, WIDTH).look_up(keys(range(9)))
    assert found.all()
    assert rows[:, 0].tolist() == list(range(9))


def test_a_damaged_row_is_worked_out_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    InFolder(tmp_path, WIDTH).keep(keys(range(4)), rows_of(range(4)))
    with (tmp_path / "vectors").open("r+b") as file:
        file.seek(4 * WIDTH * 2 + 1)
        file.write(b"\xff")
    kept = InFolder(tmp_path, WIDTH)
    found, rows = kept.look_up(keys(range(4)))
    assert found.tolist() == [True, True, False, True]
    assert rows[:, 0].tolist() == [0, 1, 3]
    assert "1 kept vectors" in caplog.text
    kept.keep(keys(range(2, 3)), rows_of(range(2, 3)))
    assert kept.look_up(keys(range(4)))[1][:, 0].tolist() == [0, 1, 2, 3]


def test_processes_that_write_at_once_lose_nothing_and_one_is_killed_meanwhile(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    writers = [writer(folder, first, 400, 4) for first in (0, 400)]
    killed = writer(folder, 10_000, 1_000_000, 5)
    for each in (*writers, killed):
        assert each.stdin is not None
        print(file=each.stdin, flush=True)
    until = time.monotonic() + 240
    while not InFolder(folder, WIDTH).look_up(keys(range(10_000, 10_005)))[0].all():
        assert time.monotonic() < until
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    for each in writers:
        each.communicate(timeout=240)
    assert [each.returncode for each in writers] == [0, 0]
    found, rows = InFolder(folder, WIDTH).look_up(keys(range(800)))
    assert found.all()
    assert rows.tolist() == rows_of(range(800)).tolist()
    found, rows = InFolder(folder, WIDTH).look_up(keys(range(10_000, 20_000)))
    assert rows[:, 0].tolist() == (np.flatnonzero(found) + 10_000).tolist()
    count = (folder / "keys").stat().st_size // KEY.itemsize
    assert (folder / "vectors").stat().st_size >= count * 4 * WIDTH


def test_where_nothing_can_be_written_work_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    kept = InFolder(tmp_path / "file" / "x", WIDTH)
    kept.keep(keys(range(2)), rows_of(range(2)))
    assert "not kept" in caplog.text


def test_memory_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_vectors, "MOST_IN_MEMORY", 10)
    kept = vectors(None, "a", WIDTH)
    for begin in range(0, 40, 8):
        kept.keep(keys(range(begin, begin + 8)), rows_of(range(begin, begin + 8)))
    assert kept.look_up(keys(range(40)))[0].sum() == 8
    vectors(None, "b", WIDTH)
    assert not vectors(None, "a", WIDTH).look_up(keys(range(40)))[0].any()


def test_housekeeping_removes_what_nobody_asked_for_in_a_month(tmp_path: Path) -> None:
    home = Home(tmp_path, "h", "http://127.0.0.1:1", 1, "h", "k")
    for name, days in (("old", 40), ("used", 40), ("new", 1)):
        kept = InFolder(home.path("embeddings", name), WIDTH)
        kept.keep(keys(range(2)), rows_of(range(2)))
        if name == "used":
            kept.look_up(keys(range(1)))
        then = time.time() - days * 86400
        os.utime(home.path("embeddings", name), (then, then))
    (gone,) = embeddings.old(home)
    assert (gone.what, gone.name) == ("embeddings", "old")
    assert gone.bytes >= 2 * (KEY.itemsize + 4 * WIDTH)
    gone.remove()
    assert embeddings.old(home) == []
