"""The ruler of pages: F1 over their words.

A word counts where people or the version gave it a label: told rightly, wrongly, or missed. Its interval is a
bootstrap over pages (Efron 1979): those are what was drawn at random, not words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsal.measuring.paired import Comparison, wilson
from lsal.measuring.ruler import ClassFigures, Measured, Said
from lsal.records import Layout, Target

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Counts:
    """Words of one page: told rightly, given a label by the version, and by people."""

    right: int
    told: int
    true: int

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None where nobody gave a label."""
        return 2 * self.right / (self.told + self.true) if self.told + self.true else None


class Words:
    """An answer is the label of each word of a page, "" for none."""

    metric = "word F1"

    def plain(self, target: Target) -> list[str]:
        """The labels of the words."""
        return list(target.words) if isinstance(target, Layout) else []

    def measure(self, said: Said, truth: Said, labels: Sequence[str]) -> Measured:
        """Micro-averaged F1 with its interval, the share of right words, and precision, recall and F1 of each label."""
        tasks = _both(truth, said)
        counts = [_counts(said[task], truth[task]) for task in tasks]
        value = _whole(counts).f1
        given = Counter(label for task in tasks for label in truth[task])
        classes = {label: _of_label(label, said, truth, tasks) for label in labels}
        words, alone = sum(given.values()), _commonest(given, labels)
        alike = sum(one == true for task in tasks for one, true in _pairs(said[task], truth[task]))
        return Measured(
            self.metric,
            value,
            _interval(counts, value),
            len(tasks),
            {"word accuracy": alike / words if words else None, "always the commonest": alone, "words": float(words)},
            {label: found for label, found in classes.items() if found},
            unseen=tuple(label for label in labels if not given[label]) if tasks else (),
        )

    def value(self, said: Said, truth: Said, labels: Sequence[str]) -> float | None:
        """Micro-averaged F1; None where nobody gave a label."""
        return _whole([_counts(said[task], truth[task]) for task in _both(truth, said)]).f1

    def compare(self, old: Said, new: Said, truth: Said, labels: Sequence[str] = ()) -> Comparison:
        """The change of F1, tested by a bootstrap over pages in pairs.

        No p-value is smaller than that of a sign test on as many pages, all of which changed alike.
        """
        tasks = [task for task in _both(truth, old) if task in new]
        was, now = ([_counts(said[task], truth[task]) for task in tasks] for said in (old, new))
        changes = [self.quality(new[t], truth[t]) - self.quality(old[t], truth[t]) for t in tasks]
        gained, lost = sum(one > 0 for one in changes), sum(one < 0 for one in changes)
        before, after = _whole(was).f1, _whole(now).f1
        if before is None or after is None:
            return Comparison(len(tasks), gained, lost, 1.0, 0.0, self.metric)
        apart = _resampled(now) - _resampled(was)
        least = 2.0 ** (1 - len(tasks))
        beyond = min(int((apart <= 0).sum()), int((apart >= 0).sum()))
        p = max(least, 2 * (1 + beyond) / (RESAMPLES + 1))
        return Comparison(len(tasks), gained, lost, min(1.0, p), after - before, self.metric)

    def quality(self, said: Any, true: Any) -> float:
        """F1 on one page; where there is nothing to find, 1 if nothing was told."""
        found = _counts(said, true).f1
        return 1.0 if found is None else found

    def named(self, told: Sequence[str]) -> str:
        """How many words of which label: 12 question, 3 header."""
        counts = Counter(label for label in told if label)
        return ", ".join(f"{count} {label}" for label, count in counts.most_common()) or "nothing"


WORDS = Words()


def _both(truth: Said, said: Said) -> list[str]:
    return [task for task in truth if task in said]


def _pairs(said: Sequence[str], true: Sequence[str]) -> list[tuple[str, str]]:
    """Each word's two labels. A page that could not be read was told nothing about."""
    told = said if len(said) == len(true) else [""] * len(true)
    return list(zip(told, true, strict=True))


def _counts(said: Sequence[str], true: Sequence[str], label: str = "") -> Counts:
    """Over all labels, or over one."""
    pairs = [
        (one if label in ("", one) else "", other if label in ("", other) else "") for one, other in _pairs(said, true)
    ]
    right = sum(bool(one) and one == other for one, other in pairs)
    return Counts(right, sum(bool(one) for one, _ in pairs), sum(bool(other) for _, other in pairs))


def _whole(counts: Sequence[Counts]) -> Counts:
    return Counts(*(sum(getattr(one, name) for one in counts) for name in ("right", "told", "true")))


def _of_label(label: str, said: Said, truth: Said, tasks: Sequence[str]) -> ClassFigures | None:
    whole = _whole([_counts(said[task], truth[task], label) for task in tasks])
    if whole.f1 is None:
        return None
    figures = {
        "precision": whole.right / whole.told if whole.told else None,
        "recall": whole.right / whole.true if whole.true else None,
        "F1": whole.f1,
    }
    return ClassFigures(whole.true, figures)


def _commonest(given: Mapping[str, int], labels: Sequence[str]) -> float | None:
    """The F1 of who gives every word the commonest label."""
    best, words = max((given[label] for label in labels), default=0), sum(given.values())
    return 2 * best / (words + words - given[""]) if best else None


def _resampled(counts: Sequence[Counts]) -> NDArray[Any]:
    """F1 over as many pages drawn with replacement, the same draws for every version."""
    import numpy as np

    drawn = np.random.default_rng(0).integers(0, len(counts), (RESAMPLES, len(counts)))
    right = np.array([one.right for one in counts])[drawn].sum(axis=1)
    labelled = np.array([one.told + one.true for one in counts])[drawn].sum(axis=1)
    figures: NDArray[Any] = 2 * right / np.maximum(labelled, 1)
    return figures


def _interval(counts: Sequence[Counts], value: float | None) -> tuple[float, float]:
    """The middle 95 % of the resamples; where all are alike, as wide as that of a share of so many pages."""
    if value is None:
        return 0.0, 1.0
    import numpy as np

    low, high = np.percentile(_resampled(counts), [2.5, 97.5])
    if high - low < 1e-9:
        return wilson(round(value * len(counts)), len(counts))
    return float(low), float(high)
