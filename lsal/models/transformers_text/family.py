"""The family `transformers_text`: any text classifier of transformers, its whole network trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lsal.errors import BadData, NoVersion
from lsal.files import write_json
from lsal.models.answers import units_and_classes
from lsal.models.sklearn_text import SklearnText
from lsal.models.transformers_text.answering import Answering
from lsal.models.transformers_text.learning import Given, learn
from lsal.models.transformers_text.wishes import SORT, read_wishes
from lsal.models.transformers_training.keeping import NETWORK, begun_from, kept_in
from lsal.models.transformers_training.nets import Net, given_net, read_net, write_net
from lsal.protocols import Report
from lsal.records import Control, Example, Prediction, Progress

if TYPE_CHECKING:
    from lsal.records import Floats


class TransformersText:
    """A network of transformers, trained by its Trainer. For the options see `wishes.Wishes`."""

    family: ClassVar[str] = "transformers_text"
    needs_pool: ClassVar[bool] = True

    def __init__(self, control: Control, options: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        self.control, self.options, self.seed = control, dict(options or {}), seed
        self.wishes = read_wishes(self.options)
        self._start: Net | None = None
        self._given: Answering | None = None
        self._answering: Answering | None = None

    def fit(
        self, labelled: Sequence[Example], pool: Sequence[Example], check: Sequence[Example], report: Report
    ) -> None:
        """Learn from the labelled texts that have a word; the pool teaches words where no tokenizer is given.

        Without `check` a fixed tenth of the labelled texts steers early stopping.
        """
        self._answering = self._given = None  # a network that answered before holds memory of the GPU
        learned = learn(Given(self.control, self.wishes, self._start, labelled, pool, check, self.seed, report))
        self._answering = Answering(self.control, learned.net, learned.prior, self.wishes)
        report(Progress(1, 1, f"trained on {learned.count} texts"))

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """One prediction per example; an empty or unreadable text gets the prior and a zero embedding."""
        return self._ready().predictions(examples)

    def embed(self, examples: Sequence[Example]) -> Floats:
        """What a network sees in the texts, float32 (n, d): a trained or a given one.

        A network of random weights sees little: before any weights, the words are counted.
        """
        if self._answering is None and self._given is None and (net := given_net(self.wishes, SORT)):
            prior = np.zeros(units_and_classes(self.control), np.float32)
            self._given = Answering(self.control, net, prior, self.wishes)
        answering = self._answering or self._given
        return (
            answering.embeddings(examples) if answering else SklearnText(self.control, seed=self.seed).embed(examples)
        )

    def begin_from(self, folder: Path) -> None:
        """Let the next `fit` begin with the weights of an earlier version; its classes may have been others.

        Where the options have named another model since, that one is begun from.
        """
        kept = kept_in(folder)
        # What is right for one class among others says nothing about each label by itself.
        names = kept["labels"] if kept["several"] == self.control.several else ()
        self.wishes, self._start = begun_from(folder, SORT, self.wishes, names)

    def save(self, folder: Path) -> None:
        """Write JSON and tensors: nothing that executes; `network` is a folder as `save_pretrained` writes it."""
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
        model._answering = Answering(control, read_net(folder / NETWORK, control.labels, SORT), prior, model.wishes)
        return model

    def _ready(self) -> Answering:
        if self._answering is None:
            raise NoVersion(f"The model of control '{self.control.name}' was never fitted", "Train one: lsal train")
        return self._answering
