"""Why a task is asked for: by whom, with what doubt, beside which labelled ones; and nothing of a measuring task."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from explained import answer, change_entry, explained, kept_pool, open_entry
from prepared import prepared, publish
from test_ranking import CONTROL, predictions

from lsal import scored
from lsal.dashboard.html import to_html, to_text
from lsal.errors import BadRequest
from lsal.kinds.text_choices import TextChoices
from lsal.ranking import Candidates, rank
from lsal.strategies.pools import make_pool
from lsal.workbench import Workbench
from lsal.workbench.chances import likeliest
from lsal.workbench.neighbours import cosines


@pytest.fixture
def bench(isolated_root: Path) -> Workbench:
    return explained(isolated_root)


def names(bench: Workbench, task: int) -> list[str]:
    return [part.name for part in bench.why(task).parts]


def test_a_picked_task_tells_its_place_its_doubt_its_chances_and_its_like(bench: Workbench) -> None:
    entry, pool = open_entry(bench), kept_pool(bench)
    why, row = bench.why(entry.task_id), pool.task_ids.tolist().index(entry.task_id)
    assert (why.role, why.place, why.batch) == ("picked", 0, 15)
    assert why.says == "Number 1 of 15 in the queue: picked by margin"
    [part] = [part for part in why.parts if part.name == "in the pool"]
    assert part.value == pytest.approx(pool.score[row])
    below = 100 * (pool.score < pool.score[row]).mean()
    assert f"larger than that of {below:.0f} % of the open tasks" in part.says
    assert [one.chance for one in why.chances] == sorted(pool.chances[row].tolist(), reverse=True)
    assert why.chances[0].label == pool.classes[pool.guess[row]]
    assert (why.others, why.rest) == (0, 0.0)
    assert (why.group.number, why.group.size, why.group.of) == (
        entry.task_id % 3,
        (pool.cluster == entry.task_id % 3).sum(),
        len(pool.task_ids),
    )
    assert sum(one.chance for one in why.group.classes) == pytest.approx(1.0)
    assert why.notes == ()


def test_neighbours_are_the_nearest_labelled_tasks_with_who_said_what(bench: Workbench) -> None:
    pool, mirror = kept_pool(bench), bench.desk.mirror
    twin = next(t for t in pool.task_ids.tolist() if t - 24 in pool.labelled_ids)
    answer(bench, twin - 24, (1, "ham"), (2, "spam"))
    found = bench.why(twin).neighbours
    assert found[0].task_id == twin - 24
    assert len(found) == 5
    assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)
    assert found[0].similarity == pytest.approx(1.0, abs=0.01)
    assert found[0].said == (("anna@example.org", "ham"), ("ben@example.org", "spam"))
    assert found[1].said == (("anna@example.org", "ham"),)
    assert found[0].shown == (next(mirror.tasks(ids=[twin - 24])).data["text"],)
    assert "anna@example.org: ham, ben@example.org: spam" in to_text(bench.why(twin))
    mirror.remove([twin - 24])
    assert bench.why(twin).neighbours[0].task_id == found[1].task_id, "a deleted one is no neighbour any more"
    mine = bench.why(found[1].task_id)
    assert mine.role == "answered"
    assert mine.neighbours
    assert mine.task_id not in [one.task_id for one in mine.neighbours]


def test_neighbours_are_those_of_the_newest_ranking(bench: Workbench) -> None:
    task, pool = open_entry(bench).task_id, kept_pool(bench)
    before = bench.why(task).neighbours
    turned = replace(pool, ranking=pool.ranking, labelled_embeddings=-pool.labelled_embeddings)
    scored.keep(bench.home, turned)
    assert [one.task_id for one in bench.why(task).neighbours] != [one.task_id for one in before]


def test_of_a_measuring_task_nothing_is_told_that_a_model_says(bench: Workbench) -> None:
    share = bench.home.settings().measuring_share
    reserved = [task.id for task in bench.desk.mirror.tasks(state=0) if task.place < share]
    for task in reserved:
        why = bench.why(task)
        assert why.role == "measuring"
        assert (why.chances, why.neighbours, why.group, why.guess) == ((), (), None, "")
        assert [part.name for part in why.parts] == ["measuring"]
    assert len(reserved) == 4


def test_what_a_person_or_chance_chose_says_so(bench: Workbench) -> None:
    task = open_entry(bench).task_id
    change_entry(bench, task, probability=0.125, parts={"random": 1.0, "uncertainty": 0.0})
    drawn = bench.why(task)
    assert drawn.role == "drawn"
    assert "drawn at random" in drawn.says
    assert [(p.name, p.value) for p in drawn.parts if p.name == "random draw"] == [("random draw", 0.125)]
    assert "doubt" not in names(bench, task)
    change_entry(bench, task, probability=None, parts={"uncertainty": 0.9}, pinned=True)
    assert bench.why(task).says == "Number 1 of 15 in the queue: a person pinned it"
    assert names(bench, task) == ["in the pool"]
    change_entry(bench, task, pinned=False, relabel="given ham, the models say spam")
    assert bench.why(task).says.endswith("labelled already, and sent back: given ham, the models say spam")


def test_wishes_that_wait_for_the_next_ranking_are_told(bench: Workbench) -> None:
    pool = kept_pool(bench).task_ids.tolist()
    inside, outside = open_entry(bench).task_id, pool[15:]
    assert bench.why(outside[0]).role == "waiting"
    assert bench.why(outside[0]).place is None
    bench.pin(outside[:1])
    bench.push_last(outside[1:2])
    bench.exclude([inside, outside[2]])
    assert bench.why(outside[0]).says == "Pinned: the next ranking puts it first"
    assert bench.why(outside[1]).says.startswith("Pushed last")
    assert bench.why(outside[2]).says.startswith("Excluded")
    assert bench.why(inside).says == "Number 1 of 15 in the queue: and excluded since: the next ranking leaves it out"


def test_each_part_of_a_score_is_named_in_words(bench: Workbench) -> None:
    task = open_entry(bench).task_id
    change_entry(
        bench, task, parts={"uncertainty": 0.9, "gain": 3.2, "quota": 1.0, "nothing_found": 0.0, "odd_one": 7.0}
    )
    why = bench.why(task)
    assert [part.name for part in why.parts] == ["doubt", "gain", "quota", "odd one", "in the pool"]
    doubt, gain, quota, odd, _ = why.parts
    assert (doubt.value, doubt.share) == (0.9, True)
    assert (gain.value, gain.share) == (3.2, False)
    assert (quota.value, odd.value) == (None, 7.0)
    assert all(part.says for part in why.parts)


def test_quotas_mark_whom_they_kept_a_place_for() -> None:
    told = predictions(60)
    each = [Candidates(CONTROL, make_pool(told, CONTROL), told, lambda p: TextChoices().result(CONTROL, p))]
    made = rank(each, [], "quota=0.5:margin", 10, 0.0)
    assert sum(entry.parts["quota"] for entry in made.entries) == 5


def test_of_many_classes_the_ten_likeliest_are_told_and_the_rest_summed() -> None:
    chances = np.random.default_rng(0).dirichlet(np.ones(1000)).astype(np.float32)
    told = likeliest(tuple(map(str, range(1000))), chances)
    assert [one.label for one in told["chances"]] == [str(k) for k in np.argsort(-chances)[:10]]
    assert told["others"] == 990
    assert told["rest"] == pytest.approx(1 - np.sort(chances)[-10:].sum(), abs=1e-5)


def test_what_is_not_known_is_said_with_the_next_step(isolated_root: Path) -> None:
    bench = prepared(isolated_root / "bare")
    bench.configure(measuring_share=0.0)
    assert bench.why(30).notes == ("Nothing was published yet. Publish a first batch: lsal rank",)
    with pytest.raises(BadRequest, match="has no task 99"):
        bench.why(99)
    publish(bench, [30])
    assert bench.why(30).notes == ("What the model said of the whole pool was not kept yet. Rank again: lsal rank",)
    bench = explained(isolated_root)
    task, pool = open_entry(bench).task_id, kept_pool(bench)
    scored.keep(bench.home, replace(pool, ranking="older"))
    assert "of an earlier ranking" in bench.why(task).notes[0]
    scored.keep(bench.home, replace(pool, task_ids=pool.task_ids + 1000))
    assert "did not know this task" in bench.why(task).notes[0]
    nothing = np.full(len(pool.task_ids), np.nan, np.float32)
    bare = replace(pool, version=None, chances=None, score=nothing, labelled_embeddings=None)
    scored.keep(bench.home, bare)
    why = bench.why(task)
    assert "There is no version yet" in why.notes[0]
    assert (why.chances, why.neighbours) == ((), ())
    assert "in the pool" not in [part.name for part in why.parts]


def test_cosines_are_those_of_a_library() -> None:
    from scipy.spatial.distance import cdist

    rows = np.random.default_rng(0).standard_normal((30, 7)).astype(np.float32)
    found = cosines(rows, rows[3], np.linalg.norm(rows, axis=1))
    np.testing.assert_allclose(found, 1 - cdist(rows, rows[3:4], "cosine")[:, 0], atol=1e-6)
    rows[4] = 0
    assert cosines(rows, rows[3], np.linalg.norm(rows, axis=1))[4] == 0


def test_the_sheet_is_only_text(bench: Workbench) -> None:
    bench.configure(measuring_share=0.0)  # task 26 is the hostile one
    scored.keep(bench.home, kept_pool(bench))
    html = to_html(bench.why(26))
    assert html
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    for told in ("Task 26. ", "What version 2 says", "Labelled tasks most like it", "anna@example.org"):
        assert told in to_text(bench.why(26))
