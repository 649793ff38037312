"""Each rule of asking does what its paper says: the fast way agrees with the plain one written out here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lsal.records import Control, Labels, Pool, Prediction
from lsal.strategies import STRATEGIES, committees, coverage, falcun, gradients, measures, pickers, typical
from lsal.strategies.blocks import CELLS, mean_row, nearest, squares
from lsal.strategies.clustering import clusters_of
from lsal.strategies.pools import make_pool, start_pool
from lsal.strategies.profiles import guesses, rows_of
from lsal.strategies.seeding import spread
from lsal.testing.materials import bare, objects_pool, pool_of, tokens_pool


def with_members(pool: Pool, k: int = 6, seed: int = 0) -> Pool:
    shape = (k, len(pool.chances))
    members = np.random.default_rng(seed).dirichlet(np.ones(pool.chances.shape[1]), shape).astype(np.float32)
    return replace(pool, members=members, chances=members.mean(axis=0))


def blobs(each: tuple[int, ...] = (40, 40, 40, 40, 40), seed: int = 0) -> np.ndarray:
    """Rows around far centres, so many around each."""
    draw = np.random.default_rng(seed)
    means = 50 * np.eye(len(each), 8)
    return (np.repeat(means, each, axis=0) + draw.normal(size=(sum(each), 8))).astype(np.float32)


def test_blocks_change_nothing():
    vectors = np.random.default_rng(0).normal(size=(CELLS // 50, 40)).astype(np.float32)
    centers = vectors[:70]
    gaps = ((vectors[:, None, :8] - centers[:, :8]) ** 2).sum(axis=2)
    labels, found = nearest(vectors[:, :8], centers[:, :8])
    assert found == pytest.approx(gaps.min(axis=1), abs=1e-3)
    assert labels.tolist() == gaps.argmin(axis=1).tolist()
    assert mean_row(vectors) == pytest.approx(vectors.mean(axis=0), abs=1e-5)
    chances = np.random.default_rng(1).dirichlet(np.ones(7), CELLS // 3).astype(np.float32)
    ordered = np.sort(chances, axis=1)
    assert measures.margins(chances) == pytest.approx(1 - (ordered[:, -1] - ordered[:, -2]), abs=1e-6)


@pytest.mark.parametrize("measure", [committees.bald, committees.vote_entropy, committees.consensus_kl])
def test_members_that_agree_differ_by_nothing_and_those_that_are_sure_of_other_classes_by_1(measure):
    even = np.full((4, 1, 4), 0.25, np.float32)
    members = np.concatenate([even, np.eye(4, dtype=np.float32)[:, None]], axis=1)
    pool = Pool(np.arange(2), members.mean(axis=0), np.arange(3), np.ones(4, int), members=members)
    assert measure(pool) == pytest.approx([0, 1], abs=1e-5)


def test_committees_measure_what_their_papers_say():
    pool = with_members(pool_of(300, classes=4))
    members, mean = pool.members, pool.members.mean(axis=0)
    explicit = (members * np.log(members / mean)).sum(axis=2).mean(axis=0) / np.log(4)
    assert committees.consensus_kl(pool) == pytest.approx(explicit, abs=1e-5)
    assert committees.bald(pool) == pytest.approx(explicit, abs=1e-5)
    votes = np.stack([np.bincount(column, minlength=4) for column in members.argmax(axis=2).T]) / 6
    told = -(votes * np.log(np.maximum(votes, 1e-30))).sum(axis=1) / np.log(4)
    assert committees.vote_entropy(pool) == pytest.approx(told, abs=1e-5)
    agree = (members.argmax(axis=2) == mean.argmax(axis=1)).mean(axis=0)
    assert committees.agreeing(pool) == pytest.approx(agree)


@pytest.mark.parametrize(
    ("name", "plain"),
    [("bald", "entropy"), ("consensus_kl", "entropy"), ("vote_entropy", "margin"), ("dropquery", "margin_kmeans")],
)
def test_without_members_a_committee_strategy_goes_by_a_plain_measure_and_says_so(name, plain):
    picks = STRATEGIES[name](pool_of(), 20)
    assert "no committee" in picks.why
    assert picks.positions.tolist() == STRATEGIES[plain](pool_of(), 20).positions.tolist()
    asked = STRATEGIES[name](with_members(pool_of()), 20)
    assert "no committee" not in asked.why
    assert STRATEGIES[name].asks_members
    assert set(asked.positions) != set(picks.positions)


def test_members_count_as_the_mean_of_a_tasks_units():
    for whole in (tokens_pool(), objects_pool()):
        pool = with_members(whole)
        found = committees.bald(pool)
        assert found.shape == (200,)
        assert found[np.diff(pool.offsets) == 0] == pytest.approx(0)


def test_badges_distances_are_those_of_the_gradients_written_out():
    pool = pool_of(60, classes=5)
    errors = pool.chances - np.eye(5)[pool.chances.argmax(axis=1)]
    explicit = (errors[:, :, None] * pool.embeddings[:, None]).reshape(60, -1)
    gaps = ((explicit[:, None] - explicit) ** 2).sum(axis=2)
    lengths = squares(gradients.errors_of(pool)) * squares(pool.embeddings)
    told = gradients.between(gradients.errors_of(pool), pool.embeddings, lengths)
    assert told(slice(0, 60), np.arange(60)) == pytest.approx(gaps, abs=1e-3)
    picks = STRATEGIES["badge"](pool, 10)
    assert picks.positions[0] == (explicit**2).sum(axis=1).argmax()
    assert picks.parts["gradient"] == pytest.approx(np.linalg.norm(explicit, axis=1)[picks.positions], abs=1e-3)


def test_badge_is_spread_over_what_differs_and_shuns_what_is_sure():
    vectors, sure = blobs(), np.tile(np.float32([0.98, 0.01, 0.01]), (200, 1))
    torn = np.tile(np.float32([0.34, 0.33, 0.33]), (200, 1))
    chances = np.where((np.arange(200) % 40 < 20)[:, None], torn, sure)
    picked = STRATEGIES["badge"](replace(pool_of(), embeddings=vectors, chances=chances), 6).positions
    assert sorted(picked[picked % 40 < 20] // 40) == [0, 1, 2, 3, 4]
    assert (picked % 40 >= 20).sum() == 1, "one for all those whose gradient is next to nothing"


def test_seeding_draws_by_the_squared_distance_to_the_closest():
    points = np.array([0, 1, 3, 3.5], np.float32)

    def between(rows, chosen):
        return (points[rows][:, None] - points[chosen]) ** 2

    counts = np.zeros((4, 4))
    for seed in range(4000):
        first, second = spread(between, between(slice(0, 4), np.array([0]))[:, 0], 2, np.random.default_rng(seed))
        counts[first, second] += 1
    mass = points**2 / (points**2).sum()
    assert counts.sum(axis=1) / 4000 == pytest.approx(mass, abs=0.03)
    left = np.minimum(points**2, (points - 3.5) ** 2)
    assert counts[3] / counts[3].sum() == pytest.approx(left / left.sum(), abs=0.04)


@pytest.mark.parametrize("labelled", [0, 40])
def test_k_center_is_the_naive_loop(labelled):
    pool = pool_of()
    pool = replace(pool, labelled_embeddings=pool.labelled_embeddings[:labelled])
    vectors, known = pool.embeddings, list(pool.labelled_embeddings)
    chosen = [] if labelled else [int(np.linalg.norm(vectors - vectors.mean(axis=0), axis=1).argmin())]
    while len(chosen) < 15:
        taken = np.stack([*known, *vectors[chosen]])
        chosen.append(int(np.linalg.norm(vectors[:, None] - taken, axis=2).min(axis=1).argmax()))
    assert STRATEGIES["k_center"](pool, 15).positions.tolist() == chosen


def test_k_center_looks_at_as_many_as_it_must(monkeypatch):
    monkeypatch.setattr(coverage, "FIRST", 3)
    draw = np.random.default_rng(0)
    vectors = (40 * np.eye(6, 8)[draw.integers(0, 6, 500)] + draw.normal(size=(500, 8))).astype(np.float32)
    picked = STRATEGIES["k_center"](replace(pool_of(500), embeddings=vectors, labelled_embeddings=None), 40).positions
    closest = np.linalg.norm(vectors - vectors[picked[0]], axis=1)
    for one in picked[1:]:
        assert closest[one] == pytest.approx(closest.max(), rel=1e-3)
        closest = np.minimum(closest, np.linalg.norm(vectors - vectors[one], axis=1))


def test_the_light_core_set_prefers_what_is_far_from_the_mean():
    vectors = np.random.default_rng(0).normal(size=(1000, 8)).astype(np.float32)
    vectors[:50] *= 10
    pool = replace(pool_of(1000), embeddings=vectors)
    far = [(STRATEGIES["light_coreset"](replace(pool, seed=seed), 20).positions < 50).mean() for seed in range(40)]
    assert 0.3 < np.mean(far) < 0.6, "half of the draw is even, which takes one of twenty"


def test_power_draws_in_proportion_to_the_scores():
    chances = np.float32([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    pool = Pool(np.arange(4), chances, np.arange(5), np.ones(2, int))
    firsts = [int(STRATEGIES["power_margin"](replace(pool, seed=seed), 1).positions[0]) for seed in range(3000)]
    assert np.bincount(firsts, minlength=4) / 3000 == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.03)


def test_falcun_draws_by_doubt_and_distance_in_the_chances():
    pool = pool_of(300, classes=4)
    doubt = falcun.scaled(measures.margin(pool))
    gaps, profiles = doubt.copy(), np.ascontiguousarray(pool.chances.T)
    falcun.approach(profiles, gaps, 7)
    explicit = np.minimum(doubt, np.abs(pool.chances - pool.chances[7]).sum(axis=1))
    assert gaps == pytest.approx(explicit, abs=1e-6)
    spread_out = (explicit - explicit.min()) / (explicit.max() - explicit.min())
    assert falcun.relevance(doubt, gaps).sum() == pytest.approx(((doubt + spread_out) ** 10).sum(), rel=1e-4)
    means = [measures.margin(pool)[STRATEGIES["falcun"](pool, 20).positions].mean(), measures.margin(pool).mean()]
    assert means[0] > means[1] + 0.08


def test_falcun_takes_both_kinds_of_doubt_where_margin_takes_one():
    chances = np.tile(np.float32([0.96, 0.02, 0.02]), (300, 1))
    chances[:100] = [0.5, 0.49, 0.01]
    chances[100:110] = [0.01, 0.48, 0.51]
    pool = replace(pool_of(300), chances=chances)
    assert set(STRATEGIES["margin"](pool, 5).positions // 100) == {0}
    assert {0, 1} == set(STRATEGIES["falcun"](pool, 2).positions // 100)


def test_dropquery_takes_those_whose_answer_changes_from_each_of_their_clusters():
    pool = replace(pool_of(), embeddings=blobs())
    same = np.tile(np.float32([0.8, 0.1, 0.1]), (5, 200, 1))
    changing = np.arange(200) % 2 == 0
    same[:4, changing] = [0.1, 0.8, 0.1]
    picks = STRATEGIES["dropquery"](replace(pool, members=same, chances=same[4]), 5)
    assert sorted(picks.positions // 40) == [0, 1, 2, 3, 4]
    assert changing[picks.positions].all()
    assert "100 of 200 tasks" in picks.why


@pytest.mark.parametrize("labelled", [0, 40])
def test_ranked_batch_is_modals(labelled):
    from modAL.batch import ranked_batch

    class Frozen:
        on_transformed = False
        X_training = None

    pool = pool_of()
    if labelled:
        Frozen.X_training = pool.labelled_embeddings
    doubts = measures.least_confident(pool)
    shortlist = pickers.best(doubts, 200, pool.seed)
    chosen, _ = ranked_batch(Frozen, pool.embeddings[shortlist], doubts[shortlist], 12, "euclidean", None)
    pool = replace(pool, labelled_embeddings=Frozen.X_training)
    found = STRATEGIES["ranked_batch"](pool, 12).positions
    if labelled:
        assert found.tolist() == shortlist[chosen].tolist()
    else:  # modAL's own first task, nearest to all others, may come a second time
        assert len(set(found) & set(shortlist[chosen])) >= 9


def test_typicality_is_1_over_the_mean_distance_to_the_nearest():
    vectors = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    gaps = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    explicit = 1 / np.sort(gaps, axis=1)[:, 1:21].mean(axis=1)
    assert typical.typicality(vectors) == pytest.approx(explicit, rel=1e-3)


def test_typiclust_takes_the_most_typical_of_large_clusters_without_labels():
    vectors = blobs((60, 50, 40, 30, 20))
    ends = np.cumsum([0, 60, 50, 40, 30, 20])
    pool = replace(pool_of(), embeddings=vectors, labelled_embeddings=vectors[[0, 60]] + 0.1)
    picks = STRATEGIES["typiclust"](pool, 3)
    assert np.searchsorted(ends, picks.positions, side="right").tolist() == [3, 4, 5]
    for position, (low, high) in zip(picks.positions, [(110, 150), (150, 180), (180, 200)], strict=True):
        assert position == low + typical.typicality(vectors[low:high]).argmax()


def test_typiclust_of_fewer_clusters_than_picks_goes_round(monkeypatch):
    monkeypatch.setattr(typical, "CLUSTERS", 5)
    pool = replace(pool_of(), embeddings=blobs(), labelled_embeddings=None)
    assert np.bincount(STRATEGIES["typiclust"](pool, 15).positions // 40).tolist() == [3] * 5


def test_clusters_are_as_tight_as_those_of_scikit_learn():
    from sklearn.cluster import KMeans

    draw = np.random.default_rng(0)
    vectors = (draw.normal(size=(60, 16))[draw.integers(0, 60, 3000)] * 2 + draw.normal(size=(3000, 16))).astype("f4")
    theirs = KMeans(40, n_init=1, random_state=0).fit(vectors).inertia_
    mine = []
    for seed in range(3):
        centers, labels = clusters_of(vectors, 40, seed)
        mine.append(float(((vectors - centers[labels]) ** 2).sum()))
    assert np.mean(mine) < 1.05 * theirs


def test_clusters_of_a_large_pool_are_fitted_on_a_part(monkeypatch):
    monkeypatch.setattr("lsal.strategies.clustering.FITTED", 50)
    monkeypatch.setattr("lsal.strategies.clustering.PER_CLUSTER", 10)
    _, labels = clusters_of(blobs(), 5, 0)
    assert [len(set(labels[begin : begin + 40])) for begin in range(0, 200, 40)] == [1] * 5
    assert len(set(labels.tolist())) == 5


def test_a_task_is_seen_as_its_units_are():
    several = Pool(
        np.arange(2), np.float32([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]]), np.array([0, 2, 4]), np.ones(2)
    )
    assert guesses(several).tolist() == [1, -1]
    assert rows_of(several, several.chances).shape == (2, 4)
    for pool in (objects_pool(), tokens_pool()):
        rows = rows_of(pool, pool.chances)
        begin, end = pool.offsets[:2]
        assert rows.shape == (200, 4)
        assert rows[0] == pytest.approx(pool.chances[begin:end].mean(axis=0), abs=1e-6)


@pytest.mark.parametrize("name", ["badge", "k_center", "light_coreset", "typiclust"])
def test_a_rule_of_embeddings_says_when_there_are_none(name):
    assert "no embeddings" in STRATEGIES[name](bare(pool_of()), 20).why


@pytest.mark.parametrize("figure", [np.nan, np.inf, 1e25])
def test_an_embedding_that_is_no_number_stops_no_strategy(figure):
    vectors = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    vectors[7, 2] = figure
    control = Control("label", "text", "Choices", "Text", "text", ("a", "b"))
    chances = np.tile(np.array([[0.6, 0.4]], np.float32), (60, 1, 1))
    told = [Prediction(k, Labels(("a",)), chances[k], vectors[k]) for k in range(60)]
    pools = [make_pool(told, control), start_pool(range(60), control, vectors)]
    for pool in pools:
        assert np.isfinite(pool.embeddings).all()
        for name in ("k_center", "badge", "light_coreset", "typiclust", "fisher"):
            picks = STRATEGIES[name](pool, 10)
            assert len(set(picks.positions.tolist())) == 10
            assert np.isfinite(picks.scores).all()
    assert np.array_equal(vectors[7, 2], np.float32(figure), equal_nan=True), "what the model keeps is not changed"
