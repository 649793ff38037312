"""The family `layoutlmv3`: the label of each word of a page, and so the blocks that people would draw."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lsal.errors import BadData
from lsal.files import write_json
from lsal.models.layoutlmv3.answering import Answering
from lsal.models.layoutlmv3.finding import given_net
from lsal.models.layoutlmv3.learning import Lecture, learn
from lsal.models.layoutlmv3.nets import Net, classes_of, read_net, write_net
from lsal.models.layoutlmv3.wishes import Wishes, read_wishes
from lsal.models.networked import NETWORK, Networked, kept_in
from lsal.models.pictures import gradients
from lsal.protocols import Report
from lsal.records import Control, Example, Progress

if TYPE_CHECKING:
    from lsal.records import Floats

log = logging.getLogger(__name__)


class LayoutLMv3(Networked[Wishes, Net, Answering]):
    """A LayoutLMv3 of transformers. For the options see `wishes.Wishes`.

    `problems` says why the last `fit` left pages out, by task.
    """

    family: ClassVar[str] = "layoutlmv3"
    needs_pool: ClassVar[bool] = True

    def __init__(self, control: Control, options: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        super().__init__(control, options, seed)
        self.problems: dict[int, str] = {}

    def read(self, options: Mapping[str, Any]) -> Wishes:
        """See `wishes`."""
        return read_wishes(options)

    def fit(
        self, labelled: Sequence[Example], pool: Sequence[Example], check: Sequence[Example], report: Report
    ) -> None:
        """Learn from the pages that can be read; the others are logged and left out.

        Without `check` a fixed tenth of the labelled pages steers early stopping.
        """
        self._let_go()
        given = Lecture(self.control, self.wishes, self.seed, report)
        learned = learn(given, self._start, labelled, pool, check)
        self.problems = learned.problems
        self._answering = Answering(learned.net, self.wishes)
        report(Progress(1, 1, learned.told))

    def given(self) -> Answering | None:
        """What answers by the weights that the options name; None if they name none."""
        net = given_net(self.wishes)
        return Answering(net, self.wishes) if net else None

    def plain(self, examples: Sequence[Example]) -> Floats:
        """Gradients and colours."""
        rows = [gradients(example) for example in examples]
        return np.stack(rows) if rows else np.zeros((0, 1), np.float32)

    def begin_from(self, folder: Path) -> None:
        """Let the next `fit` begin with the weights of an earlier version; its labels may have been others.

        Where the options have named another model since, that one is begun from.
        """
        kept = kept_in(folder)
        earlier = read_wishes(kept["options"])
        if (self.wishes.model or earlier.model, self.wishes.size) != (earlier.model, earlier.size):
            log.info("begins anew: the earlier version was another model, or saw pages in another size")
            return
        self.wishes = replace(self.wishes, model=earlier.model)
        self._start = read_net(folder / NETWORK, kept["classes"])

    def save(self, folder: Path) -> None:
        """Write JSON and tensors: nothing that executes."""
        answering = self._ready()
        options = self.options | ({"model": self.wishes.model} if self.wishes.model else {})
        write_json(folder / "model.json", {"seed": self.seed, "options": options, "classes": answering.net.names})
        write_net(answering.net, folder / NETWORK)

    @classmethod
    def load(cls, folder: Path, control: Control) -> Self:
        """What `save` wrote."""
        kept, wanted = kept_in(folder), classes_of(control)
        if tuple(kept["classes"]) != wanted:
            known = ", ".join(kept["classes"][:-1])
            what = f"{folder} knows {known}, and '{control.name}' has {', '.join(control.labels)}"
            raise BadData(what, "Train again: lsal train")
        model = cls(control, kept["options"], kept["seed"])
        model._answering = Answering(read_net(folder / NETWORK, wanted), model.wishes)
        return model
