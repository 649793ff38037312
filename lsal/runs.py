"""Masks <-> COCO's run-length codes: pixels column by column, in turns so many that are outside, so many inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lsal.errors import BadData

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST, MORE, SIGN, BITS = 48, 0x20, 0x10, 5
"""The compressed form: signs from "0" on hold five bits each; one more of them says that the number goes on."""


def runs_of(mask: NDArray[Any]) -> list[int]:
    """The uncompressed code of a mask (height, width), true where it is drawn."""
    import numpy as np

    flat = mask.ravel(order="F") > 0
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]]))
    found: list[int] = [0, *runs.tolist()] if flat.size and flat[0] else runs.tolist()
    return found


def mask_of_runs(told: Mapping[str, Any], size: tuple[int, int]) -> NDArray[Any]:
    """The mask (height, width) of a code, compressed or not, on an image of a width and height.

    Raises BadData, without a subject, for one that does not fit it.
    """
    import numpy as np

    counts, stated = told.get("counts"), told.get("size")
    width, height = size
    if stated != [height, width]:
        raise BadData(f"is of height and width {stated!r:.40}, and not {[height, width]}", "Correct it")
    try:
        runs: list[Any] = list(_expanded(counts)) if isinstance(counts, str) else list(counts or ())
    except (TypeError, ValueError, IndexError):
        runs = []
    if not all(isinstance(one, int) and one >= 0 for one in runs) or sum(runs) != width * height:
        raise BadData(f"is no run-length code of {width} x {height} pixels: {counts!r:.60}", "Correct it")
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape((height, width), order="F")


def _expanded(text: str) -> Iterator[int]:
    """The numbers of a compressed code; from the fourth on each counts from the one two before it."""
    runs, place = list[int](), 0
    while place < len(text):
        number = shift = 0
        while True:
            sign = ord(text[place]) - FIRST
            number |= (sign & (MORE - 1)) << shift
            place, shift = place + 1, shift + BITS
            if not sign & MORE:
                break
        if sign & SIGN:
            number -= 1 << shift
        runs.append(number + runs[-2] if len(runs) > 2 else number)
        yield runs[-1]
