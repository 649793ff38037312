"""Texts by TF-IDF and logistic regression: trains in a second, offline, on any language with words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lsal.errors import NoVersion
from lsal.files import read_json, write_json
from lsal.models.answers import answer, class_indices, learnable, nothing_to_learn
from lsal.models.choosing import check_options, positive
from lsal.models.committee import SIZES
from lsal.models.linear_head import LinearHead
from lsal.models.text_space import TextSpace, fitted_space, loaded_space, pool_digest
from lsal.models.texts import words_of
from lsal.protocols import Report
from lsal.records import Control, Example, Prediction, Progress

if TYPE_CHECKING:
    from lsal.records import Floats


class SklearnText:
    """The vocabulary comes from the pool, the weights from the labels.

    Options: `strength`, the inverse regularisation C of the regression (10); `committee`, how many more are
    trained on other draws of the labels, for strategies that ask a committee (0: dropout makes one).
    """

    family: ClassVar[str] = "sklearn_text"
    needs_pool: ClassVar[bool] = True

    def __init__(self, control: Control, options: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        self.control, self.options, self.seed = control, dict(options or {}), seed
        check_options(self.family, self.options, {"strength": ("a number above 0", positive), **SIZES})
        size, strength = int(self.options.get("committee", 0)), float(self.options.get("strength", 10.0))
        self._head = LinearHead(control, strength, committee=size, seed=seed)
        self._space: TextSpace | None = None
        self._pool = ""
        self._before: Path | None = None

    def fit(
        self, labelled: Sequence[Example], pool: Sequence[Example], check: Sequence[Example], report: Report
    ) -> None:
        """Learn the words of pool and labelled together, then the classes."""
        report(Progress(0, 0, "Reading the pool's words"))
        usable = [example for example in learnable(self.control, labelled) if words_of(example)]
        if not usable:
            raise nothing_to_learn(self.control, labelled)
        self._space = self._space_of([*pool, *labelled])
        report(Progress(0, 0, "Fitting"))
        features, _ = self._space.vectors([words_of(example) for example in usable])
        self._head.fit(features, class_indices(self.control, usable), report)

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """One prediction per example; an empty or unreadable text gets the prior."""
        return self._predictions(examples, False)

    def predict_with_members(self, examples: Sequence[Example]) -> list[Prediction]:
        """`predict`, each with what every member of a committee says."""
        return self._predictions(examples, True)

    def _predictions(self, examples: Sequence[Example], committee: bool) -> list[Prediction]:
        if self._space is None:
            raise NoVersion(f"The model of control '{self.control.name}' was never fitted", "Train one: lsal train")
        if not examples:
            return []
        texts = [words_of(example) for example in examples]
        features, embeddings = self._space.vectors(texts)
        chances = self._head.chances(features)
        chances[[not text for text in texts]] = self._head.prior
        if not committee:
            return answer(self.control, examples, chances, embeddings)
        readable = np.flatnonzero([bool(text) for text in texts])
        return answer(self.control, examples, chances, embeddings, self._head.members(features, readable))

    def embed(self, examples: Sequence[Example]) -> Floats:
        """Embeddings (n, d) before there is any label; fits the space to `examples` if none was fitted."""
        space = self._space or self._space_of(examples)
        return space.vectors([words_of(example) for example in examples])[1]

    def reuse(self, folder: Path) -> None:
        """Take the vocabulary and the space of an earlier version, if it saw the very same pool."""
        self._before = folder

    def look_at(self, pool: Sequence[Example]) -> None:
        """Fit the space to a part of the pool, for embeddings of more than that."""
        self._space = self._space_of(pool)

    def save(self, folder: Path) -> None:
        """Write JSON and arrays: nothing that executes."""
        if self._space is None:
            raise NoVersion(f"The model of control '{self.control.name}' was never fitted", "Train one: lsal train")
        write_json(folder / "model.json", {"seed": self.seed, "options": self.options, "pool": self._pool})
        self._space.save(folder)
        self._head.save(folder / "head.npz")

    @classmethod
    def load(cls, folder: Path, control: Control) -> Self:
        """What `save` wrote."""
        kept = read_json(folder / "model.json")
        model = cls(control, kept["options"], kept["seed"])
        model._pool = kept.get("pool", "")
        model._space = loaded_space(folder, model._pool)
        model._head = LinearHead.load(folder / "head.npz", control, model.seed)
        return model

    def _space_of(self, examples: Sequence[Example]) -> TextSpace:
        """Each task counts once, in the order of the ids: the same data give the same bits."""
        texts = {example.task_id: words_of(example) for example in examples}
        pool = tuple(texts[task_id] for task_id in sorted(texts))
        self._pool = pool_digest(pool, self.seed)
        return fitted_space(pool, self.seed, self._before)
