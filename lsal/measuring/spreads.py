"""Intervals of the figures beside the main one: a bootstrap over tasks (Efron 1979), as tasks were drawn at random.

Each task is reduced to counts whose sums give the figure, so that a resample is one product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lsal.measuring.paired import wilson
from lsal.measuring.ruler import Said

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

RESAMPLES, SEED = 1000, 0
NUMBERS = 20_000_000
"""Sums held in memory at a time; with very many classes there are fewer resamples."""

Interval = tuple[float, float]


def spreads(metric: str, said: Said, truth: Said, labels: Sequence[str]) -> Mapping[str, Interval]:
    """The 95 % intervals of the other figures of the ruler of this `metric`, by their names in `Measured.more`."""
    pairs = [(said[task], truth[task]) for task in truth if task in said]
    how = {"accuracy": _classes, "entity F1": _entities, "word F1": _words}.get(metric, _objects)
    return how(pairs, labels, metric) if pairs else {}


def interval(counts: Any, figure: Callable[[Array], Array]) -> Interval:
    """The middle 95 % of a figure over resamples; `counts` (tasks, k), `figure` takes sums (resamples, k).

    Where all resamples are alike it is as wide as that of a share of so many tasks.
    """
    import numpy as np

    known = np.asarray(counts, np.float64)
    tasks, times = len(known), max(100, min(RESAMPLES, NUMBERS // max(1, known.shape[1])))
    draws = np.random.default_rng(SEED).multinomial(tasks, np.full(tasks, 1 / tasks), times)
    low, high = np.percentile(figure(draws @ known), [2.5, 97.5])
    if high - low < 1e-9:
        return wilson(round(float(np.clip(low, 0, 1)) * tasks), tasks)
    return float(low), float(high)


def _classes(pairs: Sequence[tuple[Any, Any]], labels: Sequence[str], metric: str) -> dict[str, Interval]:
    """Macro-F1: right, answered and given of each class that occurs."""
    import numpy as np

    known = set(labels)
    seen = sorted({label for pair in pairs for names in pair for label in names} & known)
    place, width = {label: n for n, label in enumerate(seen)}, len(seen)
    counts = np.zeros((len(pairs), 2 * width))
    for row, (said, true) in enumerate(pairs):
        for label in {*said} & {*true} & known:
            counts[row, place[label]] += 1
        for label in [*said, *true]:
            if label in known:
                counts[row, width + place[label]] += 1

    def macro_f1(sums: Array) -> Array:
        right, both = sums[:, :width], sums[:, width:]
        occurs = both > 0
        f1 = np.divide(2 * right, both, out=np.zeros_like(right), where=occurs)
        mean: Array = f1.sum(axis=1) / np.maximum(1, occurs.sum(axis=1))
        return mean

    return {"macro_f1": interval(counts, macro_f1)} if seen else {}


def _entities(pairs: Sequence[tuple[Any, Any]], labels: Sequence[str], metric: str) -> dict[str, Interval]:
    from lsal.measuring import spans

    told = [(spans.entities_in(said), spans.entities_in(true)) for said, true in pairs]
    exact, overlapping = spans.counts_of(told), spans.counts_of(told, spans.overlapping)
    found: dict[str, Interval] = {}
    if exact.sum(axis=0)[1]:
        found["precision"] = interval(exact, lambda sums: _share(sums[:, 0], sums[:, 1]))
    if exact.sum(axis=0)[2]:
        found["recall"] = interval(exact, lambda sums: _share(sums[:, 0], sums[:, 2]))
    if exact.sum(axis=0)[1:].any():
        found["overlap F1"] = interval(overlapping, lambda sums: _share(2 * sums[:, 0], sums[:, 1] + sums[:, 2]))
    return found


def _words(pairs: Sequence[tuple[Any, Any]], labels: Sequence[str], metric: str) -> dict[str, Interval]:
    alike = [
        (sum(map(str.__eq__, said, true)) if len(said) == len(true) else true.count(""), len(true))
        for said, true in pairs
    ]
    if not sum(words for _, words in alike):
        return {}
    return {"word accuracy": interval(alike, lambda sums: _share(sums[:, 0], sums[:, 1]))}


def _objects(pairs: Sequence[tuple[Any, Any]], labels: Sequence[str], metric: str) -> dict[str, Interval]:
    """The mean average precision over all overlaps."""
    import numpy as np

    from lsal.measuring.coco import match

    matched = match([said for said, _ in pairs], [true for _, true in pairs], labels, metric.startswith("mask"))
    if matched.mean() is None:
        return {}
    low, high = np.percentile(matched.resampled(RESAMPLES // 5, None), [2.5, 97.5])
    return {f"{metric}-95": (float(low), float(high))} if high - low > 1e-9 else {}


def _share(of: Array, all_of: Array) -> Array:
    import numpy as np

    share: Array = of / np.maximum(1, all_of)
    return share
