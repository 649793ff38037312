"""Files and folders are whole or absent, whoever looks, writes at the same time, or fails half way."""

import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lsal.errors import BadData
from lsal.files import read_json, to_json, whole_folder, write_json, write_whole


@dataclass
class Point:
    x: float
    where: Path


def test_a_reader_sees_the_old_content_or_the_new(tmp_path: Path) -> None:
    path, old, new = tmp_path / "f", b"a" * 200_000, b"b" * 300_000
    write_whole(path, old)
    seen, over = set(), threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    until, turns = time.monotonic() + 60, 0
    while turns < 30 or (len(seen) < 2 and time.monotonic() < until):  # on a busy machine it reads when it may
        write_whole(path, new)
        write_whole(path, old)
        turns += 1
    over.set()
    reader.join()
    assert seen == {old, new}


def test_writers_at_the_same_time_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "f"
    contents = [bytes([65 + n]) * 50_000 for n in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda content: write_whole(path, content), contents * 10))
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_whole(path, b"old")
    code = (
        "import os, sys; from pathlib import Path; from lsal.files import write_whole\n"
        "os.replace = lambda *_: os.kill(os.getpid(), 9)\n"
        "write_whole(Path(sys.argv[1]), b'new')"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == -9
    assert path.read_bytes() == b"old"
    write_whole(path, b"newer")
    assert path.read_bytes() == b"newer"


@pytest.mark.parametrize("before", [None, 0o644])
def test_a_secret_is_for_its_owner_only(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "deep" / "key"
    if before:
        write_whole(path, b"")
        path.chmod(before)
    write_json(path, {"key": "k"}, mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_json_takes_what_lsal_keeps(tmp_path: Path) -> None:
    value = {1: Point(np.float32(0.5), tmp_path), "b": np.arange(3), "s": {2, 1}, "t": (1, 2)}
    write_json(tmp_path / "v.json", value)
    kept = {"1": {"x": 0.5, "where": str(tmp_path)}, "b": [0, 1, 2], "s": [1, 2], "t": [1, 2]}
    assert read_json(tmp_path / "v.json") == kept
    with pytest.raises(TypeError, match="object"):
        to_json(object())


def test_a_missing_file_is_the_default_and_a_broken_one_says_how_to_mend_it(tmp_path: Path) -> None:
    assert read_json(tmp_path / "none.json", {"a": 1}) == {"a": 1}
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(BadData, match=r"broken\.json is not JSON") as caught:
        read_json(tmp_path / "broken.json")
    assert "rm '" in caught.value.fix


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    final = tmp_path / "0001"
    with whole_folder(final) as beside:
        (beside / "weights").write_bytes(b"w")
        assert not final.exists()
    assert (final / "weights").read_bytes() == b"w"
    assert list(tmp_path.iterdir()) == [final]


def test_an_error_leaves_no_folder(tmp_path: Path) -> None:
    def interrupted() -> None:
        with whole_folder(tmp_path / "0001") as beside:
            (beside / "weights").write_bytes(b"w")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_one_left_is_not_mixed_in(tmp_path: Path) -> None:
    (tmp_path / "0001.tmp").mkdir()
    (tmp_path / "0001.tmp" / "stale").write_bytes(b"")
    with whole_folder(tmp_path / "0001") as beside:
        (beside / "weights").write_bytes(b"w")
    assert [path.name for path in (tmp_path / "0001").iterdir()] == ["weights"]


def test_a_whole_folder_is_never_overwritten(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "0001") as beside:
        (beside / "first").write_bytes(b"")
    with pytest.raises(OSError, match="not empty"), whole_folder(tmp_path / "0001") as beside:
        (beside / "second").write_bytes(b"")
    assert [path.name for path in (tmp_path / "0001").iterdir()] == ["first"]
