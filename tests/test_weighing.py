"""Labels saved by the picks of chance: on projects whose answer is known, in words, and on a real Label Studio."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from projects import write_texts
from test_labels_saved import line

from lsal.cli import main
from lsal.label_studio.server import Server
from lsal.measuring import CLASSES
from lsal.ranking import chance_of
from lsal.records import Entry, Example, Picks, Ranking
from lsal.rehearsal import Saved
from lsal.rehearsal.saving import saved_by_draws
from lsal.rehearsal.source import read_source
from lsal.rehearsal.telling import in_words, told
from lsal.rehearsal.weighing import weighed
from lsal.workbench import Workbench
from lsal.worker import drawn


def words(shuffled: bool) -> list[dict[str, str]]:
    """Each text is about one of 60 words, the first ones far more often, and its word alone tells the class."""
    draw, made = np.random.default_rng(0), []
    often = 1 / np.arange(1, 61)
    for n, word in enumerate(draw.choice(60, 700, p=often / often.sum()).tolist()):
        text = f"the word{word} of it by {draw.choice(['day', 'night'])}"
        made.append({"text": text, "label": f"class{word % 4}", "split": "test" if n >= 500 else "train"})
    if shuffled:
        labels = draw.permutation([row["label"] for row in made])
        made = [row | {"label": str(label)} for row, label in zip(made, labels, strict=True)]
    return made


def project(shuffled: bool) -> tuple[list[Example], dict[int, float], list[Example], Any]:
    """Labels as they came: a strategy took each word once, the commonest first; later some were drawn by chance."""
    source = read_source(words(shuffled), "text", "label")
    pool, test = source.pool_and_test(0)
    seen = Counter(str(one.input).split()[1] for one in pool)
    first = {str(one.input).split()[1]: place for place, one in reversed(list(enumerate(pool)))}
    chosen = [first[word] for word, _ in seen.most_common()]
    share = random.Random(0).sample(range(len(pool)), 60)
    order = list(dict.fromkeys([*chosen, *share]))
    chances = {pool[place].task_id: 60 / len(pool) for place in share}
    return [pool[place] for place in order], chances, test, source.control


def found(shuffled: bool) -> Saved | str:
    labelled, chances, test, control = project(shuffled)
    return weighed(labelled, chances, test, control, "sklearn_text", None, CLASSES, lambda progress: None)


def test_what_a_strategy_saved_is_found_by_the_tasks_that_chance_picked() -> None:
    told = found(shuffled=False)
    assert isinstance(told, Saved)
    assert told.sure == 1, told
    assert in_words(told).startswith("saved ")


def test_where_labels_mean_nothing_nothing_was_saved() -> None:
    assert str(found(shuffled=True)).startswith("nothing measurable: no model here is better than the commonest")


def test_without_enough_picks_of_chance_or_measuring_tasks_it_cannot_tell() -> None:
    labelled, chances, test, control = project(shuffled=False)
    few = dict(list(chances.items())[:7])
    how = (control, "sklearn_text", None, CLASSES, lambda progress: None)
    assert "7 labelled tasks were picked by chance, 40 wanted" in str(weighed(labelled, few, test, *how))
    assert "5 measuring tasks are labelled" in str(weighed(labelled, chances, test[:5], *how))
    only = [one for one in labelled if one.task_id in chances]
    assert "no strategy has chosen yet" in str(weighed(only, chances, test, *how))


def test_repetitions_are_told_by_their_spread() -> None:
    told = saved_by_draws([line(0.02, labels=[5, 15, 25])] * 4, [line(0.01)] * 4)
    assert (told.labels, told.baseline, told.count, told.half) == pytest.approx((25, 50, 25, 0))
    lifts = [0.0, 0.1, 0.0, 0.1]
    spread = saved_by_draws([line(0.01, one) for one in lifts], [line(0.01)] * 4)
    assert spread.count == pytest.approx(5)
    assert spread.half == pytest.approx(3.182446 * np.std([0, 10, 0, 10], ddof=1))


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        (Saved(0.8, 200, 510, 10, 90, 0.18), "saved 310 ± 90"),
        (Saved(0.8, 500, 510, 10, 90, 0.18), "nothing measurable (+10 ± 90)"),
        (Saved(0.8, 400, 510, 3, 400, 0.8), "cannot tell (+110 ± 400)"),
        (Saved(0.8, 600, 510, 10, 30, 0.06), "cost 90 ± 30 more"),
        (Saved(0.8, None, 510, 10), "cannot tell: 0.800 is not reached"),
        (Saved(0.8, 200, 510, 1), "cannot tell: one replay has no interval"),
    ],
)
def test_words(saved: Saved, words: str) -> None:
    assert in_words(saved) == words
    assert told(saved, "9 tasks")["measured_on"] == "9 tasks"


def test_chances_stay_and_add_up_over_draws(isolated_root: Path) -> None:
    from lsal.home import create_home

    home = create_home(isolated_root, "http://127.0.0.1:1", 1, "now", "x")
    for chance in (0.5, None, 0.2):
        drawn.note(home, Ranking((Entry(1, 1.0, probability=chance), Entry(2, 1.0, measuring=True)), "auto", {}, 0.0))
    assert drawn.chances(home) == {1: pytest.approx(0.6)}


def test_only_chances_count_as_chances() -> None:
    some = Picks(np.arange(3), np.zeros(3), probability=np.array([0.25, 0.0, np.nan], np.float32))
    assert [chance_of(some, k) for k in range(3)] == [0.25, None, None]
    assert chance_of(Picks(np.arange(3), np.zeros(3)), 0) is None


def test_a_published_random_batch_leaves_its_chances_and_saved_tells(
    label_studio: Server, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Workbench(root).new(str(write_texts(tmp_path / "texts.csv", 200, classes=3)), title="drawn", demo=True)
    bench.configure(batch=10, refill_below=0.0)
    assert "nothing was rehearsed" in bench.saved().says
    bench.rank(strategy="random").wait(timeout_s=300)
    chances = drawn.chances(bench.home)
    assert len(chances) == 9, "the tenth is a measuring task"
    choosable = sum(task.place >= 0.1 for task in bench.desk.mirror.tasks())
    assert list(chances.values()) == pytest.approx([9 / choosable] * 9)
    bench.label()
    given = {"strategies": ("auto", "random"), "start": 4, "batch": 2, "budget": 8, "seeds": 2, "workers": 1}
    bench.rehearse_own(**given).wait(timeout_s=300)
    told = bench.saved()
    assert "9 labelled tasks were picked by chance, 40 wanted" in told["picks"]["says"]
    assert "2 replays of auto" in told["rehearsal"]["measured_on"]
    with pytest.MonkeyPatch.context() as here:
        here.setenv("LSAL_ROOT", str(root))
        assert main(["saved", "--project", bench.home.slug]) == 0
    assert "9 of 9 labels picked by chance" in capsys.readouterr().out
