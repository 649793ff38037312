"""Homes of every format that ever was: kept as they were written, and opened by today's lsal at a real Label Studio.

A home is named by its server, its project's id and the moment it was made, and a task by its id and the moment it was
made. On a Label Studio of its own, that nobody used before, a project made from the home's mirror gets the same ids;
the moments are then set in Label Studio's database. So the home itself is opened as it was written, to the last byte.
"""

import json
import re
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from projects import WORDS, answer

from lsal import home as homes
from lsal import predicting
from lsal.cli import main
from lsal.errors import BadData
from lsal.files import read_json, write_json
from lsal.home import FORMAT, open_home
from lsal.label_studio import queue
from lsal.label_studio.mirror import Mirror
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.label_studio.template import DATABASE
from lsal.publishing import live_publication
from lsal.records import Entry
from lsal.workbench import Workbench

KEPT = Path(__file__).resolve().parent / "homes"
FORMATS = [int(path.name.removesuffix(".tar.gz").removeprefix("format_")) for path in sorted(KEPT.glob("*.tar.gz"))]
WAIT_S = 300


def unpacked(number: int, root: Path) -> Path:
    """The kept home of a format in a root; its folder."""
    with tarfile.open(KEPT / f"format_{number}.tar.gz") as archive:
        archive.extractall(root, filter="data")
    [folder] = (root / "projects").iterdir()
    return folder


def restored(folder: Path, root: Path) -> Workbench:
    """The home's project in a Label Studio that nobody used before, as the mirror and the rankings tell it."""
    running = Workbench(root).up()
    bench = Workbench(root)
    mirror = bench.desk.mirror
    made = Project.create(bench.desk.connection, bench.home.title, mirror.label_config)
    assert made.number == bench.home.project
    rows = mirror.select("SELECT id, data, born FROM tasks ORDER BY id")
    assert made.add_tasks([json.loads(data) for _, data, _ in rows]) == [number for number, _, _ in rows]
    for task, result in mirror.select("SELECT task, result FROM annotations WHERE skipped = 0 ORDER BY id"):
        made.submit(task, json.loads(result), 1.0)
    _publish(bench, made)
    _date(running, folder, rows)
    return bench


def _publish(bench: Workbench, project: Project) -> None:
    """The live batch, under its name."""
    live = live_publication(bench.home)
    assert live
    kept = read_json(bench.home.path("rankings", f"{live.name}.json"))["entries"]
    known = Entry.__dataclass_fields__
    entries = [Entry(**{name: value for name, value in one.items() if name in known}) for one in kept]
    queue.write(project, live.name, entries)
    queue.switch(project, live.name)


def _date(running: Server, folder: Path, rows: list[tuple[Any, ...]]) -> None:
    """Every task was made when the home says so."""
    with closing(sqlite3.connect(running.folder / DATABASE, timeout=60)) as database, database:
        made = [(born.replace("T", " ").rstrip("Z"), number) for number, _, born in rows]
        database.executemany("UPDATE task SET created_at = ? WHERE id = ?", made)
        found = re.search(r"-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-([\d.]+)Z$", folder.name)
        assert found
        day, hour, minute, second = found.groups()
        database.execute("UPDATE project SET created_at = ?", (f"{day} {hour}:{minute}:{second}",))


