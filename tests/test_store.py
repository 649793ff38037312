"""Versions are whole or absent, numbered, checked, and one small file says which are live."""

import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from itertools import pairwise
from pathlib import Path
from subprocess import PIPE

import pytest

from lsal.errors import BadData, NoVersion
from lsal.files import read_json, write_json
from lsal.home import Home, create_home
from lsal.housekeeping.rubbish import size
from lsal.store import REMEMBERED, SHARED, Store, check_files

FACTS = {
    "family": "random",
    "control": "label",
    "labels": ("cat", "dog"),
    "metrics": {"accuracy": 0.5, "interval": [0.1, 0.9], "measured_on": "4 tasks"},
    "examples": {"count": 2, "ids": [3, 1], "digest": "abc"},
    "parent": 1,
    "seconds": {"fit": 0.25},
    "job": "job-1",
    "promoted": False,
    "reason": "worse",
}


@pytest.fixture
def home(isolated_root: Path) -> Home:
    return create_home(isolated_root, "http://127.0.0.1:8080", 7, "2026-01-01T00:00:00Z", "Cats")


def weights(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "model.bin").write_bytes(b"w" * 1000)
    (folder / "deep" / "more.bin").write_bytes(b"more")


def test_a_version_comes_back_as_it_was_written(home: Home) -> None:
    version = Store(home).add(weights, **FACTS)
    again = Store(home).get(1)
    assert again == version
    assert {name: getattr(again, name) for name in FACTS} == FACTS
    assert again.number == 1
    assert again.folder == home.path("versions", "0001")
    assert set(again.files) == {"model.bin", "deep/more.bin"}


def test_what_two_versions_have_alike_is_kept_once(home: Home) -> None:
    """A vocabulary of one pool, say; whatever differs, is small, or is of another control stays apart."""

    def filled(last: str, folder: Path) -> None:
        (folder / "words.json").write_bytes(b"w" * SHARED)
        (folder / "small").write_bytes(b"s" * (SHARED - 1))
        (folder / "head").write_bytes(last.encode() * SHARED)

    store = Store(home)
    made = [store.add(partial(filled, last), **FACTS | {"control": name}) for name, last in ("ab", "ac", "bd", "ac")]

    def inode(place: int, name: str) -> int:
        return (made[place].folder / "weights" / name).stat().st_ino

    assert inode(0, "words.json") == inode(1, "words.json") == inode(3, "words.json") != inode(2, "words.json")
    assert inode(1, "head") == inode(3, "head")
    assert len({inode(place, "small") for place in range(4)}) == 4
    assert size(store.folder) < 9 * SHARED + 10_000  # in place of 12
    for version in made:
        check_files(version)
    shutil.rmtree(made[0].folder / "weights")  # as housekeeping does
    check_files(made[1])


def test_a_damaged_version_is_not_shared(home: Home) -> None:
    def large(folder: Path) -> None:
        (folder / "words.json").write_bytes(b"w" * SHARED)

    store = Store(home)
    first = store.add(large, **FACTS)
    (first.folder / "weights" / "words.json").write_bytes(b"x" * SHARED)
    check_files(store.add(large, **FACTS))
    (first.folder / "weights" / "words.json").unlink()
    check_files(store.add(large, **FACTS))


def test_a_home_that_moved_keeps_its_versions(home: Home) -> None:
    Store(home).add(weights, **FACTS)
    moved = home.folder.rename(home.root / "elsewhere")
    version = Store(Home(moved, home.slug, home.url, home.project, home.title, home.order_key)).get(1)
    assert version.folder == moved / "versions" / "0001"
    check_files(version)


def test_numbers_ascend_and_half_written_ones_do_not_count(home: Home) -> None:
    store = Store(home)
    assert store.numbers() == []
    for _ in range(2):
        store.add(weights, **FACTS)
    (store.folder / "0003.tmp").mkdir()
    (store.folder / "answers").mkdir()
    assert store.numbers() == [1, 2]
    assert store.add(weights, **FACTS).number == 3
    assert [version.number for version in store.all()] == [1, 2, 3]
    assert not (store.folder / "0003.tmp").exists()


def test_a_failed_save_leaves_no_version(home: Home) -> None:
    def fail(folder: Path) -> None:
        weights(folder)
        raise OSError("the disk is full")

    store = Store(home)
    with pytest.raises(OSError, match="full"):
        store.add(fail, **FACTS)
    assert store.numbers() == []


def test_a_save_killed_half_way_leaves_no_version(home: Home) -> None:
    code = (
        "import os, sys; from pathlib import Path; from lsal.home import open_home; from lsal.store import Store\n"
        "def save(folder): (folder / 'w').write_bytes(b'w'); os.kill(os.getpid(), 9)\n"
        "Store(open_home(Path(sys.argv[1]))).add(save, family='f', control='c', metrics={}, examples={})"
    )
    assert subprocess.run([sys.executable, "-c", code, str(home.folder)]).returncode == -9
    store = Store(home)
    assert [path.name for path in store.folder.iterdir()] == ["0001.tmp"]
    assert store.numbers() == []
    assert store.add(weights, **FACTS).number == 1


def test_a_missing_version_lists_those_there_are(home: Home) -> None:
    store = Store(home)
    with pytest.raises(NoVersion) as caught:
        store.get(4)
    assert "none yet" in caught.value.fix
    store.add(weights, **FACTS)
    with pytest.raises(NoVersion, match="no version 4") as caught:
        store.get(4)
    assert caught.value.fix.endswith("1")


