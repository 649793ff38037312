"""Label errors on the real loop: found, sent back, answered again, and no annotation edited."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from people import add_annotator
from projects import FILLER, WORDS, annotations_digest, answer

from lsal.dashboard.html import to_text
from lsal.kinds.reading import agreed
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.records import Labels
from lsal.suspects import sending_back
from lsal.workbench import Workbench

Ask = Callable[..., httpx.Response]
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text">'
    '<Choice value="animal"/><Choice value="machine"/></Choices></View>'
)
OTHER = {"animal": "machine", "machine": "animal"}
LABELLED, OPEN = 48, 24


def row(number: int, given: str = "") -> dict[str, Any]:
    """A task of which every word tells the class, labelled or not."""
    words = WORDS[truth(number)]
    text = f"{words[number % 6]} {FILLER[number % 12]} {words[number // 2 % 6]} {words[number // 3 % 6]} {number}"
    result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [given]}}]
    return {"data": {"text": text}, "annotations": [{"result": result}] if given else []}


def truth(number: int) -> str:
    return list(OTHER)[number % 2]


@pytest.fixture(scope="module")
def colleague(label_studio: Server) -> Project:
    key = add_annotator(label_studio, "colleague@suspects.local")
    return Project(Connection(label_studio.url, key), 0)


@pytest.fixture(scope="module")
def doubted(label_studio: Server, root: Path) -> tuple[Workbench, dict[int, str]]:
    """A project of one annotator, each seventh of the labels wrong; and the wrong training labels with the truth."""
    project = Project.create(Connection(label_studio.url, label_studio.key), "Doubted", CONFIG)
    given = [OTHER[truth(n)] if n % 7 == 3 else truth(n) for n in range(LABELLED)] + [""] * OPEN
    ids = project.import_tasks([row(n, one) for n, one in enumerate(given)])
    bench = Workbench(root).attach(label_studio.url, project.number)
    bench.configure(batch=10, relabel_share=0.2, refill_below=0.0)
    bench.sync()
    train = {task.id for task in bench.desk.mirror.tasks() if task.place >= 0.1}
    return bench, {ids[n]: truth(n) for n in range(3, LABELLED, 7) if ids[n] in train}


def served(project: Project, tasks: list[int]) -> dict[int, tuple[int, bool]]:
    rows = {task: project.connection.get(f"/api/tasks/{task}") for task in tasks}
    return {task: (one["overlap"], one["is_labeled"]) for task, one in rows.items()}


def tabs(project: Project) -> dict[str, list[int]]:
    views = project.connection.rows("/api/dm/views/", project=project.number)
    items = {one["data"]["title"]: one["data"]["filters"]["items"] for one in views if "filters" in one["data"]}
    return {title: found[0]["value"] for title, found in items.items() if found}


def target(bench: Workbench, task: int) -> str:
    control, kind = bench.desk.handled["label"]
    [found] = [one for one in bench.desk.mirror.labelled() if one.id == task]
    told = agreed(kind, control, found.annotations).target
    assert isinstance(told, Labels)
    return told.text


def died_half_way(bench: Workbench, sent: list[int]) -> None:
    """As if a round had died before Label Studio was told, and a task had been open when it was sent back."""
    kept = sending_back.read(bench.home)
    for task in sent:
        kept.tasks[task] |= {"done": False, "is_labeled": False}
        bench.desk.project.connection.patch(f"/api/tasks/{task}/", {"overlap": 1, "is_labeled": True})
    sending_back._write(bench.home, kept)
    sending_back.send(bench.home, bench.desk.project, bench.desk.mirror, sent)
    assert set(served(bench.desk.project, sent).values()) == {(2, False)}, "the next round makes up for it"


def test_one_annotator_finds_them_in_a_tab(doubted: tuple[Workbench, dict[int, str]]) -> None:
    bench, wrong = doubted
    project, before = bench.desk.project, annotations_digest(bench)
    bench.suspects().wait()
    [found] = bench.suspected().controls
    first = [one.task_id for one in found.suspects[: len(wrong)]]
    hits, chance = len(set(first) & set(wrong)) / len(wrong), len(wrong) / found.labels
    assert hits >= 0.6 > 3 * chance, "they stand first, and far more of them than chance would put there"
    assert all(one.people == ("me@lsal.local",) for one in found.suspects)
    assert f"{found.flagged} of {found.labels} training labels may be wrong" in to_text(bench.suspected())

    done = bench.round().wait()
    assert (done["sent_back"], done["published"], done["exact"]) == (2, 10, True)
    again = [one for one in bench.queue() if one.relabel]
    assert {one.task_id for one in again} == set(first[:2])
    assert "models that did not see that say" in again[0].relabel
    assert "2 labelled tasks" in to_text(bench.status())
    assert sorted(tabs(project)[sending_back.TAB]) == sorted(first[:2]), "one who labels alone finds them in a tab"
    assert set(served(project, first[:2]).values()) == {(1, True)}
    assert annotations_digest(bench) == before

    right = wrong.get(first[0]) or target(bench, first[0])
    project.submit(first[0], answer(bench, right), 1.0)
    bench.sync()
    assert target(bench, first[0]) == right, "the later answer of one person counts"
    assert [one.task_id for one in bench.queue() if one.relabel] == first[1:2]
    assert bench.suspected().looked_at == 1


def test_of_two_the_other_is_asked(doubted: tuple[Workbench, dict[int, str]], colleague: Project) -> None:
    bench, wrong = doubted
    project, before = bench.desk.project, annotations_digest(bench)
    looked = sending_back.looked_at(bench.home, bench.desk.mirror)
    theirs = Project(colleague.connection, project.number)
    asked = theirs.next_task()
    assert asked is not None
    theirs.submit(asked["id"], answer(bench, "animal"), 1.0)
    assert bench.rank(relabel=0.3).wait()["sent_back"] in (1, 2, 3)
    assert bench.verify().exact
    sent = [one.task_id for one in bench.queue() if one.relabel]
    assert sent
    assert looked
    assert not looked & set(sent), "what was looked at is not sent back again"
    assert sending_back.TAB not in tabs(project)
    assert set(served(project, sent).values()) == {(2, False)}
    died_half_way(bench, sent)
    order = [one.task_id for one in bench.queue()]
    assert project.next_task()["id"] == next(t for t in order if t not in sent), "nobody is asked twice"  # type: ignore[index]

    got = []
    while not set(sent) & set(got):
        task = theirs.next_task()
        assert task is not None
        got.append(task["id"])
        theirs.submit(task["id"], answer(bench, wrong.get(task["id"], "animal")), 1.0)
    assert got == [t for t in order if t != project.next_task()["id"]][: len(got)], "at its rank in the queue"  # type: ignore[index]
    assert served(project, got[-1:]) == {got[-1]: (2, True)}
    bench.sync()
    assert target(bench, got[-1]) == wrong.get(got[-1], "animal")

    bench.detach(now=True)
    assert set(served(project, sent).values()) == {(1, True)}
    now = annotations_digest(bench)
    assert {number: now[number] for number in before} == before
    assert not sending_back.read(bench.home).tasks
