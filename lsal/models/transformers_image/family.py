"""The family `transformers_image`: any image classifier of transformers, its whole network trained."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lsal.errors import BadData
from lsal.files import write_json
from lsal.models.answers import units_and_classes
from lsal.models.networked import NETWORK, Networked, kept_in
from lsal.models.pictures import gradients
from lsal.models.transformers_image.answering import Answering
from lsal.models.transformers_image.finding import given_net
from lsal.models.transformers_image.learning import learn
from lsal.models.transformers_image.nets import Net, read_net, write_net
from lsal.models.transformers_image.wishes import Wishes, read_wishes
from lsal.protocols import Report
from lsal.records import Control, Example, Prediction, Progress

if TYPE_CHECKING:
    from lsal.records import Floats

log = logging.getLogger(__name__)


class TransformersImage(Networked[Wishes, Net, Answering]):
    """A network of transformers. For the options see `wishes.Wishes`.

    `problems` says why the last `fit` left images out, by task.
    """

    family: ClassVar[str] = "transformers_image"
    needs_pool: ClassVar[bool] = False

    def __init__(self, control: Control, options: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        super().__init__(control, options, seed)
        self.problems: dict[int, str] = {}

    def read(self, options: Mapping[str, Any]) -> Wishes:
        """See `wishes`."""
        return read_wishes(options)

    def fit(
        self, labelled: Sequence[Example], pool: Sequence[Example], check: Sequence[Example], report: Report
    ) -> None:
        """Learn from the images that can be read; the others are logged and left out.

        Without `check` a fixed tenth of the labelled images steers early stopping.
        """
        self._let_go()
        learned = learn(self.control, self.wishes, self._start, labelled, check, self.seed, report)
        self.problems = learned.problems
        self._answering = Answering(self.control, learned.net, learned.prior)
        report(Progress(1, 1, learned.told))

    def predict_twice(self, examples: Sequence[Example]) -> list[Prediction]:
        """`predict`, each with the share of its chances that are others once the image is mirrored."""
        answering = self._ready()
        told, other = answering.predictions(examples), answering.predictions(examples, mirrored=True)
        apart = [float(abs(a.chances - b.chances).sum(axis=1).mean() / 2) for a, b in zip(told, other, strict=True)]
        return [replace(one, disagreement=min(1.0, each)) for one, each in zip(told, apart, strict=True)]

    def given(self) -> Answering | None:
        """What answers by the weights that the options name; None if they name none."""
        net, prior = given_net(self.wishes), np.zeros(units_and_classes(self.control), np.float32)
        return Answering(self.control, net, prior) if net else None

    def plain(self, examples: Sequence[Example]) -> Floats:
        """Gradients and colours."""
        rows = [gradients(example) for example in examples]
        return np.stack(rows) if rows else np.zeros((0, 1), np.float32)

    def begin_from(self, folder: Path) -> None:
        """Let the next `fit` begin with the weights of an earlier version; its classes may have been others.

        Where the options have named another model since, that one is begun from.
        """
        kept = kept_in(folder)
        earlier = read_wishes(kept["options"])
        if (self.wishes.model or earlier.model, self.wishes.size) != (earlier.model, earlier.size):
            log.info("begins anew: the earlier version was another model, or saw images in another size")
            return
        self.wishes = replace(self.wishes, model=earlier.model)
        # What is right for one class among others says nothing about each label by itself.
        names = kept["labels"] if kept["several"] == self.control.several else ()
        self._start = read_net(folder / NETWORK, names)

    def save(self, folder: Path) -> None:
        """Write JSON and tensors: nothing that executes."""
        answering = self._ready()
        options = self.options | ({"model": self.wishes.model} if self.wishes.model else {})
        kept = {"seed": self.seed, "options": options, "labels": self.control.labels}
        prior, several = answering.prior.tolist(), self.control.several
        write_json(folder / "model.json", {**kept, "several": several, "prior": prior})
        write_net(answering.net, folder / NETWORK)

    @classmethod
    def load(cls, folder: Path, control: Control) -> Self:
        """What `save` wrote."""
        kept = kept_in(folder)
        if (tuple(kept["labels"]), kept["several"]) != (control.labels, control.several):
            what = f"{folder} knows {', '.join(kept['labels'])}, and '{control.name}' has {', '.join(control.labels)}"
            raise BadData(what, "Train again: lsal train")
        model = cls(control, kept["options"], kept["seed"])
        prior = np.array(kept["prior"], np.float32)
        model._answering = Answering(control, read_net(folder / NETWORK, control.labels), prior)
        return model
