"""Strategies with wrappers before them: the laws hold for each, and each keeps what it promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lsal.errors import BadRequest
from lsal.records import Pool
from lsal.strategies import STRATEGIES
from lsal.strategies.pools import some_of, start_pool
from lsal.strategies.profiles import guesses
from lsal.testing import StrategyContract
from lsal.testing.materials import SINGLE, bare, objects_pool, pool_of, tokens_pool

WRAPPED = ("distinct:margin", "explore=0.2:margin_kmeans", "quota:badge", "empties:object_doubt", "anchors=30:entropy")
WRAPPED = (*WRAPPED, "quota=1:explore=1:distinct=0.5:centroids")
globals().update(
    {
        f"Test_{n}": type(f"Test_{n}", (StrategyContract,), {"strategy": STRATEGIES[name]})
        for n, name in enumerate(WRAPPED)
    }
)


def twins(n: int = 200) -> Pool:
    """A pool in which every task is there five times, and the copies are the most doubtful."""
    pool = pool_of(n, dimensions=16)
    copies = np.repeat(np.arange(0, n, 5), 5)
    return replace(some_of(pool, copies), task_ids=np.arange(n))


def cosines(vectors, others):
    return vectors @ others.T / np.linalg.norm(vectors, axis=1)[:, None] / np.linalg.norm(others, axis=1)


def test_distinct_leaves_out_near_duplicates_of_picks_and_of_labels():
    pool = twins()
    pool = replace(pool, labelled_embeddings=pool.embeddings[:5] * 2)
    assert len(set((STRATEGIES["margin"](pool, 30).positions // 5).tolist())) < 10
    picks = STRATEGIES["distinct:margin"](pool, 30)
    assert len(set((picks.positions // 5).tolist())) == 30
    assert cosines(pool.embeddings[picks.positions], pool.labelled_embeddings).max() < 0.95
    assert "near-duplicates passed over" in picks.why
    alone = STRATEGIES["margin"](some_of(pool, np.arange(5, 200, 5)), 30).positions * 5 + 5
    assert set(picks.positions // 5) == set(alone // 5), "otherwise the order is that of the strategy"


def test_distinct_takes_duplicates_where_nothing_else_is_left():
    assert len(STRATEGIES["distinct:margin"](twins(), 60).positions) == 60


def test_explore_draws_a_share_at_random_and_tells_its_chance():
    pool = pool_of(400)
    picks = STRATEGIES["explore=0.2:margin"](pool, 50)
    drawn = ~np.isnan(picks.probability)
    assert drawn.sum() == 10
    assert picks.probability[drawn] == pytest.approx(10 / 400)
    assert picks.parts["random"][drawn].all()
    assert not picks.parts["random"][~drawn].any()
    rest = np.setdiff1d(np.arange(400), picks.positions[drawn])
    expected = rest[STRATEGIES["margin"](some_of(pool, rest), 40).positions]
    assert picks.positions[~drawn].tolist() == expected.tolist()
    assert np.flatnonzero(drawn).tolist() == list(range(2, 50, 5)), "spread over the ranks"


def test_what_explore_draws_is_in_with_the_chance_that_it_tells():
    pool, counts = pool_of(40), np.zeros(40)
    for seed in range(400):
        picks = STRATEGIES["explore=0.5:margin"](replace(pool, seed=seed), 20)
        counts[picks.positions[~np.isnan(picks.probability)]] += 1
    assert counts / 400 == pytest.approx(np.full(40, 0.25), abs=0.09)


@pytest.mark.parametrize("wrapper", ["distinct", "quota", "anchors=60"])
def test_who_prefers_some_tasks_tells_no_chance_of_a_draw(wrapper):
    assert STRATEGIES["random"](pool_of(400), 5).probability is not None
    assert STRATEGIES[f"{wrapper}:random"](pool_of(400), 5).probability is None
    assert STRATEGIES[f"explore=0.2:{wrapper}:random"](pool_of(400), 5).probability is not None


def test_class_quota_serves_rare_classes_first():
    chances = np.tile(np.float32([0.5, 0.4, 0.1]), (300, 1))
    chances[:8] = [0.01, 0.01, 0.98]  # the model is sure of the rare class: no doubt picks it
    chances[8:20] = [0.02, 0.97, 0.01]
    pool = replace(pool_of(300), chances=chances, seen=np.array([90, 20, 2]))
    assert set(guesses(pool)[STRATEGIES["margin"](pool, 20).positions]) == {0}
    found = np.bincount(guesses(pool)[STRATEGIES["quota:margin"](pool, 20).positions], minlength=3)
    assert found.tolist() == [13, 3, 4]
    one = np.bincount(guesses(pool)[STRATEGIES["quota=0.05:margin"](pool, 20).positions], minlength=3)
    assert one.tolist() == [19, 0, 1]


@pytest.mark.parametrize("pool", [objects_pool(found=0.5), tokens_pool(found=0.05)], ids=["objects", "tokens"])
def test_empty_quota_is_kept(pool):
    empty = guesses(pool) < 0
    assert empty.mean() > 0.3
    for share in (0.0, 0.25):
        picks = STRATEGIES[f"empties={share}:random"](pool, 20)
        assert empty[picks.positions].sum() == 20 * share


def test_anchors_look_at_what_is_like_each_class():
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(2000, 8)).astype(np.float32) + np.float32([9, 0, 0, 0, 0, 0, 0, 0])
    vectors[:30] += np.float32([-9, 9, 0, 0, 0, 0, 0, 0])  # a rare class
    labelled = np.concatenate([vectors[:3], vectors[1000:1040]])
    pool = replace(pool_of(2000), embeddings=vectors, labelled_embeddings=labelled)
    pool = replace(pool, labelled_classes=np.repeat([1, 0], [3, 40]))
    picks = STRATEGIES["anchors=60:random"](pool, 6)
    assert (picks.positions < 30).sum() >= 2
    assert (STRATEGIES["random"](pool, 6).positions < 30).sum() == 0
    assert "most like the labels of 2 classes" in picks.why
    assert "nothing to anchor" in STRATEGIES["anchors:random"](start_pool(range(9), SINGLE), 3).why


def test_a_wrapper_asks_of_the_model_what_the_strategy_in_it_asks():
    assert STRATEGIES["explore:flip_disagreement"].looks_twice
    assert STRATEGIES["distinct:explore:bald"].asks_members
    assert not STRATEGIES["distinct:margin"].asks_members
    assert not STRATEGIES["distinct:margin"].looks_twice


@pytest.mark.parametrize(
    ("name", "told", "fix"),
    [
        ("distinct:best", "No strategy is called 'best'", "margin_kmeans"),
        ("unlike:margin", "No wrapper of strategies is called 'unlike'", "distinct, explore, quota"),
        ("explore=2:margin", "'explore' takes a number from 0 to 1, not '2'", "explore=0.1:margin"),
        ("explore=nan:margin", "not 'nan'", "explore=0.1"),
        ("distinct:", "No strategy is called ''", "margin"),
    ],
)
def test_a_name_that_leads_nowhere_says_what_there_is(name, told, fix):
    for ask in (STRATEGIES.require, STRATEGIES.__getitem__):
        with pytest.raises(BadRequest) as caught:
            ask(name)
        assert told in caught.value.what
        assert fix in caught.value.fix
    assert name not in STRATEGIES


def test_wrapped_names_are_there_and_not_listed():
    assert "distinct:explore=0.2:margin" in STRATEGIES
    assert STRATEGIES.origin("distinct:margin") == "lsal"
    STRATEGIES.require("anchors=500:quota:badge")
    assert not any(":" in name for name in STRATEGIES)


def test_without_embeddings_distinct_says_so():
    assert "no embeddings to find near-duplicates by" in STRATEGIES["distinct:margin"](bare(pool_of()), 9).why
