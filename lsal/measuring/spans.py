"""The ruler of spans: an entity counts where its start, its end and its label are those that people gave.

Strict F1 over all entities of all texts, as CoNLL has counted since Tjong Kim Sang & De Meulder 2003. Its
interval is a bootstrap over texts (Efron 1979), its comparison approximate randomisation over texts (Yeh
2000, More accurate tests for the statistical significance of result differences): texts are what was
drawn at random, not entities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lsal.measuring.paired import Comparison, wilson
from lsal.measuring.ruler import ClassFigures, Measured, Said
from lsal.records import Spans, Target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

RESAMPLES = 1000
SEED = 0

Entity = tuple[int, int, str]


class Entities:
    """An answer is all spans of a text: start, end and label of each."""

    metric = "entity F1"

    def plain(self, target: Target) -> list[list[Any]]:
        """The spans in the order of the text, each once."""
        spans = target.items if isinstance(target, Spans) else ()
        return [list(one) for one in sorted({(span.start, span.end, span.label) for span in spans})]

    def measure(self, said: Said, truth: Said, labels: Sequence[str]) -> Measured:
        """F1 with its interval, precision and recall, and the same for each label."""
        pairs = [(entities_in(said[task]), entities_in(truth[task])) for task in truth if task in said]
        counts, given = counts_of(pairs), Counter(label for _, true in pairs for *_, label in true)
        precision, recall, value = _figures(*counts.sum(axis=0).tolist())
        more = {
            "precision": precision,
            "recall": recall,
            "overlap F1": _figures(*counts_of(pairs, overlapping).sum(axis=0).tolist())[2],
            "entities": float(sum(given.values())),
        }
        return Measured(
            self.metric,
            value,
            _interval(counts, value),
            len(pairs),
            more,
            _by_class(pairs, labels, given),
            unseen=tuple(label for label in labels if not given[label]) if pairs else (),
        )

    def value(self, said: Said, truth: Said, labels: Sequence[str]) -> float | None:
        """F1; None where there is no entity, neither given nor found."""
        pairs = ((entities_in(said[task]), entities_in(truth[task])) for task in truth if task in said)
        return _figures(*counts_of(list(pairs)).sum(axis=0).tolist())[2]

    def compare(self, old: Said, new: Said, truth: Said, labels: Sequence[str] = ()) -> Comparison:
        """The change of F1. By chance alone either version could have given either answer to each text."""
        tasks = [task for task in truth if task in old and task in new]
        true = [entities_in(truth[task]) for task in tasks]
        was, now = ([(entities_in(said[task]), t) for task, t in zip(tasks, true, strict=True)] for said in (old, new))
        changes = [self.quality(new[task], truth[task]) - self.quality(old[task], truth[task]) for task in tasks]
        gained, lost = sum(one > 0 for one in changes), sum(one < 0 for one in changes)
        before, after = counts_of(was), counts_of(now)
        gain = float(_f1(after.sum(axis=0)) - _f1(before.sum(axis=0)))
        return Comparison(len(tasks), gained, lost, _randomised(before, after, gain), gain, self.metric)

    def quality(self, said: Sequence[Any], true: Sequence[Any]) -> float:
        """F1 on one text; where nothing is to be found, 1 if nothing was."""
        _, _, value = _figures(*_row(entities_in(said), entities_in(true)))
        return 1.0 if value is None else value

    def named(self, told: Sequence[Any]) -> str:
        """How many of which label: 3 person, 1 place."""
        counts = Counter(str(label) for *_, label in told)
        return ", ".join(f"{count} {label}" for label, count in counts.most_common()) or "nothing"


ENTITIES = Entities()


def entities_in(told: Iterable[Sequence[Any]]) -> set[Entity]:
    """The spans of an answer, as `Entities.plain` keeps them."""
    return {(start, end, label) for start, end, label in told}


def _row(said: set[Entity], true: set[Entity]) -> tuple[int, int, int]:
    """Right ones, found ones, and those that there are."""
    return len(said & true), len(said), len(true)


def overlapping(said: set[Entity], true: set[Entity]) -> tuple[int, int, int]:
    """As `_row`, where an overlap and the same label suffice; each is counted with one other at most."""
    free, right = sorted(true), 0
    for start, end, label in sorted(said):
        found = next((one for one in free if one[2] == label and one[0] < end and start < one[1]), None)
        if found is not None:
            free.remove(found)
            right += 1
    return right, len(said), len(true)


def counts_of(pairs: Sequence[tuple[set[Entity], set[Entity]]], count: Any = _row) -> Counts:
    """For each text three counts; int64 (texts, 3)."""
    import numpy as np

    return np.array([count(*pair) for pair in pairs], np.int64).reshape(-1, 3)


def _figures(right: int, found: int, given: int) -> tuple[float | None, float | None, float | None]:
    """Precision, recall and F1, each None where it is a share of nothing."""
    return (
        right / found if found else None,
        right / given if given else None,
        2 * right / (found + given) if found + given else None,
    )


def _f1(sums: Counts) -> Any:
    """F1 of sums of counts (..., 3); 0 where there is nothing."""
    import numpy as np

    return 2 * sums[..., 0] / np.maximum(1, sums[..., 1] + sums[..., 2])


def _by_class(
    pairs: Sequence[tuple[set[Entity], set[Entity]]], labels: Sequence[str], given: Counter[str]
) -> dict[str, ClassFigures]:
    """Each label that people gave or the version found; `tasks` counts the entities given."""
    right = Counter(label for said, true in pairs for *_, label in said & true)
    found = Counter(label for said, _ in pairs for *_, label in said)
    named = ("precision", "recall", "F1")
    return {
        label: ClassFigures(
            given[label], dict(zip(named, _figures(right[label], found[label], given[label]), strict=True))
        )
        for label in labels
        if given[label] or found[label]
    }


def _interval(counts: Counts, value: float | None) -> tuple[float, float]:
    """The middle 95 % of the resamples; where all are alike, as wide as that of a share of so many texts."""
    if value is None:
        return 0.0, 1.0
    import numpy as np

    texts = len(counts)
    draws = np.random.default_rng(SEED).multinomial(texts, np.full(texts, 1 / texts), RESAMPLES)
    low, high = np.percentile(_f1(draws @ counts), [2.5, 97.5])
    if high - low < 1e-9:
        return wilson(round(value * texts), texts)
    return float(low), float(high)


def _randomised(before: Counts, after: Counts, gain: float) -> float:
    """How often so large a change, either way, comes about when the answers of each text are dealt by coin."""
    import numpy as np

    changed = np.flatnonzero((before != after).any(axis=1))
    if not len(changed):
        return 1.0
    coins = np.random.default_rng(SEED).integers(0, 2, (RESAMPLES, len(changed)))
    apart = after[changed] - before[changed]
    one, other = before.sum(axis=0) + coins @ apart, after.sum(axis=0) - coins @ apart
    as_large = int((np.abs(_f1(one) - _f1(other)) >= abs(gain) - 1e-12).sum())
    return (1 + as_large) / (RESAMPLES + 1)
