"""Scoring a whole pool: streamed, kept in files, never done twice, the same bits as all at once."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filled import CLASSES, STAMP, choices, filled, spans, steps, taught

from lsal import predicting
from lsal.desk import Desk
from lsal.engine import ENGINES
from lsal.errors import Cancelled
from lsal.housekeeping import pools
from lsal.label_studio.mirror import OPEN
from lsal.models import text_space
from lsal.models.text_space import TextSpace
from lsal.predicting import scoring
from lsal.predicting.asking import ahead
from lsal.predicting.kept_answers import KeptAnswers
from lsal.predicting.told import Told, problems, readable, said
from lsal.ranking import Candidates, rank
from lsal.records import Box, Control, Example, Labels, Layout, Polygon, Prediction, Region, Regions, Span, Spans
from lsal.scored import ANSWERS
from lsal.strategies.pools import make_pool
from lsal.worker import queueing
from lsal.worker.candidates import candidates

TASKS, LABELLED = 1300, 120
KILLED = """
import os, signal, sys
from pathlib import Path
from filled import steps
from lsal.desk import Desk
from lsal.home import homes
from lsal.predicting import answer_files, scoring
from lsal.worker import queueing
real, asked = scoring._score_chunk, []
def score(*given):
    asked.append(1)
    if len(asked) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given)
scoring._score_chunk, answer_files.KEEP_S = score, 0.0
desk = Desk(homes(Path(sys.argv[1]))[0])
queueing.rank(desk, steps(desk.home), desk.store.current(), "margin", 30)
"""


@pytest.fixture(scope="module", params=["one", "several", "spans"])
def taught_desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    config = {"one": choices(), "several": choices(several=True), "spans": spans()}[request.param]
    desk = filled(tmp_path_factory.mktemp(request.param) / "root", TASKS, LABELLED, config)
    desk.home.change_settings(measuring_share=0.1)
    taught(desk)
    return desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = filled(tmp_path / "root", TASKS, LABELLED, choices())
    taught(made)
    return made


def at_once(desk: Desk, share: float) -> Candidates:
    """The candidates as objects, all of them in memory."""
    control, kind = desk.handled["label"]
    version = desk.store.get(1)
    opened = [e for e in desk.examples("label", (t for t in desk.mirror.tasks(OPEN) if t.place >= share)) if e.input]
    known = [e for e in desk.labelled("label", (t for t in desk.mirror.labelled() if t.place >= share)) if e.counts]
    with ENGINES["here"]() as executor:
        told = predicting.score(version, control, [*opened, *known], executor, lambda progress: None)
    split, by_task = len(opened), {e.task_id: e for e in opened}
    targets = [e.target for e in known if e.target]
    pool = make_pool(told[:split], control, targets, told[split:], desk.home.settings().seed + 1)
    figures = version.metrics.get("cross_validation") or {}
    pool = replace(pool, held_out=figures.get("accuracy"), prior=figures.get("commonest", pool.prior))
    return Candidates(control, pool, told[:split], lambda one: kind.result(control, one, by_task[one.task_id]))


def test_a_streamed_ranking_is_that_of_objects_in_memory_to_the_last_bit(taught_desk: Desk) -> None:
    desk, share = taught_desk, 0.1
    reserve = [task.id for task in desk.mirror.tasks(OPEN) if task.place < share]
    wanted = rank([at_once(desk, share)], reserve, "auto", 40, share, {"label": 1})
    for _ in range(2):  # asked, and out of what is kept
        made = queueing.rank(desk, steps(desk.home), {"label": 1}, "auto", 40).ranking
        assert made.entries == wanted.entries
        assert (made.why, made.pool) == (wanted.why, wanted.pool)


def mapped(values: Any) -> bool:
    """Whether an array lies in a file."""
    while isinstance(values, np.ndarray):
        if isinstance(values, np.memmap):
            return True
        values = values.base
    return isinstance(values, mmap)


def test_chances_and_embeddings_of_a_pool_lie_in_files(desk: Desk) -> None:
    for _ in range(2):  # asked, and out of what is kept
        found = candidates(desk, steps(desk.home), "label", desk.mirror.tasks(OPEN, beyond=0.1), {"label": 1}, "auto")
        pool = found.asked.pool
        assert pool.chances.dtype == np.float32
        assert mapped(pool.chances)
        assert mapped(pool.embeddings)
        assert not isinstance(found.asked.predictions, list)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many examples each call to a model is given from now on."""
    sizes, real = list[int](), scoring._score_chunk

    def score(*given: Any) -> list[Prediction]:
        sizes.append(len(given[-1]))
        return real(*given)

    monkeypatch.setattr(scoring, "_score_chunk", score)
    return sizes


