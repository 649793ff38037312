"""The family `transformers_tokens`: any tagger of transformers, its whole network trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lsal.errors import BadRequest
from lsal.files import write_json
from lsal.models.networked import NETWORK, Networked, kept_in
from lsal.models.sklearn_text import SklearnText
from lsal.models.transformers_tokens.answering import Answering
from lsal.models.transformers_tokens.learning import Given, learn
from lsal.models.transformers_tokens.tags import Columns, parts_of, tags_for
from lsal.models.transformers_tokens.wishes import SORT, Wishes, read_wishes
from lsal.models.transformers_training.keeping import begun_from
from lsal.models.transformers_training.nets import Net, given_net, read_net, write_net
from lsal.protocols import Report
from lsal.records import Control, Example, Progress

if TYPE_CHECKING:
    from lsal.records import Floats


class TransformersTokens(Networked[Wishes, Net, Answering]):
    """A tagger of transformers, trained by its Trainer. For the options see `wishes.Wishes`.

    Words are `models.tokens`, tags as of `crf_tokens`: of spans that overlap the longest is learned, one that
    begins or ends within a word is widened to it. A span's score is the chance of its least likely token.
    """

    family: ClassVar[str] = SORT.family
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
        self.notes = learned.losses
        report(Progress(1, 1, ", ".join(filter(None, (f"trained on {learned.count} texts", learned.losses)))))

    def given(self) -> Answering | None:
        """What answers by the weights that the options name; None if they name none."""
        net = given_net(self.wishes, SORT)
        return _as_given(self.control, net, self.wishes) if net else None

    def plain(self, examples: Sequence[Example]) -> Floats:
        """The words, counted."""
        return SklearnText(self.control, seed=self.seed).embed(examples)

    def begin_from(self, folder: Path) -> None:
        """Let the next `fit` begin with the weights of an earlier version; its labels may have been others.

        Where the options have named another model since, that one is begun from.
        """
        names = tags_for(kept_in(folder)["labels"])
        self.wishes, self._start = begun_from(folder, SORT, self.wishes, names)

    def save(self, folder: Path) -> None:
        """Write JSON and tensors: nothing that executes; `network` is a folder as `save_pretrained` writes it."""
        answering = self._ready()
        options = self.options | ({"model": self.wishes.model} if self.wishes.model else {})
        kept = {"seed": self.seed, "options": options, "labels": self.control.labels}
        write_json(folder / "model.json", {**kept, "prior": answering.prior.tolist()})
        write_net(answering.net, folder / NETWORK)

    @classmethod
    def load(cls, folder: Path, control: Control) -> Self:
        """What `save` wrote; a label that the control lost since is none of its labels."""
        kept = kept_in(folder)
        model = cls(control, kept["options"], kept["seed"])
        net = read_net(folder / NETWORK, tags_for(kept["labels"]), SORT)
        model._answering = Answering(control, net, np.array(kept["prior"], np.float32), model.wishes)
        return model

    @classmethod
    def pretrained(
        cls, control: Control, options: Mapping[str, Any] | None = None, suggest: bool = True
    ) -> Self | None:
        """A tagger that answers before any training, by the weights that the options name; None if they name none.

        Nor is there anything to show where none of its tags is a label of the control, or one of its
        `predicted_values`; without `suggest` that raises BadRequest with both lists.
        """
        model = cls(control, options)
        net = given_net(model.wishes, SORT)
        if net is None:
            return None
        if not Columns.of(net.names, control).known:
            if suggest:
                return None
            raise _nothing_known(model.wishes.model, net, control)
        model._answering = _as_given(control, net, model.wishes)
        return model


def _as_given(control: Control, net: Net, wishes: Any) -> Answering:
    """What it drops is in no span, as far as anybody knows."""
    none = np.array([not parts_of(tag)[0] for tag in net.names], np.float32)
    return Answering(control, net, none / max(1.0, none.sum()), wishes)


def _nothing_known(model: str, net: Net, control: Control) -> BadRequest:
    names = sorted({name for tag in net.names if (name := parts_of(tag)[0])})
    what = f"None of the tags of {model} ({', '.join(names)}) is a label of '{control.name}'"
    what += f" ({', '.join(control.labels)})"
    fix = 'Say in the label config what they mean, with predicted_values="..." beside a label\'s value'
    return BadRequest(what, f"{fix}, or train first: lsal train")