def test_what_is_live_is_replaced_at_once(home: Home) -> None:
    store = Store(home)
    assert store.current() == {}
    with pytest.raises(NoVersion, match="'label'") as caught:
        store.current_version("label")
    assert caught.value.fix == "Train one: lsal train"
    for _ in range(2):
        store.add(weights, **FACTS)
    first, second = {"label": 1, "other": 1}, {"label": 2, "other": 2}
    store.make_current(first)
    assert store.current_version("label").number == 1
    seen, over = [], threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.append(Store(home).current())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        store.make_current(second)
        store.make_current(first)
    over.set()
    reader.join()
    assert all(current in (first, second) for current in seen)


def test_what_was_live_is_remembered_in_the_same_file(home: Home) -> None:
    store = Store(home)
    for _ in range(3):
        store.add(weights, **FACTS)
    sets = [{"label": 1}, {"label": 2}, {"label": 1}, {"label": 3, "other": 1}]
    for versions in sets:
        store.make_current(versions)
        store.make_current(versions)  # again is no further step
    assert store.history() == Store(home).history() == sets
    store.make_current(sets[2], before=sets[:2])  # back
    assert (store.current(), store.history()) == (sets[2], sets[:3])
    store.make_current({"label": 3})  # a new line: where it was before the way back is forgotten
    assert store.history() == [*sets[:3], {"label": 3}]


def test_only_so_many_steps_are_remembered(home: Home) -> None:
    store = Store(home)
    for _ in range(2):
        store.add(weights, **FACTS)
    for step in range(REMEMBERED + 5):
        store.make_current({"label": 1 + step % 2})
    assert len(store.history()) == REMEMBERED + 1
    assert all(one != two for one, two in pairwise(store.history()))


@pytest.mark.parametrize("control", ["label", "versions", "before"])
def test_homes_from_before_there_was_a_way_back_are_read(home: Home, control: str) -> None:
    store = Store(home)
    for _ in range(2):
        store.add(weights, **FACTS)
    write_json(home.path("current.json"), {control: 1})
    assert (store.current(), store.history()) == ({control: 1}, [{control: 1}])
    store.make_current({control: 2})
    assert store.history() == [{control: 1}, {control: 2}]


SHARING = """
import sys; from pathlib import Path; from lsal.home import open_home; from lsal.store import Store
store = Store(open_home(Path(sys.argv[1])))
save = lambda folder: (folder / "w").write_bytes(sys.argv[2].encode() * 50000)
facts = {"family": "f", "control": "c", "metrics": {}, "examples": {}, "job": sys.argv[2]}
def together(): print("ready", flush=True); sys.stdin.readline()
together(); made = [store.add(save, **facts).number for _ in range(15)]
together(); [store.make_current({"c": number}) for number in made]
together()
"""


def test_two_processes_that_add_and_switch_lose_nothing(home: Home) -> None:
    command, pipes = [sys.executable, "-c", SHARING, str(home.folder)], {"stdin": PIPE, "stdout": PIPE, "text": True}
    running = [subprocess.Popen([*command, name], **pipes) for name in ("one", "two")]
    for _ in range(3):
        assert [process.stdout.readline() for process in running] == ["ready\n"] * 2
        for process in running:
            process.stdin.write("go\n")
            process.stdin.flush()
    for process in running:
        process.communicate(timeout=240)
    versions, everything = Store(home).all(), list(range(1, 31))
    assert [version.number for version in versions] == everything
    for version in versions:
        check_files(version)
        assert (version.folder / "weights" / "w").read_bytes() == version.job.encode() * 50000
    assert sorted(one["c"] for one in Store(home).history()) == everything


def test_every_switch_moves_the_stamp(home: Home, tmp_path: Path) -> None:
    """Also where it falls into the tick of the one before, and its file gets the inode of an earlier one."""
    store, current, inode = Store(home), home.path("current.json"), tmp_path / "inode"
    stamps = [store.stamp()]
    for _ in range(2):
        store.add(weights, **FACTS)
    for number in (1, 2) * 25:
        store.make_current({"label": number})
        inode.write_bytes(current.read_bytes())
        current.unlink()
        os.link(inode, current)
        os.utime(current, ns=(0, 0))
        stamps.append(Store(home).stamp())
    assert all(one != other for one, other in pairwise(stamps))


def test_a_version_that_is_not_there_never_goes_live(home: Home) -> None:
    store = Store(home)
    store.add(weights, **FACTS)
    store.make_current({"label": 1})
    with pytest.raises(NoVersion):
        store.make_current({"label": 2})
    assert store.current() == {"label": 1}


@pytest.mark.parametrize("damage", ["changed", "missing", "added"])
def test_damaged_weights_are_refused_by_name_with_the_way_to_mend_them(home: Home, damage: str) -> None:
    version = Store(home).add(weights, **FACTS)
    check_files(version)
    path = version.folder / "weights" / ("strange.bin" if damage == "added" else "model.bin")
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(b"w" * 999 + b"x")
    with pytest.raises(BadData, match=f"Version 1 is damaged: {path.name}") as caught:
        check_files(version)
    assert caught.value.fix.endswith("lsal train --again job-1")


def test_the_record_holds_no_path_of_this_machine(home: Home) -> None:
    version = Store(home).add(weights, **FACTS)
    kept = read_json(version.folder / "version.json")
    assert str(home.root) not in str(kept)
    assert kept["files"] == dict(version.files)
