"""The laws of strategies, over every registered name; then what each of them is for."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from laws import over

from lsal.errors import EmptyPool
from lsal.records import Labels, Pool, Prediction
from lsal.strategies import STRATEGIES, measures, pickers
from lsal.strategies.pools import make_pool, start_pool
from lsal.testing import StrategyContract
from lsal.testing.materials import SINGLE, bare, pool_of
from lsal.testing.strategies import check

CONTROL = replace(SINGLE, labels=("a", "b", "c"))

globals().update(over(STRATEGIES, StrategyContract))


@pytest.mark.parametrize("name", ["margin_kmeans", "ranked_batch", "centroids", "auto"])
def test_a_strategy_that_wants_embeddings_says_when_there_are_none(name):
    assert "no embeddings" in STRATEGIES[name](bare(pool_of()), 20).why


@pytest.mark.parametrize("name", list(STRATEGIES))
def test_an_empty_pool_says_so(name):
    with pytest.raises(EmptyPool, match="no unlabelled task"):
        STRATEGIES[name](start_pool([], CONTROL), 5)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [("least_confident", "classifier_uncertainty"), ("margin", "classifier_margin"), ("entropy", "classifier_entropy")],
)
def test_measures_agree_with_modal(mine, theirs):
    import modAL.uncertainty

    class Frozen:
        def predict_proba(self, chances):
            return chances

    pool = pool_of(classes=5)
    reference = getattr(modAL.uncertainty, theirs)(Frozen(), pool.chances)
    scaled = {
        "least_confident": reference * 5 / 4,
        "margin": 1 - reference,
        "entropy": reference / np.log(5),
    }
    assert getattr(measures, mine)(pool) == pytest.approx(scaled[mine], abs=1e-5)


@pytest.mark.parametrize("measure", [measures.least_confident, measures.margin, measures.entropy])
@pytest.mark.parametrize("classes", [1, 2, 3, 9])
def test_measures_run_from_0_for_certain_to_1_for_even(measure, classes):
    chances = np.stack([np.eye(classes)[0], np.full(classes, 1 / classes)]).astype(np.float32)
    pool = Pool(np.arange(2), chances, np.arange(3), np.zeros(classes, int))
    assert measure(pool) == pytest.approx([0, 1 if classes > 1 else 0], abs=1e-5)
    assert measure(pool).dtype == np.float32


def test_a_task_counts_as_the_mean_of_its_units():
    sure, torn = [1, 0], [0.5, 0.5]
    chances = np.array([sure, torn, torn, sure, sure, torn], np.float32)
    pool = Pool(np.arange(4), chances, np.array([0, 2, 3, 3, 6]), np.zeros(2, int))
    assert measures.margin(pool) == pytest.approx([0.5, 1, 0, 1 / 3])


def test_margin_takes_the_closest_pair_and_least_confident_the_lowest_top():
    chances = np.array([[0.50, 0.49, 0.01], [0.40, 0.30, 0.30], [0.90, 0.05, 0.05]], np.float32)
    pool = Pool(np.arange(3), chances, np.arange(4), np.ones(3, int))
    assert STRATEGIES["margin"](pool, 1).positions.tolist() == [0]
    assert STRATEGIES["least_confident"](pool, 1).positions.tolist() == [1]
    assert STRATEGIES["entropy"](pool, 3).positions.tolist() == [1, 0, 2]


def test_ties_are_broken_by_the_seed_not_by_the_order():
    scores = np.ones(1000, np.float32)
    one, other = pickers.best(scores, 20, 0), pickers.best(scores, 20, 1)
    assert set(one.tolist()) != set(other.tolist())
    assert one.mean() == pytest.approx(500, abs=200)


def test_a_strategy_without_an_opinion_draws_as_the_baseline_does():
    pool = start_pool(range(300), CONTROL, seed=7)
    assert np.array_equal(STRATEGIES["margin"](pool, 25).positions, STRATEGIES["random"](pool, 25).positions)


def blobs(centers=5, each=40, seed=0):
    draw = np.random.default_rng(seed)
    means = 50 * np.eye(centers, 8)
    return (np.repeat(means, each, axis=0) + draw.normal(size=(centers * each, 8))).astype(np.float32)


def test_centroids_take_one_typical_task_of_each_cluster_and_leave_out_what_is_labelled():
    vectors = blobs()
    pool = start_pool(range(200), CONTROL, vectors)
    picks = STRATEGIES["centroids"](pool, 5)
    assert sorted(picks.positions // 40) == [0, 1, 2, 3, 4]
    gaps = np.linalg.norm(vectors - np.repeat(vectors.reshape(5, 40, 8).mean(axis=1), 40, axis=0), axis=1)
    for position in picks.positions:
        block = gaps[position // 40 * 40 :][:40]
        assert gaps[position] == pytest.approx(block.min(), abs=1e-3)
    labelled = replace(pool, labelled_embeddings=vectors[[0, 40, 80]], seen=np.array([1, 1, 1]))
    assert {3, 4} <= set((STRATEGIES["centroids"](labelled, 2).positions // 40).tolist())


def test_kmeans_varies_the_batch_where_the_top_is_all_alike():
    pool = pool_of(200)
    vectors = blobs()
    torn = np.tile(np.float32([0.34, 0.33, 0.33]), (200, 1))
    torn[:40] = [0.335, 0.335, 0.33]  # one cluster is a shade more uncertain
    pool = replace(pool, embeddings=vectors, chances=torn)
    assert set((STRATEGIES["margin"](pool, 20).positions // 40).tolist()) == {0}
    assert len(set((STRATEGIES["margin_kmeans"](pool, 20).positions // 40).tolist())) == 5


def test_ranked_batch_keeps_away_from_what_is_labelled():
    vectors = blobs()
    even = np.full((200, 3), 1 / 3, np.float32)
    pool = replace(pool_of(200), embeddings=vectors, chances=even, labelled_embeddings=vectors[:80])
    assert set((STRATEGIES["ranked_batch"](pool, 3).positions // 40).tolist()) == {2, 3, 4}


def test_auto_starts_typical_and_turns_to_uncertain_and_says_why():
    start = STRATEGIES["auto"](start_pool(range(200), CONTROL, blobs()), 10)
    assert "typical" in start.why
    assert "nothing is labelled" in start.why
    few = STRATEGIES["auto"](pool_of(labelled=6), 10)
    assert "6 labels so far, 15 wanted" in few.why
    one = STRATEGIES["auto"](replace(pool_of(), seen=np.array([40, 0, 0])), 10)
    assert "40 labels so far are of one class" in one.why
    later = STRATEGIES["auto"](pool_of(), 10)
    assert "small margins" in later.why
    assert measures.margin(pool_of())[later.positions].mean() > measures.margin(pool_of()).mean() + 0.1
    assert "40 labels over 3 of 3 classes" in later.why


def test_make_pool_counts_and_stacks():
    vector = np.ones(4, np.float32)
    several = replace(CONTROL, options={"choice": "multiple"})
    guess = Prediction(1, Labels(), np.full((3, 2), 0.5, np.float32), vector)
    pool = make_pool([guess, replace(guess, task_id=2)], several, [Labels(("a", "c")), Labels()], [guess, guess], 3)
    assert pool.task_ids.tolist() == [1, 2]
    assert pool.chances.shape == (6, 2)
    assert pool.offsets.tolist() == [0, 3, 6]
    assert pool.seen.tolist() == [1, 0, 1]
    assert pool.labelled_classes.tolist() == [0, -1]
    assert pool.embeddings.shape == pool.labelled_embeddings.shape == (2, 4)
    assert pool.seed == 3
    assert make_pool([replace(guess, embedding=None)], several).embeddings is None
    check(STRATEGIES["auto"](pool, 5), pool, 5)


def test_selection_scales_to_a_million():
    draw = np.random.default_rng(0)
    n = 1_000_000
    chances = draw.random((n, 10), np.float32)
    chances /= chances.sum(axis=1, keepdims=True)
    pool = Pool(np.arange(n), chances, np.arange(n + 1), np.full(10, 50), embeddings=draw.random((n, 16), np.float32))
    begin = time.thread_time()  # not that of whatever else this process has begun
    check(STRATEGIES["auto"](pool, 100), pool, 100)
    assert time.thread_time() - begin < 5
