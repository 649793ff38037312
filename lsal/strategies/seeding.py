"""Drawing rows far from all that were drawn: each with a chance in proportion to its squared distance.

The seeding of k-means++ (Arthur & Vassilvitskii 2007), for any squared distance. Several rows are drawn from one
state of the distances, and each is kept with the chance that it still has beside those kept before it: this rejection
(Cohen-Addad et al. 2020, 2012.11891) draws from the very same distribution, with a fraction of the passes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from lsal.strategies.blocks import blocks

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

Between = Callable[["slice | Ints", "Ints"], "Floats"]
"""Squared distances of some rows to some chosen ones, float32 (rows, chosen)."""

AT_ONCE = 16
"""Rows drawn from one state of the distances."""


def spread(
    between: Between,
    closest: Floats,
    k: int,
    draw: np.random.Generator,
    weights: Floats | None = None,
    width: int = 1,
    floor: float = 0.0,
) -> Ints:
    """At most k rows; fewer where all others lie on one that is chosen.

    `closest` (n,) are the squared distances to what is chosen already, brought up to date here; `width` is how
    many figures a row has, for the size of a block. What is below `floor` is nothing but rounding.
    """
    chosen: list[int] = []
    while len(chosen) < k:
        closest[closest <= floor] = 0
        drawn = _draw(closest if weights is None else closest * weights, min(AT_ONCE, k - len(chosen)), draw)
        kept = _kept(between, closest, drawn, draw) if len(drawn) else []
        if not kept:
            break
        chosen += kept
        take(between, closest, np.array(kept), width)
    return np.array(chosen, np.int64)


def take(between: Between, closest: Floats, kept: Ints, width: int = 1) -> None:
    """Bring `closest` up to date, in place, with some more chosen rows."""
    for rows in blocks(len(closest), width):
        np.minimum(closest[rows], between(rows, kept).min(axis=1), out=closest[rows])
    closest[kept] = 0  # whatever rounding made of it


def _draw(mass: Floats, k: int, draw: np.random.Generator) -> Ints:
    """K rows in proportion to their mass, with repetition; none where there is no mass."""
    sums = np.cumsum(mass, dtype=np.float64)
    if not sums[-1] > 0:
        return np.zeros(0, np.int64)
    places = np.searchsorted(sums, draw.random(k) * sums[-1], side="right")
    return np.asarray(np.minimum(places, len(mass) - 1), np.int64)


def _kept(between: Between, closest: Floats, drawn: Ints, draw: np.random.Generator) -> list[int]:
    """Those drawn that are kept, in their order: the first always, each later one as far as it is still far."""
    gaps, chances, kept = between(drawn, drawn), draw.random(len(drawn)), list[int]()
    for place, row in enumerate(drawn.tolist()):
        left = min((gaps[place, other] for other in kept), default=np.inf)
        if chances[place] * closest[row] <= left and row not in drawn[kept]:
            kept.append(place)
    return [int(row) for row in drawn[kept]]
