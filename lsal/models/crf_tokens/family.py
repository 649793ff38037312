"""The family `crf_tokens`: spans of texts by a linear-chain CRF over words, their shapes and the pool's vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lsal.errors import BadData, NoVersion
from lsal.files import read_json, write_json
from lsal.models.answers import nothing_to_learn, unknown_label
from lsal.models.choosing import check_options, whole
from lsal.models.crf_tokens.chain import Chain, Features
from lsal.models.crf_tokens.features import features_of
from lsal.models.crf_tokens.vocabulary import Vocabulary
from lsal.models.text_space import TextSpace, fitted_space
from lsal.models.texts import text_of
from lsal.models.tokens import OUT, Tagged, Token, chains_of, losses_of, spans_of, tags_of, tokens_of
from lsal.phrases import counted
from lsal.protocols import Report
from lsal.records import Control, Example, Prediction, Progress, Span, Spans

if TYPE_CHECKING:
    from lsal.records import Floats

DEFAULTS = {"c1": 0.05, "c2": 0.05, "iterations": 100, "threshold": 0.25}
FITS = {
    "c1": ("a number from 0 on", lambda value: _number(value) and value >= 0),
    "c2": ("a number from 0 on", lambda value: _number(value) and value >= 0),
    "iterations": ("a whole number from 1 on", whole(1)),
    "threshold": ("a number from 0 to 1", lambda value: _number(value) and 0 <= value <= 1),
}


class CrfTokens:
    """Spans by words, their shapes and neighbours, and what the pool says of words that no label shows.

    Options: `c1` and `c2`, the L1 and L2 regularisation; `iterations`, at most so many of L-BFGS.
    `threshold`: with which chance of being in a span a token is marked; 0 asks for the likeliest tags of the
    whole sentence instead, which marks too little while labels are few. The best threshold for F1 is half
    of the F1 that can be had (Lipton et al. 2014, 1402.1892); where the model is sure it changes nothing.

    A span's score is the chance of its least likely token. Words are `models.tokens`; what tags of words cannot
    hold is told: of spans that overlap the longest is learned, one that begins or ends within a word is widened to it.
    """

    family: ClassVar[str] = "crf_tokens"
    needs_pool: ClassVar[bool] = True

    def __init__(self, control: Control, options: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        self.control, self.options, self.seed = control, dict(options or {}), seed
        check_options(self.family, self.options, FITS)
        self._wishes = {**DEFAULTS, **self.options}
        self._chain: Chain | None = None
        self._space: TextSpace | None = None
        self._known = Vocabulary()

    def fit(
        self, labelled: Sequence[Example], pool: Sequence[Example], check: Sequence[Example], report: Report
    ) -> None:
        """Learn the words of pool and labelled together, then the tags."""
        report(Progress(0, 0, "Reading the pool's words"))
        usable = [one for one in labelled if isinstance(one.target, Spans) and tokens_of(text_of(one))]
        if not usable:
            raise nothing_to_learn(self.control, labelled)
        texts = _by_id([*pool, *labelled])
        self._space = fitted_space(texts, self.seed)
        self._known = _known(texts, self.seed)
        report(Progress(0, 0, "Fitting"))
        chains, tags, losses = self._lessons(usable)
        self._chain = Chain.fit(chains, tags, self._wishes, report)
        self.notes = losses
        report(Progress(1, 1, ", ".join(filter(None, (f"trained on {counted(len(usable), 'text')}", losses)))))

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """One prediction per example; an empty or unreadable text has no token and no span."""
        if self._chain is None or self._space is None:
            raise self._never_fitted()
        if not examples:
            return []
        texts = [text_of(example) for example in examples]
        told = zip(examples, texts, self._space.vectors(texts)[1], strict=True)
        return [self._told(self._chain, *each) for each in told]

    def embed(self, examples: Sequence[Example]) -> Floats:
        """Embeddings (n, d) before there is any label; fits the space to `examples` if none was fitted."""
        space = self._space or fitted_space(_by_id(examples), self.seed)
        return space.vectors([text_of(example) for example in examples])[1]

    def look_at(self, pool: Sequence[Example]) -> None:
        """Fit the space to a part of the pool, for embeddings of more than that."""
        self._space = fitted_space(_by_id(pool), self.seed)

    def save(self, folder: Path) -> None:
        """Write JSON, arrays, and crfsuite's tables: nothing that executes."""
        if self._chain is None or self._space is None:
            raise self._never_fitted()
        write_json(folder / "model.json", {"seed": self.seed, "options": self.options})
        write_json(folder / "vocabulary.json", self._known.words)
        self._space.save(folder)
        self._chain.save(folder / "chain.crfsuite")

    @classmethod
    def load(cls, folder: Path, control: Control) -> Self:
        """What `save` wrote."""
        kept = read_json(folder / "model.json")
        if kept is None:
            raise BadData(f"{folder} holds no model", "Train again: lsal train")
        model = cls(control, kept["options"], kept["seed"])
        model._known = Vocabulary(read_json(folder / "vocabulary.json"))
        model._space = TextSpace.load(folder)
        model._chain = Chain.load(folder / "chain.crfsuite")
        return model

    def _lessons(self, examples: Sequence[Example]) -> tuple[list[Features], list[tuple[str, ...]], str]:
        """The features and the tags of every chain, and what no tag can hold."""
        shown, wanted, all_told = list[Features](), list[tuple[str, ...]](), list[Tagged]()
        for example in examples:
            text, spans = text_of(example), example.target.items if isinstance(example.target, Spans) else ()
            for span in spans:
                if span.label not in self.control.labels:
                    raise unknown_label(self.control, span.label)
            tokens = tokens_of(text)
            told = tags_of(tokens, spans)
            all_told.append(told)
            for begin, end in chains_of(text, tokens):
                shown.append(features_of(tokens[begin:end], self._known))
                wanted.append(told.tags[begin:end])
        return shown, wanted, losses_of(all_told)

    def _told(self, chain: Chain, example: Example, text: str, vector: Floats) -> Prediction:
        tokens, labels = tokens_of(text), self.control.labels
        chances, tags = np.zeros((len(tokens), len(labels) + 1), np.float32), list[str]()
        for begin, end in chains_of(text, tokens):
            features = features_of(tokens[begin:end], self._known)
            found, chances[begin:end] = chain.ask(features, labels, self._wishes["threshold"])
            tags += (tag if tag[2:] in labels else OUT for tag in found)
        spans = [self._span(tokens, chances, *each) for each in spans_of(tags)]
        return Prediction(example.task_id, Spans.of(spans), chances, vector, example.problem)

    def _span(self, tokens: Sequence[Token], chances: Floats, label: str, begin: int, end: int) -> Span:
        score = chances[begin:end, self.control.labels.index(label)].min()
        return Span(tokens[begin].start, tokens[end - 1].end, label, float(score))

    def _never_fitted(self) -> NoVersion:
        return NoVersion(f"The model of control '{self.control.name}' was never fitted", "Train one: lsal train")


@lru_cache(maxsize=2)
def _known(texts: tuple[str, ...], seed: int) -> Vocabulary:
    """The vocabulary of a pool, remembered: successive rounds of one process share their pool."""
    return Vocabulary.of((_words(text) for text in texts), seed)


def _by_id(examples: Sequence[Example]) -> tuple[str, ...]:
    """The text of each task once, in the order of the ids: the same data give the same bits."""
    texts = {example.task_id: text_of(example) for example in examples}
    return tuple(texts[task_id] for task_id in sorted(texts))


def _words(text: str) -> list[str]:
    return [token.text for token in tokens_of(text)]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