def test_only_what_is_new_or_changed_is_asked_about_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, live = counted(monkeypatch), {"label": 1}
    queueing.rank(desk, steps(desk.home), live, "margin", 30)
    first = sum(sizes)
    assert first > 1000
    queueing.rank(desk, steps(desk.home), live, "entropy", 30)
    assert sum(sizes) == first, "nothing changed"
    opened = [task for task in desk.mirror.tasks(OPEN, beyond=0.1) if task.data["text"]]
    row = {"id": opened[7].id, "created_at": STAMP, "updated_at": STAMP, "annotations": []}
    desk.mirror.keep([row | {"data": {"text": "ape1 ape2 ape3 other words"}}])
    desk.mirror.remove([opened[9].id])
    made = candidates(desk, steps(desk.home), "label", desk.mirror.tasks(OPEN, beyond=0.1), live, "margin").asked
    assert sizes[-1] == 1
    assert sum(sizes) == first + 1
    control = desk.handled["label"][0]
    [now] = predicting.load(desk.store.get(1), control).predict([Example(opened[7].id, "ape1 ape2 ape3 other words")])
    assert made.pool.chances[7].tolist() == now.chances[0].tolist()
    assert opened[9].id not in made.pool.task_ids
    assert len(made.predictions) == len(made.pool) == len(opened) - 1
    options = {"label": {"strength": 3.0}}
    desk.home.change_settings(options=options)
    queueing.rank(desk, steps(desk.home), live, "margin", 30)
    assert sum(sizes) == 2 * first + 1 - 1, "asked in another way"
    assert len(list(desk.home.path(ANSWERS, "label").iterdir())) == 1, "what nobody asks for goes"


def test_killed_in_between_it_goes_on_with_the_chunk_that_it_worked_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", KILLED, str(desk.home.root)]
    ended = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    sizes = counted(monkeypatch)
    made = queueing.rank(desk, steps(desk.home), {"label": 1}, "margin", 30).ranking
    assert sum(sizes) == len(at_once(desk, 0.1).predictions) + len(made_from(desk)) - 2 * scoring.CHUNK
    reserve = [task.id for task in desk.mirror.tasks(OPEN) if task.place < 0.1]
    assert made.entries == rank([at_once(desk, 0.1)], reserve, "margin", 30, 0.1, {"label": 1}).entries


def made_from(desk: Desk) -> list[Example]:
    labelled = desk.labelled("label", desk.mirror.labelled())
    places = {task.id: task.place for task in desk.mirror.labelled()}
    return [e for e in labelled if e.counts and places[e.task_id] >= 0.1]


def test_a_cancel_keeps_what_was_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    stopping, sizes = steps(desk.home), counted(monkeypatch)

    def report(progress: Any) -> None:
        if sizes:
            raise Cancelled

    monkeypatch.setattr(stopping, "report", report)
    with pytest.raises(Cancelled):
        queueing.rank(desk, stopping, {"label": 1}, "margin", 30)
    asked = sum(sizes)
    queueing.rank(desk, steps(desk.home), {"label": 1}, "margin", 30)
    assert asked >= scoring.CHUNK
    assert sum(sizes) == len(at_once(desk, 0.1).predictions) + len(made_from(desk))


def test_processes_say_the_same_row_for_row(desk: Desk) -> None:
    wanted = at_once(desk, 0.1)
    desk.home.change_settings(engine="processes")
    found = candidates(desk, steps(desk.home), "label", desk.mirror.tasks(OPEN, beyond=0.1), {"label": 1}, "margin")
    np.testing.assert_array_equal(found.asked.pool.task_ids, wanted.pool.task_ids)
    np.testing.assert_array_equal(found.asked.pool.chances, wanted.pool.chances)
    assert found.asked.pool.embeddings is not None
    np.testing.assert_array_equal(found.asked.pool.embeddings, wanted.pool.embeddings)


