"""The family `transformers_text`: any text classifier of transformers, its whole network trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lsal.errors import BadData
from lsal.files import write_json
from lsal.models.answers import units_and_classes
from lsal.models.networked import NETWORK, Networked, kept_in
from lsal.models.sklearn_text import SklearnText
from lsal.models.transformers_text.answering import Answering
from lsal.models.transformers_text.learning import Given, learn
from lsal.models.transformers_text.wishes import SORT, Wishes, read_wishes
from lsal.models.transformers_training.keeping import begun_from
from lsal.models.transformers_training.nets import Net, given_net, read_net, write_net
from lsal.protocols import Report
from lsal.records import Control, Example, Progress

if TYPE_CHECKING:
    from lsal.records import Floats


class TransformersText(Networked[Wishes, Net, Answering]):
    """A network of transformers, trained by its Trainer. For the options see `wishes.Wishes`."""

    family: ClassVar[str] = "transformers_text"
    needs_pool: ClassVar[bool] = True

    def read(self, options: Mapping[str, Any]) -> Wishes:
        """See `wishes`."""
        return read_wishes(options)

    def fit(
        self, labelled: Sequence[Example], pool: Sequence[Example], check: Sequence[Example], report: Report
    ) -> None:
        """Learn from the labelled texts that have a word; the pool teaches words where no tokenizer is given.

        Without `check` a fixed tenth of the labelled texts steers early stopping.
        """
        self._let_go()
        learned = learn(Given(self.control, self.wishes, self._start, labelled, pool, check, self.seed, report))
        self._answering = Answering(self.control, learned.net, learned.prior, self.wishes)
        report(Progress(1, 1, f"trained on {learned.count} texts"))

    def given(self) -> Answering | None:
        """What answers by the weights that the options name; None if they name none."""
        prior = np.zeros(units_and_classes(self.control), np.float32)
        net = given_net(self.wishes, SORT)
        return Answering(self.control, net, prior, self.wishes) if net else None

    def plain(self, examples: Sequence[Example]) -> Floats:
        """The words, counted."""
        return SklearnText(self.control, seed=self.seed).embed(examples)

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