@pytest.fixture(scope="module", params=FORMATS, ids=lambda number: f"format {number}")
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A home of each format, with its project."""
    root = tmp_path_factory.mktemp("kept") / "root"
    folder = unpacked(request.param, root)
    try:
        bench = restored(folder, root)
        bench.configure(worker_nice=0)
        yield bench
    finally:
        Workbench(root).down()


def test_every_format_up_to_todays_is_kept() -> None:
    assert list(range(1, FORMAT + 1)) == FORMATS, "tests/homes/make.py writes the one that is missing"


@pytest.mark.parametrize("number", FORMATS)
def test_a_kept_home_holds_no_key_and_no_place(number: int, tmp_path: Path) -> None:
    root = tmp_path / "root"
    unpacked(number, root)
    files = [path for path in root.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert sum(path.stat().st_size for path in files) < 3_000_000
    assert (KEPT / f"format_{number}.tar.gz").stat().st_size < 300_000
    for path in files:
        told = path.read_bytes()
        for pattern in (rb"/(tmp|home|root|work|Users)/", rb"\b[0-9a-f]{40}\b", rb"(?i)password|api_key"):
            assert not re.search(pattern, told), f"{path}: {pattern!r}"
    assert not {path.name for path in files} & {"keys.json", "secret.json", "login.json"}


def test_it_shows_what_there_was(opened: Workbench) -> None:
    versions, status = opened.versions(), opened.status()
    assert [version.number for version in versions] == [1, 2, 3]
    assert status.live == opened.desk.store.current()
    assert (status.tasks, status.labelled) == (36, 18)
    assert [point.version for point in opened.curve()] == [1, 2, 3]
    assert all(point.value is not None for point in opened.curve())
    assert len(opened.rounds()) == 3
    assert {job.facts["act"] for job in opened.jobs()} >= {"rank", "round", "promote", "suspects"}
    assert opened.home.settings().strategy == "margin"
    assert len(opened.wishes().pinned) == len(opened.wishes().excluded) == 1


def test_it_reads_its_project_again_and_every_task_keeps_its_place(opened: Workbench) -> None:
    before = opened.desk.mirror.select("SELECT id, place, state FROM tasks ORDER BY id")
    assert opened.sync(whole=True).read == len(before)
    assert opened.desk.mirror.select("SELECT id, place, state FROM tasks ORDER BY id") == before
    assert opened.verify().exact


def test_its_versions_answer_as_they_did(opened: Workbench) -> None:
    answers = opened.home.path("versions", "answers")
    control = opened.desk.handled["label"][0]
    tasks = {f"{task.id}:{task.digest}": task for task in opened.desk.mirror.tasks()}
    for version in opened.versions():
        said = read_json(answers / f"{version.number:04d}.json")
        examples = list(opened.desk.examples("label", [tasks[key] for key in said]))
        told = predicting.load(version, control).predict(examples)
        assert said
        assert {key: list(one.target.names) for key, one in zip(said, told, strict=True)} == said


def test_it_ranks_and_trains_a_further_version(opened: Workbench) -> None:
    before = live_publication(opened.home)
    assert opened.rank().wait(WAIT_S)["exact"]
    assert live_publication(opened.home) != before
    for task in live_publication(opened.home).task_ids[:4]:
        [(data,)] = opened.desk.mirror.select("SELECT data FROM tasks WHERE id = ?", task)
        label = next(name for name, words in WORDS.items() if set(words) & set(json.loads(data)["text"].split()))
        opened.desk.project.submit(task, answer(opened, label), 1.0)
    result = opened.round().wait(WAIT_S)
    assert result["exact"]
    assert result["versions"]["label"]["version"] == 4
    assert [point.version for point in opened.curve()] == [1, 2, 3, 4]
    opened.rollback().wait(WAIT_S)
    assert opened.verify().exact
    assert not opened.clean(dry_run=True).left


# --- formats that this lsal does not read -------------------------------------------------


def test_a_newer_home_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By every command alike, and nothing in it is changed."""
    root = tmp_path / "root"
    folder = unpacked(FORMAT, root)
    write_json(folder / "home.json", read_json(folder / "home.json") | {"format": FORMAT + 1})
    monkeypatch.setenv("LSAL_ROOT", str(root))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for command in ("status", "versions", "rank", "clean", "serve"):
        assert main([command]) != 0
        said = capsys.readouterr()
        assert f"has format {FORMAT + 1}, this lsal reads format {FORMAT}" in said.out + said.err, command
        assert "A newer lsal wrote it: update lsal" in said.out + said.err, command
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_an_older_home_that_cannot_be_opened_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it will be met when there is a format 2 that has no way from 1."""
    folder = unpacked(1, tmp_path / "root")
    monkeypatch.setattr(homes, "FORMAT", FORMAT + 1)
    with pytest.raises(BadData, match=f"has format 1, this lsal reads format {FORMAT + 1}") as caught:
        open_home(folder)
    assert "An older lsal wrote it, and still reads it" in caught.value.fix
    kept = read_json(folder / "home.json")
    assert f"lsal attach {kept['url']} {kept['project']}" in caught.value.fix


def test_the_mirror_of_a_kept_home_is_whole(tmp_path: Path) -> None:
    folder = unpacked(1, tmp_path / "root")
    mirror = Mirror(folder / "mirror.sqlite", read_json(folder / "home.json")["order_key"])
    assert mirror.select("PRAGMA integrity_check") == [("ok",)]
    assert mirror.count() == 36