TARGETS = (
    Labels(("A",)),
    Regions(
        (Region("A", Box(0.1, 0.2, 0.3, 0.4, 5.0), 0.5), Region("", Polygon(((0.0, 0.1), (0.2, 0.3))))), (640, 480)
    ),
    Spans((Span(0, 4, "B", 0.25),)),
    Layout((Region("A", Box(0, 0, 1, 1), 1.0),), (5, 6), ("A", "", "A")),
    Regions(),
)


def test_every_target_and_ragged_chances_come_back_as_they_were(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    told = [
        Prediction(
            k, target, draw.random((units, 3)).astype(np.float32), members=draw.random((4, units, 3), np.float32)
        )
        for k, (target, units) in enumerate(zip(TARGETS, (1, 2, 0, 5, 3), strict=True))
    ]
    told.insert(2, Prediction(9, Labels(), np.zeros((1, 7), np.float32), problem="is no image"))
    control = Control("c", "x", "Choices", "Text", "text", CLASSES)
    with KeptAnswers(tmp_path / "c" / "one") as kept:
        kept.add(told[:4], ["a", "b", "c", "d"])
        kept.add(told[4:], ["e", "f"])
    rows = np.arange(6)
    fine = readable(kept, rows)
    assert problems(kept, rows) == {9: "is no image"}
    whole = [one for one in told if not one.problem]
    for one, back in zip(whole, Told(kept, fine), strict=True):
        assert (back.task_id, back.target) == (one.task_id, one.target)
        assert back.confidence == one.confidence
        np.testing.assert_array_equal(back.chances, one.chances)
    for order in (fine, fine[::-1], fine[[3, 0]], fine[1:3]):
        pool, wanted = said(kept, order, control), make_pool([told[row] for row in order], control)
        for name in ("task_ids", "chances", "offsets", "members", "objects", "tokens", "embeddings"):
            np.testing.assert_array_equal(getattr(pool, name), getattr(wanted, name), name)
    with KeptAnswers(tmp_path / "c" / "one") as again:
        assert again.find([0, 9, 1, 4, 5], ["a", "c", "x", "f", "g"]).tolist() == [0, -1, -1, 5, -1]


def test_embeddings_that_come_late_stand_in_their_rows(tmp_path: Path) -> None:
    even, control = np.full((1, 2), 0.5, np.float32), Control("c", "x", "Choices", "Text", "text", ("A", "B"))
    with KeptAnswers(tmp_path / "c" / "one") as kept:
        kept.add([Prediction(1, Labels(("A",)), even)], ["a"])
        kept.add([Prediction(2, Labels(("A",)), even, np.array([1, np.nan, 3], np.float32))], ["b"])
    assert said(kept, np.arange(2), control).embeddings is None
    later = said(kept, np.array([1]), control).embeddings
    assert later is not None
    assert later.tolist() == [[1, 0, 3]]


def test_reading_ahead_hands_on_errors_and_ends_when_nobody_listens() -> None:
    def broken() -> Any:
        yield from range(3)
        raise ValueError("a broken file")

    with pytest.raises(ValueError, match="a broken file"):
        list(ahead(broken(), lambda: None))
    made = list[int]()
    coming = ahead((made.append(k) or k for k in range(10_000)), lambda: None)  # type: ignore[func-returns-value]
    assert list(islice(coming, 3)) == [0, 1, 2]
    coming.close()
    assert len(made) < 100


def test_a_pool_that_stays_is_read_once_and_makes_the_same_version(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_space, "_spaces", {})
    with monkeypatch.context() as patch:
        patch.setattr(TextSpace, "fit", lambda *_: pytest.fail("the pool was read again"))
        taught(desk)
    first, second = desk.store.all()
    assert second.files == first.files
    desk.mirror.keep([{"id": 5000, "data": {"text": "ape1 is new here"}, "updated_at": STAMP, "annotations": []}])
    taught(desk)
    assert desk.store.get(3).files["words.json"] != first.files["words.json"]


def test_answers_that_nobody_asked_for_in_a_month_are_housekeeping(desk: Desk) -> None:
    queueing.rank(desk, steps(desk.home), {"label": 1}, "margin", 30)
    assert pools.old(desk.home) == []
    [folder] = desk.home.path(ANSWERS, "label").iterdir()
    for path in (*folder.iterdir(), folder):
        os.utime(path, (1e9, 1e9))
    assert [one.name for one in pools.old(desk.home)] == [folder.name]
