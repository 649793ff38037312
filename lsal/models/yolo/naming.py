"""What a network's class names mean among a control's labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsal.errors import BadRequest
from lsal.records import Control

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Meaning:
    """`every` holds the columns of the network for each label, in order; none for a label that it does not know.

    `count` is how many columns it has. Where it knows no label, all of them together say only that
    there is an object.
    """

    every: tuple[tuple[int, ...], ...]
    count: int

    @property
    def known(self) -> tuple[int, ...]:
        """The places of the labels that the network knows."""
        return tuple(place for place, columns in enumerate(self.every) if columns)

    @property
    def columns(self) -> list[tuple[int, ...]]:
        """Those of the known labels; without any, all as one."""
        return [self.every[place] for place in self.known] or [tuple(range(self.count))]

    def nothing_known(self, model: str, names: Sequence[str], control: Control) -> BadRequest:
        """The error for a network none of whose names is a label: both sides, and two ways out."""
        labels = _listed(control.labels)
        what = f"None of the names in {model} ({_listed(names)}) is a label of '{control.name}' ({labels})"
        example = f'predicted_values="{names[0] if names else "name"}"'
        fix = f"Say in the label config what they mean, with {example} beside a label's value"
        return BadRequest(what, f"{fix}, or train first: lsal train")


def meaning_of(names: Sequence[str], control: Control) -> Meaning:
    """By the names of the labels and their `predicted_values`; capitals only count where two labels differ in them."""
    exact = {**control.aliases, **{label: label for label in control.labels}}
    folded = {name.casefold(): label for name, label in exact.items()}
    told = [exact.get(name, folded.get(name.casefold())) for name in names]
    every = (tuple(n for n, label in enumerate(told) if label == wanted) for wanted in control.labels)
    return Meaning(tuple(every), len(names))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
