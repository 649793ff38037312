"""The classes of a tagger: `O`, and for each label one for a span's first token and one for its others (BIO).

Taggers from elsewhere also say `S` or `U` of a span of one token, `E` or `L` of its last (BIOES, BILOU), or
give the label alone: they are read too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lsal.models.tokens import OUT
from lsal.records import Control

if TYPE_CHECKING:
    from lsal.records import Floats

BEGINS = "BSU"
PREFIXED = re.compile(r"([BIESLUM])-(.+)", re.DOTALL)


def tags_for(labels: Sequence[str]) -> tuple[str, ...]:
    """All tags for these labels."""
    return (OUT, *(f"{step}-{label}" for label in labels for step in "BI"))


def parts_of(tag: str) -> tuple[str, bool]:
    """The label of a tag, "" for none, and whether a span begins there."""
    if tag == OUT:
        return "", False
    found = PREFIXED.fullmatch(tag)
    return (found[2], found[1] in BEGINS) if found else (tag, False)


def meaning_of(tags: Sequence[str], control: Control) -> dict[str, str]:
    """What tags of another tagger are called here, those whose label the control has.

    By the names of its labels and their `predicted_values`; capitals only count where two differ in them.
    """
    named = {**control.aliases, **{label: label for label in control.labels}}
    folded = {name.casefold(): label for name, label in named.items()}
    told = {}
    for tag in tags:
        name, begins = parts_of(tag)
        label = named.get(name, folded.get(name.casefold()))
        if name and label is not None:
            told[tag] = f"{'B' if begins else 'I'}-{label}"
    return told


@dataclass(frozen=True, slots=True)
class Columns:
    """Which label of the control each class of a tagger stands for, the last for none, and which ones begin spans."""

    places: tuple[int, ...]
    begins: tuple[bool, ...]
    count: int

    @classmethod
    def of(cls, tags: Sequence[str], control: Control) -> Columns:
        """A class that the control does not have is none of its labels."""
        meaning, none = meaning_of(tags, control), len(control.labels)
        told = [parts_of(meaning.get(tag, OUT)) for tag in tags]
        places = [control.labels.index(label) if label else none for label, _ in told]
        return cls(tuple(places), tuple(begins for _, begins in told), none + 1)

    @property
    def known(self) -> bool:
        """Whether the tagger knows a label of the control at all."""
        return any(place < self.count - 1 for place in self.places)

    def collapsed(self, rows: Floats) -> tuple[Floats, Floats]:
        """From the chances of tags those of labels and none, (n, labels + 1), and of labels that begin here."""
        chances, begun = (np.zeros((len(rows), self.count), np.float32) for _ in range(2))
        for column, (place, begins) in enumerate(zip(self.places, self.begins, strict=True)):
            chances[:, place] += rows[:, column]
            begun[:, place] += rows[:, column] * begins
        return chances, begun


def aliases_of(tags: Sequence[str], control: Control) -> Mapping[str, str]:
    """`meaning_of` of the tags that are called otherwise here, one for each: the first that says it plainly."""
    told: dict[str, str] = {}
    for tag, here in sorted(meaning_of(tags, control).items(), key=lambda pair: pair[0][:2] not in ("B-", "I-")):
        if here not in told.values():
            told[tag] = here
    return told
