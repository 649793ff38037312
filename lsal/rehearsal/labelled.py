"""What a labelled source is: examples with answers, which of them are measured on, and the control that they answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lsal.measuring import CLASSES, Ruler
from lsal.records import Control, Example
from lsal.sources import kept_for_testing

HELD_OUT = 0.2


@dataclass(frozen=True)
class Source:
    """Labelled examples, each with the split it belongs to, and the control of their labels.

    `family` learns it where none is chosen, `by` tells how good the answers are. `notes` are what
    a reader has to know about the source, `tested_on` what its own test tasks are.
    """

    examples: list[Example]
    splits: list[str]
    control: Control
    family: str
    by: Ruler = CLASSES
    notes: tuple[str, ...] = ()
    tested_on: str = "tasks that were never in the pool"

    @property
    def own_test(self) -> bool:
        """Whether the source itself says what is measured on."""
        return bool(kept_for_testing(self.splits))

    def pool_and_test(self, seed: int) -> tuple[list[Example], list[Example]]:
        """The source's own test rows and the rest; where it has not both, the seed holds out a fifth."""
        out = kept_for_testing(self.splits)
        if not out:
            drawn = np.random.default_rng(seed).permutation(len(self.examples))
            out = set(np.flatnonzero(drawn < HELD_OUT * len(drawn)).tolist())
        pool = [example for place, example in enumerate(self.examples) if place not in out]
        return pool, [example for place, example in enumerate(self.examples) if place in out]
