"""Images by fixed features and logistic regression: gradients and colours, or a frozen vision model."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lsal.errors import BadData, NoVersion
from lsal.files import read_json, write_json
from lsal.models.answers import answer, class_indices, learnable, nothing_to_learn
from lsal.models.choosing import Fits, check_options, positive
from lsal.models.committee import SIZES
from lsal.models.hub import look_for
from lsal.models.linear_head import LinearHead
from lsal.models.pixels import features_of
from lsal.protocols import Report
from lsal.records import Control, Example, Prediction, Progress

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

logger = logging.getLogger(__name__)

CHUNK = 32
_FITS: Fits = {
    "model": ("the name of a download, or the path of a folder", lambda value: isinstance(value, str | Path)),
    "strength": ("a number above 0", positive),
    **SIZES,
}


class ImageFeatures:
    """A linear head over features that are never trained, so a round costs seconds.

    Options: `model`, the name or path of a transformers vision model whose frozen features
    replace the gradients; `strength`, the inverse regularisation C (0.1, on standardised features);
    `committee`, how many more heads are trained on other draws of the labels, for strategies that ask a committee (0:
    dropout makes one).
    """

    family: ClassVar[str] = "image_features"
    needs_pool: ClassVar[bool] = False

    def __init__(self, control: Control, options: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        self.control, self.options, self.seed = control, dict(options or {}), seed
        check_options(self.family, self.options, _FITS)
        size, strength = int(self.options.get("committee", 0)), float(self.options.get("strength", 0.1))
        self._head = LinearHead(control, strength, standardise=True, committee=size, seed=seed)
        self._width = 0

    def look_for_weights(self) -> None:
        """Raise BadRequest if the vision model that the options name is not on this machine."""
        look_for(str(self.options.get("model", "")), "vision model")

    def fit(
        self, labelled: Sequence[Example], pool: Sequence[Example], check: Sequence[Example], report: Report
    ) -> None:
        """Learn from the labelled images that can be read; the others are logged and left out."""
        usable = learnable(self.control, labelled)
        features, readable, reason = self._read(usable, report)
        if not len(readable):
            raise nothing_to_learn(self.control, labelled, reason)
        self._width = features.shape[1]
        targets = class_indices(self.control, usable)
        self._head.fit(features[readable], targets[readable], report)

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """One prediction per example; an image that cannot be read gets the prior and a zero embedding."""
        return self._predictions(examples, False)

    def predict_with_members(self, examples: Sequence[Example]) -> list[Prediction]:
        """`predict`, each with what every member of a committee says."""
        return self._predictions(examples, True)

    def _predictions(self, examples: Sequence[Example], committee: bool) -> list[Prediction]:
        if not self._width:
            raise NoVersion(f"The model of control '{self.control.name}' was never fitted", "Train one: lsal train")
        features, readable, reason = self._read(examples)
        chances = np.tile(self._head.prior, (len(examples), 1, 1))
        chances[readable] = self._head.chances(features[readable])
        members = self._head.members(features, readable) if committee else None
        told, fine = answer(self.control, examples, chances, features, members), set(readable.tolist())
        return [one if n in fine else replace(one, problem=reason) for n, one in enumerate(told)]

    def embed(self, examples: Sequence[Example]) -> Floats:
        """Embeddings (n, d) before there is any label."""
        return self._read(examples)[0]

    def save(self, folder: Path) -> None:
        """Write JSON and arrays: nothing that executes; a frozen vision model stays where it is."""
        if not self._width:
            raise NoVersion(f"The model of control '{self.control.name}' was never fitted", "Train one: lsal train")
        write_json(folder / "model.json", {"seed": self.seed, "options": self.options, "width": self._width})
        self._head.save(folder / "head.npz")

    @classmethod
    def load(cls, folder: Path, control: Control) -> Self:
        """What `save` wrote."""
        kept = read_json(folder / "model.json")
        model = cls(control, kept["options"], kept["seed"])
        model._width = kept["width"]
        model._head = LinearHead.load(folder / "head.npz", control, model.seed)
        return model

    def _read(self, examples: Sequence[Example], report: Report | None = None) -> tuple[Floats, Ints, str]:
        """Features (n, d), zeros where unreadable; the rows that are readable; the first reason why one is not."""
        rows: list[Floats | None] = []
        reason = ""
        for begin in range(0, len(examples), CHUNK):
            if report is not None:
                report(Progress(begin, len(examples), "Reading images"))
            for example in examples[begin : begin + CHUNK]:
                try:
                    rows.append(self._features(example))
                except BadData as error:
                    logger.warning("Task %s: %s", example.task_id, error.what)
                    reason = reason or error.what
                    rows.append(None)
        readable = np.array([i for i, row in enumerate(rows) if row is not None], np.int64)
        width = next((len(row) for row in rows if row is not None), max(1, self._width))
        features = np.zeros((len(rows), width), np.float32)
        for i in readable:
            features[i] = rows[i]
        return features, readable, reason

    def _features(self, example: Example) -> Floats:
        if example.input is None:
            raise BadData(example.problem or "the task has no image", "Check the task's data")
        if "model" in self.options:
            from lsal.models.vision_backbone import frozen_features

            return frozen_features(str(self.options["model"]), example.file)
        return features_of(example.file)
