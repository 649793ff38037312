"""F1 over the words of pages, by hand; its interval, and comparisons in pairs."""

import numpy as np
import pytest

from lsal.kinds import KINDS
from lsal.measuring import RULERS, ruler, wilson
from lsal.measuring.words import WORDS
from lsal.records import Layout

LABELS = ("title", "total", "date")


def test_the_kind_of_pages_is_measured_by_it() -> None:
    assert ruler(KINDS["document_layout"]) is WORDS is RULERS["word F1"]
    assert WORDS.plain(Layout((), None, ("title", ""))) == ["title", ""]


def test_words_that_somebody_gave_a_label_count() -> None:
    truth = {"a": ["title", "title", "", "total"], "b": ["", ""]}
    said = {"a": ["title", "total", "total", "total"], "b": ["", "title"], "other": ["title"]}
    found = WORDS.measure(said, truth, LABELS)
    assert found.value == pytest.approx(2 * 2 / (5 + 3))  # two are right, five were told, three are true
    assert WORDS.value(said, truth, LABELS) == found.value
    assert found.more == {
        "word accuracy": pytest.approx(3 / 6),
        "always the commonest": pytest.approx(2 * 2 / (6 + 3)),  # "title" everywhere
        "words": 6.0,
    }
    title, total = found.classes["title"], found.classes["total"]
    assert title.tasks == 2
    assert title.figures == {"precision": 1 / 2, "recall": 1 / 2, "F1": pytest.approx(2 * 1 / (2 + 2))}
    assert total.figures == {"precision": 1 / 3, "recall": 1.0, "F1": pytest.approx(2 * 1 / (3 + 1))}
    assert found.unseen == ("date",)
    assert found.tasks == 2


def test_a_page_that_could_not_be_read_is_told_nothing_about() -> None:
    truth = {"a": ["title", "title"], "b": ["title", "title"]}
    assert WORDS.value({"a": ["title", "title"], "b": []}, truth, LABELS) == pytest.approx(2 * 2 / (2 + 4))


def test_nothing_to_find_and_nothing_told() -> None:
    assert WORDS.quality(["", ""], ["", ""]) == 1.0
    assert WORDS.quality(["title", ""], ["", ""]) == 0.0
    assert WORDS.value({"a": [""]}, {"a": [""]}, LABELS) is None
    found = WORDS.measure({}, {}, LABELS)
    assert (found.value, found.interval, found.unseen) == (None, (0.0, 1.0), ())
    assert WORDS.named(["title", "", "title", "date"]) == "2 title, 1 date"
    assert WORDS.named(["", ""]) == "nothing"


def test_all_right_is_one_and_the_interval_is_no_wider_than_so_many_pages_allow() -> None:
    truth = {str(n): ["title", ""] for n in range(24)}
    found = WORDS.measure(truth, truth, LABELS)
    assert (found.value, found.interval) == (1.0, wilson(24, 24))


def test_the_interval_is_over_pages_and_not_over_words() -> None:
    """Pages that are wrong as a whole say less than as many wrong words here and there."""
    draw, truth = np.random.default_rng(0), {str(n): ["title"] * 50 for n in range(20)}
    pages = {task: ["title" if n % 2 else "total"] * 50 for n, task in enumerate(truth)}
    words = {task: [("title", "total")[x] for x in draw.integers(0, 2, 50)] for task in truth}
    wide, narrow = (WORDS.measure(said, truth, LABELS).interval for said in (pages, words))
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])
    assert wide[0] < 0.5 < wide[1]


def test_versions_are_compared_in_pairs() -> None:
    truth = {str(n): ["title", "total", ""] for n in range(20)}
    worse = {task: ["title", "", ""] for task in truth}
    better = WORDS.compare(worse, truth, truth)
    assert (better.verdict, better.gained, better.lost) == ("better", 20, 0)
    assert better.gain == pytest.approx(1 - 2 * 20 / (20 + 40))
    assert "word F1 +0.333" in str(better)
    assert WORDS.compare(truth, worse, truth).verdict == "worse"
    assert WORDS.compare(worse, worse, truth).verdict == "cannot tell yet"
    few = {task: truth[task] for task in list(truth)[:4]}
    assert WORDS.compare(worse, truth, few).verdict == "cannot tell yet", "four pages are not evidence"
