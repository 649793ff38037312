"""The simplest model there is: seeded guesses, for trying the wiring of any classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lsal.files import read_json, write_json
from lsal.models.answers import answer, learnable, units_and_classes
from lsal.protocols import Report
from lsal.records import Control, Example, Prediction, Progress

if TYPE_CHECKING:
    from lsal.records import Floats


class RandomGuess:
    """Chances drawn from a flat Dirichlet, the same for the same seed and task id."""

    family: ClassVar[str] = "random"
    needs_pool: ClassVar[bool] = False

    def __init__(self, control: Control, options: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        self.control, self.options, self.seed = control, dict(options or {}), seed

    def fit(
        self, labelled: Sequence[Example], pool: Sequence[Example], check: Sequence[Example], report: Report
    ) -> None:
        """Learn nothing, but refuse what no model could learn from."""
        report(Progress(0, 1, "Guessing"))
        usable = learnable(self.control, labelled)
        report(Progress(1, 1, f"Looked at {len(usable)} examples, learned nothing"))

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """One guess per example; an unreadable one gets even chances."""
        units, classes = units_and_classes(self.control)
        chances = np.full((len(examples), units, classes), 1 / classes, np.float32)
        for row, example in enumerate(examples):
            if example.input is not None:
                draw = np.random.default_rng([self.seed, abs(example.task_id)])
                chances[row] = draw.dirichlet(np.ones(classes), units)
        return answer(self.control, examples, chances)

    def embed(self, examples: Sequence[Example]) -> Floats | None:
        """None: a guess looks at nothing."""
        return None

    def save(self, folder: Path) -> None:
        """Keep the seed."""
        write_json(folder / "model.json", {"seed": self.seed, "options": self.options})

    @classmethod
    def load(cls, folder: Path, control: Control) -> Self:
        """What `save` wrote."""
        kept = read_json(folder / "model.json")
        return cls(control, kept["options"], kept["seed"])
