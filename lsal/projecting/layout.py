"""Layouts in two dimensions: principal components by scikit-learn, and t-SNE by openTSNE where that is installed.

Both are seeded. Of many rows t-SNE moves a random part, and each other row lies where the median of
its nearest neighbours in that part lies: linear in the pool, so that 100,000 rows take about as long
as FITTED.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from lsal.protocols import Report
from lsal.records import Progress
from lsal.settings import worker_threads

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

COMPONENTS = 50
"""That t-SNE sees: fewer directions cost less, and hold less noise."""
FITTED = 20_000
"""Rows that components are found in, and that t-SNE moves, at most."""
ROWS = 4096
PERPLEXITY = 30.0
NEAREST = 15
"""Neighbours whose median a row takes that t-SNE did not move."""
EARLY, LATE = 250, 500
"""Steps of t-SNE: with exaggerated likeness first, as its authors advise."""
EVERY = 10
TINY = 1e-4
"""Deviation of a start: t-SNE must not begin further apart (Kobak & Berens 2019)."""
FEWEST = 10
"""Rows below which likeness to neighbours says nothing."""


def reduced(vectors: Floats, seed: int, report: Report) -> Floats:
    """The first principal components (n, at most COMPONENTS) float32 of `vectors` (n, d); what is no number is 0.

    They are found in FITTED random rows at most.
    """
    from sklearn.decomposition import PCA

    if len(vectors) < 2:
        return np.zeros((len(vectors), 1), np.float32)
    some = sample(len(vectors), seed)
    width = min(COMPONENTS, vectors.shape[1], len(some))
    fitted = PCA(width, svd_solver="covariance_eigh" if vectors.shape[1] <= 1000 else "randomized", random_state=seed)
    fitted.fit(_clean(vectors[some]))
    found = np.zeros((len(vectors), width), np.float32)
    for rows in _blocks(len(vectors)):
        report(Progress(rows.start, len(vectors), "principal components"))
        found[rows] = fitted.transform(_clean(vectors[rows]))
    return found


def by_components(found: Floats) -> Floats:
    """Places (n, 2) by the first two components, in a frame from -1 to 1."""
    flat = np.zeros((len(found), 2), np.float32)
    flat[:, : min(2, found.shape[1])] = found[:, :2]
    return framed(flat)


def can_place_by_neighbours() -> bool:
    """Whether openTSNE is installed."""
    return find_spec("openTSNE") is not None


def by_neighbours(found: Floats, seed: int, report: Report, start: Floats | None = None) -> Floats:
    """Places (n, 2) by t-SNE, in a frame from -1 to 1: what is alike lies together, distances say no more than that.

    `start` (n, 2) are places to begin from, of an earlier map say, so that this one looks like it.
    """
    if len(found) < FEWEST:
        return by_components(found)
    some = sample(len(found), seed)
    begin = by_components(found) if start is None else start
    map_of_some = _tsne(found[some], begin[some], seed, report)
    places = np.zeros((len(found), 2), np.float32)
    places[some] = map_of_some
    rest = np.setdiff1d(np.arange(len(found)), some)
    for rows in _blocks(len(rest)):
        report(Progress(rows.start, len(rest), "placing by neighbours"))
        places[rest[rows]] = _beside(map_of_some, found[rest[rows]])
    return framed(places)


def sample(rows: int, seed: int) -> Ints:
    """At most FITTED of so many rows, in their order."""
    if rows <= FITTED:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, FITTED, replace=False))


def framed(places: Floats) -> Floats:
    """The same picture, its longer side from -1 to 1; a few that lie far out are drawn at the edge."""
    if not len(places):
        return places.astype(np.float32)
    low, high = np.quantile(places, [0.0005, 0.9995], axis=0)
    middle, reach = (low + high) / 2, float((high - low).max()) / 2
    inside: Floats = np.clip((places - middle) / max(reach, 1e-12), -1, 1).astype(np.float32)
    return inside


def _tsne(found: Floats, start: Floats, seed: int, report: Report) -> Floats:
    """An embedding of openTSNE: an array (n, 2) that can place further rows."""
    from openTSNE import TSNE, affinity

    report(Progress(0, EARLY + LATE, "finding neighbours"))
    perplexity = min(PERPLEXITY, (len(found) - 1) / 3)
    near = affinity.PerplexityBasedNN(found, perplexity, n_jobs=worker_threads(), random_state=seed)
    how = {"n_jobs": worker_threads(), "random_state": seed, "early_exaggeration_iter": EARLY, "n_iter": LATE}
    tsne = TSNE(**how, callbacks=_counted(report), callbacks_every_iters=EVERY)
    placed: Floats = tsne.fit(affinities=near, initialization=_shrunk(start, seed))
    return placed


def _counted(report: Report) -> Callable[[int, float, Floats], None]:
    """Both phases of t-SNE count their steps from 1; whoever follows it wants one count."""
    done = 0

    def tell(step: int, error: float, places: Floats) -> None:
        nonlocal done
        done += EVERY
        report(Progress(done, EARLY + LATE, f"t-SNE, step {done} of {EARLY + LATE}"))

    return tell


def _shrunk(start: Floats, seed: int) -> Floats:
    """A start of the deviation that t-SNE wants; rows on one spot are moved apart, or they would stay together."""
    apart = np.random.default_rng(seed).normal(0, 1e-3, start.shape)
    begun = (start - start.mean(axis=0)) + apart
    return np.asarray(begun / max(float(begun.std(axis=0).max()), 1e-12) * TINY, np.float64)


def _beside(map_of_some: Floats, rows: Floats) -> Floats:
    """Where the median of each row's nearest neighbours lies."""
    placed = map_of_some.prepare_partial(rows, initialization="median", k=NEAREST, perplexity=NEAREST / 3)  # type: ignore[attr-defined]
    return np.asarray(placed, np.float32)


def _clean(vectors: Floats) -> Floats:
    return np.nan_to_num(np.asarray(vectors, np.float32), nan=0.0, posinf=0.0, neginf=0.0)


def _blocks(rows: int) -> Iterator[slice]:
    return (slice(begin, min(begin + ROWS, rows)) for begin in range(0, rows, ROWS))
