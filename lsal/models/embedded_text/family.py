"""The family `embedded_text`: a frozen encoder of transformers, and logistic regression over what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lsal.errors import BadData, NoVersion
from lsal.files import read_json, write_json
from lsal.models.answers import answer, class_indices, learnable, nothing_to_learn
from lsal.models.embedded_text.encoder import Encoder, find_encoder
from lsal.models.embedded_text.encoding import embedded
from lsal.models.embedded_text.wishes import read_wishes
from lsal.models.hub import look_for
from lsal.models.linear_head import LinearHead
from lsal.models.texts import words_of
from lsal.protocols import Report
from lsal.records import Control, Example, Prediction

if TYPE_CHECKING:
    from lsal.records import Floats, Ints


class EmbeddedText:
    """A linear head over embeddings that never change. For the options see `wishes.Wishes`.

    Each text is embedded once: `keep_in` names the folder where that is kept. Of texts that are
    longer than `length` tokens, what lies behind is cut off. A version keeps the name of its
    encoder and the digest of its files, not the files; where they have changed, it says so.
    """

    family: ClassVar[str] = "embedded_text"
    needs_pool: ClassVar[bool] = False

    def __init__(self, control: Control, options: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        self.control, self.options, self.seed = control, dict(options or {}), seed
        self.wishes = read_wishes(self.options)
        self._head = LinearHead(control, float(self.wishes.strength), committee=self.wishes.committee, seed=seed)
        self._learned_with = ""
        self._keep_in: Path | None = None

    def look_for_weights(self) -> None:
        """Raise BadRequest if the encoder is not on this machine."""
        look_for(self.wishes.model, "encoder")

    def keep_in(self, folder: Path) -> None:
        """Where embeddings are kept from now on, for every process that is told the same; else in memory."""
        self._keep_in = folder

    def fit(
        self, labelled: Sequence[Example], pool: Sequence[Example], check: Sequence[Example], report: Report
    ) -> None:
        """Learn from the labelled texts that have a word."""
        usable = [example for example in learnable(self.control, labelled) if words_of(example)]
        if not usable:
            raise nothing_to_learn(self.control, labelled)
        targets = class_indices(self.control, usable)
        encoder = find_encoder(self.wishes)
        features, _ = self._embedded(encoder, usable, report)
        self._head.fit(features, targets, report)
        self._learned_with = encoder.digest

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """One prediction per example; an empty or unreadable text gets the prior and a zero embedding."""
        return self._predictions(examples, False)

    def predict_with_members(self, examples: Sequence[Example]) -> list[Prediction]:
        """`predict`, each with what every member of a committee says."""
        return self._predictions(examples, True)

    def _predictions(self, examples: Sequence[Example], committee: bool) -> list[Prediction]:
        if not self._learned_with:
            raise NoVersion(f"The model of control '{self.control.name}' was never fitted", "Train one: lsal train")
        features, readable = self._embedded(self._same_encoder(), examples)
        chances = np.tile(self._head.prior, (len(examples), 1, 1))
        chances[readable] = self._head.chances(features[readable])
        members = self._head.members(features, readable) if committee else None
        return answer(self.control, examples, chances, features, members)

    def embed(self, examples: Sequence[Example]) -> Floats:
        """Embeddings (n, d) before there is any label."""
        return self._embedded(find_encoder(self.wishes), examples)[0]

    def save(self, folder: Path) -> None:
        """Write JSON and arrays: nothing that executes; the encoder stays where it is."""
        if not self._learned_with:
            raise NoVersion(f"The model of control '{self.control.name}' was never fitted", "Train one: lsal train")
        kept = {"seed": self.seed, "options": self.options, "encoder": self._learned_with}
        write_json(folder / "model.json", kept)
        self._head.save(folder / "head.npz")

    @classmethod
    def load(cls, folder: Path, control: Control) -> Self:
        """What `save` wrote. Raises BadData if the encoder's files have changed since, or are gone."""
        kept = read_json(folder / "model.json")
        model = cls(control, kept["options"], kept["seed"])
        model._learned_with = kept["encoder"]
        model._head = LinearHead.load(folder / "head.npz", control, model.seed)
        model._same_encoder()
        return model

    def _same_encoder(self) -> Encoder:
        """The encoder whose embeddings the head has learned from."""
        encoder = find_encoder(self.wishes)
        if encoder.digest != self._learned_with:
            what = f"The encoder '{self.wishes.model}' has changed since this model learned from its embeddings"
            raise BadData(what, "Put its files back, or train again: lsal train")
        return encoder

    def _embedded(
        self, encoder: Encoder, examples: Sequence[Example], report: Report | None = None
    ) -> tuple[Floats, Ints]:
        """Embeddings (n, d), zeros where there is no text; the rows where there is one."""
        texts = [words_of(example) for example in examples]
        readable = np.array([row for row, text in enumerate(texts) if text], np.int64)
        features = np.zeros((len(texts), encoder.width), np.float32)
        if len(readable):
            words = [text for text in texts if text]
            features[readable] = embedded(encoder, words, self._keep_in, self.wishes.batch, report)
        return features, readable
