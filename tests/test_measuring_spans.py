"""Entity F1 against nervaluate and by hand, its interval and comparison; classes against scikit-learn."""

import json

import numpy as np
import pytest
from nervaluate import Evaluator
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from lsal.measuring import CLASSES, RULERS, ruler, wilson
from lsal.measuring.spans import ENTITIES
from lsal.records import Labels, Span, Spans

LABELS = ("person", "place", "group")
Found = list[list[tuple[int, int, str]]]


def told(texts: Found) -> dict[str, object]:
    """As a version's answers are kept: through JSON."""
    plain = {str(n): ENTITIES.plain(Spans.of(Span(*one, 0.5) for one in text)) for n, text in enumerate(texts)}
    kept: dict[str, object] = json.loads(json.dumps(plain))
    return kept


def toys(seed: int, count: int = 60) -> tuple[Found, Found]:
    """Truths and answers: right, missed, of another label, moved, or of nothing; none overlaps two others."""
    draw, truth, said = np.random.default_rng(seed), [], []
    for _ in range(count):
        true, found = [], []
        for place in range(0, int(draw.integers(0, 6)) * 20, 20):
            label = LABELS[int(draw.integers(3))]
            what = draw.choice(["right", "missed", "label", "moved", "nothing"], p=[0.4, 0.2, 0.1, 0.2, 0.1])
            if what != "nothing":
                true.append((place, place + 8, label))
            if what in ("right", "nothing"):
                found.append((place, place + 8, label))
            elif what == "label":
                found.append((place, place + 8, LABELS[(LABELS.index(label) + 1) % 3]))
            elif what == "moved":
                found.append((place + 3, place + 8 + int(draw.integers(3)), label))
        truth.append(true)
        said.append(found)
    return truth, said


def theirs(texts: Found) -> list[list[dict[str, object]]]:
    """nervaluate counts an end as part of an entity."""
    return [[{"start": a, "end": b - 1, "label": label} for a, b, label in text] for text in texts]


@pytest.mark.parametrize("seed", range(4))
def test_it_counts_as_nervaluate_does(seed: int) -> None:
    truth, said = toys(seed)
    mine = ENTITIES.measure(told(said), told(truth), LABELS)
    other = Evaluator(theirs(truth), theirs(said), tags=list(LABELS), loader="dict").evaluate()
    strict = other["overall"]["strict"]
    assert mine.value == pytest.approx(strict.f1)
    assert (mine.more["precision"], mine.more["recall"]) == (
        pytest.approx(strict.precision),
        pytest.approx(strict.recall),
    )
    assert mine.more["overlap F1"] == pytest.approx(other["overall"]["ent_type"].f1)
    assert mine.more["entities"] == strict.possible
    for label in LABELS:
        theirs_of = other["entities"][label]["strict"]
        figures = mine.classes[label].figures
        assert mine.classes[label].tasks == theirs_of.possible
        assert figures["recall"] == pytest.approx(theirs_of.recall)


def test_each_label_by_hand() -> None:
    truth = told([[(0, 4, "person"), (5, 9, "place")], [(0, 3, "person")], []])
    said = told([[(0, 4, "person"), (5, 9, "person")], [(0, 2, "person")], [(1, 2, "place")]])
    found = ENTITIES.measure(said, truth, LABELS)
    assert found.value == pytest.approx(2 * 1 / (4 + 3))
    assert found.classes["person"].figures == {"precision": 1 / 3, "recall": 1 / 2, "F1": pytest.approx(2 / 5)}
    assert found.classes["place"].figures == {"precision": 0.0, "recall": 0.0, "F1": 0.0}
    assert (found.unseen, found.tasks, found.commonest) == (("group",), 3, None)
    assert found.more["overlap F1"] == pytest.approx(4 / 7)
    assert found.facts()["entity F1"] == found.value


def test_nothing_to_find_is_no_figure_and_finding_something_there_is_zero() -> None:
    nothing = ENTITIES.measure(told([[], []]), told([[], []]), LABELS)
    assert (nothing.value, nothing.interval, nothing.tasks) == (None, (0.0, 1.0), 2)
    assert ENTITIES.value(told([[]]), told([[]]), LABELS) is None
    assert ENTITIES.value(told([[(0, 1, "place")]]), told([[]]), LABELS) == 0
    assert ENTITIES.measure({}, {}, LABELS).value is None
    assert ENTITIES.quality([], []) == 1
    assert ENTITIES.quality([[0, 1, "place"]], []) == 0


