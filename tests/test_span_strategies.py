"""Which texts with spans come first: doubtful words, entities, variety, a quota of those in which nothing is found."""

from dataclasses import replace

import numpy as np
import pytest

from lsal.records import Control, Pool, Prediction, Span, Spans
from lsal.strategies import STRATEGIES, measures
from lsal.strategies.pools import make_pool, start_pool
from lsal.strategies.spans import EMPTY_SHARE, tag_weight, token_doubt, token_margin
from lsal.testing.materials import CLASSES, tokens_pool

SURE, TORN, NOTHING, MAYBE = (0.97, 0.02, 0.01), (0.5, 0.05, 0.45), (0.01, 0.01, 0.98), (0.05, 0.35, 0.6)
CONTROL = Control("c", "x", "Labels", "Text", "x", CLASSES)


def pool(*texts: list[tuple[float, ...]], **more: object) -> Pool:
    """Texts, each the chances of its words: cat, dog, none."""
    rows = [row for text in texts for row in text]
    return Pool(
        task_ids=np.arange(len(texts)) + 100,
        chances=np.array(rows, np.float32).reshape(-1, 3),
        offsets=np.concatenate([[0], np.cumsum([len(text) for text in texts])]),
        seen=np.array([20, 20]),
        tokens=True,
        **more,
    )


def test_the_more_torn_the_more_doubt_and_a_text_without_words_has_none() -> None:
    doubt = token_doubt(pool([NOTHING, SURE], [NOTHING, TORN], [], [NOTHING, NOTHING]))
    assert doubt[1] > doubt[0] > doubt[3] > doubt[2] == 0
    assert doubt.dtype == np.float32
    assert token_doubt(pool([], [])).tolist() == [0, 0]


def test_a_long_text_wins_by_less_than_its_length() -> None:
    short, long = token_doubt(pool([TORN] * 4, [TORN] * 36))
    assert short < long < 9 * short
    padded, dense = token_doubt(pool([TORN] + [NOTHING] * 40, [TORN]))
    assert padded < dense


def test_of_equally_doubtful_words_those_that_look_like_spans_count_more() -> None:
    inside, outside = (0.48, 0.48, 0.04), (0.02, 0.49, 0.49)
    weights = tag_weight(pool([inside], [outside]))
    assert weights == pytest.approx([0.96 / 1.96, 0.51 / 1.51], abs=1e-5)
    doubt = token_doubt(pool([inside], [outside]))
    assert doubt[0] > doubt[1]


def test_texts_in_which_nothing_is_found_have_a_quota() -> None:
    whole = pool(*[[NOTHING, MAYBE]] * 150, *[[TORN, NOTHING]] * 50)
    picks = token_margin(whole, 40)
    empty = (picks.positions < 150).sum()
    assert empty == round(40 * EMPTY_SHARE)
    assert f"{empty} in which nothing is found" in picks.why
    assert (np.diff(picks.scores) <= 0).all()
    assert sorted(token_margin(whole, 120).positions.tolist())[:70][-1] < 150  # only 50 are left in which something is


def test_a_batch_is_varied() -> None:
    """Of 30 copies of the most doubtful text few are taken."""
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(100, 8)).astype(np.float32)
    vectors[:30] = vectors[0]
    same = pool(*[[TORN, TORN]] * 30, *[[TORN, NOTHING]] * 70, embeddings=vectors)
    assert (token_margin(same, 10).positions < 30).sum() <= 3
    assert (STRATEGIES["margin"](same, 10).positions < 30).sum() == 10


@pytest.mark.parametrize("name", ["least_confident", "margin", "entropy"])
def test_the_plain_measures_are_means_over_words(name: str) -> None:
    told = getattr(measures, name)(pool([TORN], [TORN, NOTHING], [NOTHING], []))
    assert told[0] > told[1] > told[2] > told[3] == 0
    assert told[1] == pytest.approx((told[0] + told[2]) / 2, abs=1e-6)


def test_auto_begins_with_typical_texts_and_goes_on_with_doubtful_ones() -> None:
    start = start_pool(range(50), CONTROL, np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32))
    assert start.tokens
    assert STRATEGIES["auto"](start, 5).why.startswith("the most typical task of each cluster")
    few = replace(tokens_pool(), labelled_embeddings=np.zeros((4, 8), np.float32))
    assert "4 labelled tasks so far" in STRATEGIES["auto"](few, 5).why
    later = STRATEGIES["auto"](tokens_pool(), 20)
    assert np.array_equal(later.positions, token_margin(tokens_pool(), 20).positions)
    assert later.why.endswith("20 labelled tasks")
    unseen = replace(tokens_pool(), seen=np.zeros(3, np.int64))
    assert STRATEGIES["auto"](unseen, 20).why.startswith("the most typical")


def test_seen_counts_entities() -> None:
    told = [Prediction(n, Spans(), np.zeros((2, 4), np.float32)) for n in range(3)]
    given = Spans((Span(0, 1, "cat"), Span(2, 3, "cat"), Span(4, 5, "eel")))
    made = make_pool(told, CONTROL, [given, Spans()])
    assert made.tokens
    assert not made.objects
    assert made.seen.tolist() == [2, 0, 1]
