"""The rulers of objects in images: mean average precision over boxes, or over masks.

Average precision as COCO defines it (Lin et al. 2014, Microsoft COCO), by faster-coco-eval. Its
interval is a bootstrap over images (Efron 1979): those are what was drawn at random, not boxes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lsal.measuring.paired import Comparison, wilson
from lsal.measuring.ruler import ClassFigures, Measured, Said
from lsal.records import Target
from lsal.targets import to_plain

if TYPE_CHECKING:
    from lsal.measuring.coco import Matched

RESAMPLES = 400
MOST = 100
"""Regions of one image that count, the most confident ones, as in COCO."""
SHOWN = 0.25
"""A region below this confidence is none that a person would be shown, where there is nothing to find."""


class Objects:
    """An answer is all regions of an image, those of a model with their confidence."""

    def __init__(self, metric: str, masks: bool) -> None:
        self.metric, self.masks = metric, masks

    def plain(self, target: Target) -> dict[str, Any]:
        """The regions that count."""
        told = to_plain(target) or {}
        regions = sorted(told.get("regions", []), key=lambda one: -one.get("score", 1.0))
        return {"regions": regions[:MOST], "size": told.get("size")}

    def measure(self, said: Said, truth: Said, labels: Sequence[str]) -> Measured:
        """The mean average precision at an overlap of one half, its interval, and by class."""
        tasks = [task for task in truth if task in said]
        matched = self._matched(said, truth, labels)
        value, strict = matched.mean(0), matched.mean()
        given = Counter(region["label"] for task in tasks for region in truth[task]["regions"])
        more = {f"{self.metric}-95": strict, "regions": float(sum(given.values()))}
        if self.masks:
            more["mean IoU"] = matched.overlap
        return Measured(
            self.metric,
            value,
            _interval(matched, value),
            len(tasks),
            more,
            {label: ClassFigures(given[label], matched.of_class(n)) for n, label in enumerate(labels) if given[label]},
            unseen=tuple(label for label in labels if not given[label]) if tasks else (),
        )

    def value(self, said: Said, truth: Said, labels: Sequence[str]) -> float | None:
        """The mean average precision at an overlap of one half; None where people drew nothing."""
        return self._matched(said, truth, labels).mean(0)

    def compare(self, old: Said, new: Said, truth: Said, labels: Sequence[str] = ()) -> Comparison:
        """The change of the mean average precision, tested by a bootstrap over images in pairs.

        No p-value is smaller than that of a sign test on as many images, all of which changed alike:
        a bootstrap over a few images knows nothing of the others.
        """
        tasks = [task for task in truth if task in old and task in new]
        true = [truth[task] for task in tasks]
        was, now = (self._match([said[task] for task in tasks], true, labels) for said in (old, new))
        changes = [self.quality(new[t], truth[t]) - self.quality(old[t], truth[t]) for t in tasks]
        gained, lost = sum(one > 0 for one in changes), sum(one < 0 for one in changes)
        before, after = was.mean(0), now.mean(0)
        if before is None or after is None:
            return Comparison(len(tasks), gained, lost, 1.0, 0.0, self.metric)
        apart = [b - a for a, b in zip(was.resampled(RESAMPLES), now.resampled(RESAMPLES), strict=True)]
        least = 2.0 ** (1 - len(tasks))
        p = max(least, 2 * (1 + min(sum(one <= 0 for one in apart), sum(one >= 0 for one in apart))) / (RESAMPLES + 1))
        return Comparison(len(tasks), gained, lost, min(1.0, p), after - before, self.metric)

    def quality(self, said: Any, true: Any) -> float:
        """The average precision on one image; where nothing is to be found, 1 if nothing would be shown."""
        if not true["regions"]:
            return float(all(region.get("score", 1.0) < SHOWN for region in said["regions"]))
        labels = list(dict.fromkeys(region["label"] for region in true["regions"]))
        return self._match([said], [true], labels).mean(0) or 0.0

    def named(self, told: Any) -> str:
        """How many of which class: 3 cat, 1 dog."""
        shown = [one for one in told["regions"] if one.get("score", 1.0) >= SHOWN]
        counts = Counter(one["label"] or "no class" for one in shown)
        return ", ".join(f"{count} {label}" for label, count in counts.most_common()) or "nothing"

    def _matched(self, said: Said, truth: Said, labels: Sequence[str]) -> Matched:
        tasks = [task for task in truth if task in said]
        return self._match([said[task] for task in tasks], [truth[task] for task in tasks], labels)

    def _match(self, said: Sequence[Any], truth: Sequence[Any], labels: Sequence[str]) -> Matched:
        from lsal.measuring.coco import match

        return match(said, truth, labels, self.masks)


BOXES = Objects("mAP50", masks=False)
MASKS = Objects("mask mAP50", masks=True)


def _interval(matched: Matched, value: float | None) -> tuple[float, float]:
    """The middle 95 % of the resamples; where all are alike, as wide as that of a share of so many images."""
    if value is None:
        return 0.0, 1.0
    import numpy as np

    low, high = np.percentile(matched.resampled(RESAMPLES), [2.5, 97.5])
    if high - low < 1e-9:
        return wilson(round(value * matched.images), matched.images)
    return float(low), float(high)
