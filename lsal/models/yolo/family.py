"""The family `yolo`: learns boxes, outlines and masks, or one class of an image, as its control wants."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lsal.errors import BadData, NoVersion
from lsal.files import read_json, write_json
from lsal.models.pictures import gradients
from lsal.models.yolo.answering import Answering
from lsal.models.yolo.learning import frequencies, learn
from lsal.models.yolo.naming import meaning_of
from lsal.models.yolo.nets import Net, look_for, read_net, read_weights, write_net
from lsal.models.yolo.wishes import CLASSIFY, read_wishes, task_of
from lsal.protocols import Report
from lsal.records import Control, Example, Prediction, Progress

if TYPE_CHECKING:
    from lsal.records import Floats

log = logging.getLogger(__name__)

DOUBTFUL = 0.001
"""Average precision counts regions from this confidence on."""
DOUBT = 0.05
"""What is less likely than this is no object that a person would have to decide about."""


class Yolo:
    """A network of ultralytics. For the options see `wishes.Wishes`.

    `threshold` may be changed at any time: predictions show regions from that confidence on.
    `problems` says why the last `fit` left images out, by task.
    """

    family: ClassVar[str] = "yolo"
    needs_pool: ClassVar[bool] = False

    def __init__(self, control: Control, options: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        self.control, self.options, self.seed = control, dict(options or {}), seed
        self.task = task_of(control)
        self.wishes = read_wishes(control, self.options)
        self.threshold = float(self.wishes.threshold)
        self.problems: dict[int, str] = {}
        self._start: Net | None = None
        self._answering: Answering | None = None

    def look_for_weights(self) -> None:
        """Raise BadRequest if the `.pt` that the options name is not on this machine."""
        look_for(self.wishes.model)

    def fit(
        self, labelled: Sequence[Example], pool: Sequence[Example], check: Sequence[Example], report: Report
    ) -> None:
        """Learn from the images that can be read; the others are logged and left out.

        Without `check` a fixed tenth of the labelled images steers early stopping. An image
        without regions teaches that there is nothing; a region without a class is left out.
        """
        self._answering = None  # a network that answered before holds memory of the GPU
        learned = learn(self.control, self.wishes, self._start, labelled, check, self.seed, report)
        self.problems = learned.problems
        self._answer_with(learned.net, learned.prior)
        report(Progress(1, 1, learned.told))

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """One prediction per example; an image that cannot be read shows nothing, or has the prior of the classes.

        Regions below the threshold are not shown, but count as doubt: their chances come after the others.
        """
        return self._ready().predictions(examples, min(DOUBT, self.threshold), self.threshold)

    def predict_all(self, examples: Sequence[Example], threshold: float = DOUBTFUL) -> list[Prediction]:
        """`predict` with the doubtful regions too, as average precision wants them."""
        return self._ready().predictions(examples, threshold)

    def predict_twice(self, examples: Sequence[Example]) -> list[Prediction]:
        """`predict`, each with how far the network disagrees with itself about the image mirrored."""
        return self._ready().predictions(examples, min(DOUBT, self.threshold), self.threshold, looks_twice=True)

    def embed(self, examples: Sequence[Example]) -> Floats:
        """What a network sees in the images, float32 (n, d): a trained or a given one.

        A network of random weights sees little: before any weights, gradients and colours are taken.
        """
        if self._answering is None and self.wishes.weights:
            net = read_weights(self.wishes.model, self.task)
            self._answer_with(net)
        if self._answering is not None:
            return self._answering.embeddings(examples)
        rows = [gradients(example) for example in examples]
        return np.stack(rows) if rows else np.zeros((0, 1), np.float32)

    def begin_from(self, folder: Path) -> None:
        """Let the next `fit` begin with the weights of an earlier version; its classes may have been others.

        Where the options name other weights since, those are begun with.
        """
        kept = read_json(folder / "model.json")
        if kept is None or kept["net"]["task"] != self.task:
            raise BadData(f"{folder} holds no network to {self.task}", "Train without it: lsal train")
        if self.wishes.weights and kept["options"].get("model") != self.wishes.model:
            log.info("begins with %s: the version before was begun with other weights", self.wishes.model)
            return
        self._start = read_net(folder, kept["net"])

    def save(self, folder: Path) -> None:
        """Write JSON and tensors: nothing that executes."""
        answering = self._ready()
        kept = {"seed": self.seed, "options": self.options, "labels": self.control.labels, "prior": answering.prior}
        write_json(folder / "model.json", {**kept, "net": write_net(answering.net, folder)})

    @classmethod
    def load(cls, folder: Path, control: Control) -> Self:
        """What `save` wrote."""
        kept = read_json(folder / "model.json")
        if kept is None:
            raise BadData(f"{folder} holds no model", "Train again: lsal train")
        model = cls(control, kept["options"], kept["seed"])
        net = read_net(folder, kept["net"])
        prior = dict(zip(kept["labels"], kept["prior"], strict=True))
        model._answer_with(net, np.array([prior.get(label, 0.0) for label in control.labels], np.float32))
        return model

    @classmethod
    def pretrained(
        cls, control: Control, options: Mapping[str, Any] | None = None, suggest: bool = True
    ) -> Self | None:
        """A model that answers before any training, by the `.pt` that the options name; None if they name none.

        Where none of the network's names is a label of the control (or one of its `predicted_values`),
        it suggests regions without a class; without `suggest` it raises BadRequest with both lists. For
        classes of whole images there is nothing to suggest: None.
        """
        model = cls(control, options)
        return model if model.wishes.weights and model.take_weights(suggest) else None

    def take_weights(self, suggest: bool = True) -> bool:
        """Answer with the option's `.pt` as it is; False if it names nothing that can be shown.

        Where none of its names is a label, regions are shown without a class; without `suggest` that
        raises BadRequest, with both lists.
        """
        net = read_weights(self.wishes.model, self.task)
        meaning = meaning_of(net.names, self.control)
        if not meaning.known and not suggest:
            raise meaning.nothing_known(self.wishes.model, net.names, self.control)
        if meaning.known or self.task != CLASSIFY:
            self._answer_with(net)
        return self._answering is not None

    def _answer_with(self, net: Net, prior: Floats | None = None) -> None:
        prior = frequencies(self.control, ()) if prior is None else prior
        self._answering = Answering(self.control, self.wishes, net, meaning_of(net.names, self.control), prior)

    def _ready(self) -> Answering:
        if self._answering is None:
            raise NoVersion(f"The model of control '{self.control.name}' was never fitted", "Train one: lsal train")
        return self._answering
