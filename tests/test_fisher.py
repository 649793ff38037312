"""The Fisher rule: what a label tells about the other tasks, against the plain computation of it."""

from dataclasses import replace

import numpy as np
import pytest

from lsal.records import Pool
from lsal.strategies import STRATEGIES, fisher, measures
from lsal.strategies.auto import auto


def pool_of(vectors: np.ndarray, chances: np.ndarray, labelled: np.ndarray, seed: int = 0) -> Pool:
    n = len(vectors)
    return Pool(
        task_ids=np.arange(n),
        chances=chances.astype(np.float32),
        offsets=np.arange(n + 1),
        seen=np.full(chances.shape[1], 20),
        seed=seed,
        embeddings=vectors.astype(np.float32),
        labelled_embeddings=labelled.astype(np.float32),
    )


def some(n: int = 60, d: int = 6, classes: int = 3, seed: int = 0) -> Pool:
    draw = np.random.default_rng(seed)
    vectors = draw.standard_normal((n, d))
    return pool_of(
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        draw.dirichlet(np.ones(classes), n),
        draw.standard_normal((8, d)),
        seed,
    )


def expected_variance(pool: Pool, picked: list[int]) -> float:
    """tr(C M), with C inverted afresh: the mean variance of the pool's answers, but for a factor."""
    vectors, known = pool.embeddings.astype(float), pool.labelled_embeddings.astype(float)
    openness = 1 - (pool.chances.astype(float) ** 2).sum(axis=1)
    information = fisher.PRIOR * (vectors**2).sum(axis=1).mean() * np.eye(vectors.shape[1])
    information += openness.mean() * known.T @ known
    for place in picked:
        information += openness[place] * np.outer(vectors[place], vectors[place])
    moment = (vectors * openness[:, None]).T @ vectors
    return float(np.trace(np.linalg.solve(information, moment)))


@pytest.mark.parametrize("seed", range(5))
def test_each_pick_is_the_one_that_lowers_the_variance_most(seed: int) -> None:
    """As the definition says, computed afresh for every task; here all of the pool is on the shortlist."""
    pool, picked = some(seed=seed), list[int]()
    picks = fisher.fisher(pool, 6)
    for position, gain in zip(picks.positions.tolist(), picks.parts["gain"], strict=True):
        before = expected_variance(pool, picked)
        after = {n: expected_variance(pool, [*picked, n]) for n in range(len(pool)) if n not in picked}
        assert position == min(after, key=after.__getitem__)
        assert gain == pytest.approx(before - after[position], rel=1e-3)
        picked.append(position)


def test_only_small_margins_are_looked_at() -> None:
    draw = np.random.default_rng(1)
    pool = replace(some(500), chances=draw.dirichlet(np.ones(3), 500).astype(np.float32))
    doubts = measures.margin(pool)
    least = np.sort(doubts)[-fisher.FACTOR * 5]
    assert (doubts[fisher.fisher(pool, 5).positions] >= least).all()


def test_near_duplicates_come_after_all_others() -> None:
    pool = some(40)
    vectors = pool.embeddings.copy()
    vectors[:20] = 3 * vectors[0]  # whatever their length
    picks = fisher.fisher(replace(pool, embeddings=vectors), 12)
    assert (picks.positions < 20).sum() <= 1
    everything = fisher.fisher(replace(pool, embeddings=vectors), 25).positions
    assert (everything < 20).sum() == 5
    assert (everything[:20] < 20).sum() <= 1


def test_what_is_labelled_is_not_asked_again() -> None:
    """Two groups of equal doubt, one of them labelled already: the batch begins with the other one."""
    vectors = np.zeros((40, 2))
    vectors[:20, 0], vectors[20:, 1] = 1, 1
    even = np.full((40, 2), 0.5)
    picks = fisher.fisher(pool_of(vectors, even, vectors[:5]), 1)
    assert picks.positions[0] >= 20


def test_an_outlier_that_tells_nothing_about_others_waits() -> None:
    vectors = np.zeros((41, 2))
    vectors[:40, 0], vectors[40, 1] = 1, 1
    chances = np.full((41, 2), 0.5)
    chances[40] = 0.5
    assert fisher.fisher(pool_of(vectors, chances, vectors[:0]), 1).positions[0] != 40


def test_a_pool_of_zeros_and_one_that_is_sure_of_everything_are_ranked_all_the_same() -> None:
    for pool in (
        replace(some(), embeddings=np.zeros((60, 6), np.float32)),
        replace(some(), chances=np.eye(3, dtype=np.float32)[np.zeros(60, int)]),
    ):
        picks = STRATEGIES["fisher"](pool, 10)
        assert len(set(picks.positions.tolist())) == 10
        assert np.isfinite(picks.scores).all()


def told(held_out: float | None, prior: float | None, labels: int) -> str:
    pool = some()
    seen = np.array([labels - 2 * (labels // 3), labels // 3, labels // 3])
    known = np.tile(pool.labelled_embeddings, (labels // 8 + 1, 1))[:labels]
    return auto(replace(pool, seen=seen, labelled_embeddings=known, held_out=held_out, prior=prior), 5).why


def test_auto_waits_for_a_model_that_knows_something_and_in_the_end_draws_at_random() -> None:
    assert "typical" in told(None, None, 12)
    assert "small margins" in told(None, None, 15)
    assert "small margins" in told(0.5, 0.34, 15)
    few = told(0.2, 0.34, 24)
    assert "typical" in few
    assert "right on 20% of labels it has not seen, always the commonest on 34%" in few
    assert told(0.2, 0.34, 90).startswith("a random draw")
    assert "small margins" in told(0.6, 0.9, 90)  # of a rare class nobody is right by answering the common one