def test_the_interval_holds_the_figure_and_narrows_with_texts() -> None:
    wide, narrow = (ENTITIES.measure(*map(told, toys(1, count)[::-1]), LABELS) for count in (30, 600))
    for found in (wide, narrow):
        assert found.value is not None
        assert found.interval[0] < found.value < found.interval[1]
    assert np.diff(narrow.interval)[0] < np.diff(wide.interval)[0] / 2
    perfect = told(toys(1, 30)[0])
    assert ENTITIES.measure(perfect, perfect, LABELS).interval == wilson(30, 30)


def test_the_interval_covers_the_figure_of_all_texts() -> None:
    truth, said = (told(part) for part in toys(3, 2000))
    whole = ENTITIES.value(said, truth, LABELS)
    covered = 0
    for n in range(40):
        some = list(truth)[50 * n : 50 * n + 50]
        low, high = ENTITIES.measure({t: said[t] for t in some}, {t: truth[t] for t in some}, LABELS).interval
        covered += low <= whole <= high
    assert covered >= 34


def test_a_clear_change_is_told_and_a_doubtful_one_is_not() -> None:
    truth, said = toys(5, 80)
    better = [true if n % 2 else found for n, (true, found) in enumerate(zip(truth, said, strict=True))]
    clear = ENTITIES.compare(told(said), told(better), told(truth), LABELS)
    assert clear.verdict == "better"
    assert clear.metric == "entity F1"
    assert clear.lost == 0
    assert clear.gain == pytest.approx(
        ENTITIES.value(told(better), told(truth), LABELS) - ENTITIES.value(told(said), told(truth), LABELS)
    )
    assert ENTITIES.compare(told(better), told(said), told(truth), LABELS).verdict == "worse"
    place = next(n for n, (true, found) in enumerate(zip(truth, said, strict=True)) if true != found)
    slight = [*said[:place], truth[place], *said[place + 1 :]]
    assert ENTITIES.compare(told(said), told(slight), told(truth), LABELS).verdict == "cannot tell yet"
    assert ENTITIES.compare(told(said), told(said), told(truth), LABELS).p == 1


def test_chance_alone_is_seldom_a_clear_change() -> None:
    clear = 0
    for seed in range(40):
        truth, one = toys(seed, 60)
        draw = np.random.default_rng(seed + 1000)
        _, other = zip(*[toys(int(draw.integers(1 << 30)), 1) for _ in truth], strict=True)
        mixed = [found if draw.random() < 0.5 else list(more[0]) for found, more in zip(one, other, strict=True)]
        again = [list(more[0]) if kept is found else found for kept, found, more in zip(mixed, one, other, strict=True)]
        clear += ENTITIES.compare(told(mixed), told(again), told(truth), LABELS).p < 0.05
    assert clear <= 6


def test_it_is_the_ruler_of_kinds_that_ask_for_it() -> None:
    class Marking:
        metric = "entity F1"

    assert ruler(Marking) is ENTITIES is RULERS["entity F1"]
    assert ENTITIES.named(ENTITIES.plain(Spans.of([Span(0, 2, "place"), Span(3, 4, "place")]))) == "2 place"
    assert ENTITIES.named([]) == "nothing"


def test_classes_are_measured_as_scikit_learn_does() -> None:
    draw = np.random.default_rng(0)
    truth = [LABELS[n] for n in draw.integers(0, 3, 200)]
    said = [label if draw.random() < 0.6 else LABELS[int(draw.integers(3))] for label in truth]
    found = CLASSES.measure(
        {str(n): CLASSES.plain(Labels((label,))) for n, label in enumerate(said)},
        {str(n): CLASSES.plain(Labels((label,))) for n, label in enumerate(truth)},
        LABELS,
    )
    assert found.value == pytest.approx(accuracy_score(truth, said))
    columns = precision_recall_fscore_support(truth, said, labels=LABELS)
    assert found.more["macro_f1"] == pytest.approx(columns[2].mean())
    for label, precision, recall, f1, count in zip(LABELS, *columns, strict=True):
        told_of = found.classes[label]
        assert told_of.figures == {
            "precision": pytest.approx(precision),
            "recall": pytest.approx(recall),
            "F1": pytest.approx(f1),
        }
        assert told_of.tasks == count
