"""Confusions: what people said against what a version said, class by class.

An answer of classes is one pair. Of objects, spans and words each thing is one: what a version found where people
marked something is a pair of classes, what it did not find was missed, and what nobody marked it invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lsal.measuring.objects import SHOWN
from lsal.measuring.ruler import Said

NOTHING = ""
"""In the place of a class: missed, or invented."""
OVERLAP = 0.5
UNITS = {"accuracy": "task", "entity F1": "span", "word F1": "word"}
"""What is counted, by the main figure; regions where it is another."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Cell:
    """So many things that people called `truth` and the version `guess`, and the keys of the tasks with them."""

    truth: str
    guess: str
    count: int
    tasks: tuple[str, ...]


def unit(metric: str) -> str:
    """What is counted in a matrix of this main figure."""
    return UNITS.get(metric, "region")


def confusions(metric: str, said: Said, truth: Said, labels: Sequence[str]) -> list[Cell] | None:
    """The cells that are not empty, by the order of the labels; None where an answer is several classes at once."""
    counts: dict[Pair, dict[str, int]] = {}
    for task in (one for one in truth if one in said):
        pairs = _pairs(metric, said[task], truth[task], labels)
        if pairs is None:
            return None
        for pair in pairs:
            mine = counts.setdefault(pair, {})
            mine[task] = mine.get(task, 0) + 1
    place = {label: n for n, label in enumerate(labels)} | {NOTHING: len(labels)}
    order = sorted(counts, key=lambda pair: [place.get(one, len(labels)) for one in pair])
    return [Cell(*pair, sum(counts[pair].values()), tuple(counts[pair])) for pair in order]


def _pairs(metric: str, said: Any, true: Any, labels: Sequence[str]) -> Iterable[Pair] | None:
    if metric == "accuracy":
        several = len(said) > 1 or len(true) > 1
        return None if several else [((*true, NOTHING)[0], (*said, NOTHING)[0])]
    if metric == "entity F1":
        return _spans(said, true)
    if metric == "word F1":
        told = said if len(said) == len(true) else [NOTHING] * len(true)
        return [pair for pair in zip(true, told, strict=True) if any(pair)]
    return _regions(said, true, labels, metric.startswith("mask"))


def _spans(said: Sequence[Any], true: Sequence[Any]) -> Iterator[Pair]:
    """Spans that overlap belong together, those that overlap most first."""
    overlaps = [
        (min(e, end) - max(s, start), n, m)
        for n, (s, e, _) in enumerate(true)
        for m, (start, end, _) in enumerate(said)
        if s < end and start < e
    ]
    return _matched(overlaps, [label for *_, label in true], [label for *_, label in said])


def _regions(said: Any, true: Any, labels: Sequence[str], masks: bool) -> Iterator[Pair]:
    """Regions that overlap by a half or more, whatever their classes; only those that a person would be shown."""
    from lsal.measuring.coco import overlaps

    shown = {**said, "regions": [one for one in said["regions"] if one.get("score", 1.0) >= SHOWN]}
    found, told, drawn = overlaps(shown, true, labels, masks)
    close = [(share, n, m) for (n, m), share in found.items() if share >= OVERLAP]
    return _matched(close, drawn, told)


def _matched(overlaps: Iterable[tuple[float, int, int]], true: Sequence[str], said: Sequence[str]) -> Iterator[Pair]:
    """Each thing with one other at most; where overlaps are equal, those of one class."""
    order = sorted(overlaps, key=lambda one: (-one[0], true[one[1]] != said[one[2]], one[1:]))
    left, right = set(range(len(true))), set(range(len(said)))
    for _, n, m in order:
        if n in left and m in right:
            left.remove(n)
            right.remove(m)
            yield true[n], said[m]
    yield from ((true[n], NOTHING) for n in sorted(left))
    yield from ((NOTHING, said[m]) for m in sorted(right))
