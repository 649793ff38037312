"""Rare classes: what a strategy does for them, the main figure may hide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from lsal.measuring import Ruler, Said
from lsal.records import Example, Labels, Target

RARE = 0.5
"""A class is rare if it is given less than half as often as it would be if all were given equally often."""


def rare_classes(examples: Iterable[Example], labels: Sequence[str]) -> tuple[str, ...]:
    """The rare ones among the classes that people gave, the rarest first; none where all are about as frequent."""
    given = Counter(name for one in examples if one.target is not None for name in _names(one.target))
    known = [label for label in labels if given[label]]
    even = sum(given[label] for label in known) / len(known) if known else 0.0
    return tuple(sorted((label for label in known if given[label] < RARE * even), key=lambda label: given[label]))


def recall_of(by: Ruler, said: Said, truth: Said, labels: Sequence[str], rare: Sequence[str]) -> float | None:
    """The mean recall of the rare classes that the tasks show; None where there is none, or no such figure."""
    if not rare:
        return None
    classes = by.measure(said, truth, labels).classes
    found = [classes[label].figures.get("recall") for label in rare if label in classes and classes[label].tasks]
    known = [value for value in found if value is not None]
    return sum(known) / len(known) if known else None


def _names(target: Target) -> Sequence[str]:
    return target.names if isinstance(target, Labels) else [one.label for one in target.items]
