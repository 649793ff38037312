"""A linear-chain CRF of sklearn-crfsuite over tags: it learns, stops when told to, and gives marginals.

Lafferty et al. 2001, Conditional random fields; trained by L-BFGS with L1 and L2 regularisation (OWL-QN).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pycrfsuite
import sklearn_crfsuite
from numpy.typing import NDArray

from lsal.models.scratch import scratch
from lsal.models.tokens import OUT
from lsal.protocols import Report
from lsal.records import Progress

if TYPE_CHECKING:
    from lsal.records import Floats

Features = Sequence[Sequence[str]]
"""The features of each token of a chain."""


class Chain:
    """What was learned, as crfsuite writes it: tables of weights, nothing that executes."""

    def __init__(self, weights: bytes) -> None:
        self.weights = weights
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(weights)
        self._tags: list[str] = self._tagger.labels()

    @classmethod
    def fit(
        cls, chains: Sequence[Features], tags: Sequence[Sequence[str]], options: Mapping[str, Any], report: Report
    ) -> Chain:
        """Learn; `report` hears of every iteration, and what it raises ends the training at once."""
        with scratch() as folder:
            file = folder / "chain.crfsuite"
            learner = sklearn_crfsuite.CRF(
                c1=options["c1"],
                c2=options["c2"],
                max_iterations=options["iterations"],
                all_possible_transitions=True,
                trainer_cls=partial(_Trainer, report, options["iterations"]),
                model_filename=str(file),
            )
            learner.fit(chains, tags)
            return cls(file.read_bytes())

    def ask(self, features: Features, labels: Sequence[str], threshold: float = 0.0) -> tuple[list[str], Floats]:
        """The tags of a chain, and the chances of each token: a column for each label, the last for none.

        They are the marginals, those of a label's first and further tokens taken together; float32
        (tokens, labels + 1). A token is tagged where the chance that it is in a span reaches the threshold,
        with its likeliest tag; 0 gives the likeliest tags of the whole chain instead (Viterbi).
        """
        self._tagger.set(pycrfsuite.ItemSequence(features))
        marginals = self._marginals(len(features))
        column = {label: n for n, label in enumerate(labels)} | {"": len(labels)}
        chances = np.zeros((len(features), len(labels) + 1))
        for tag, row in zip(self._tags, marginals, strict=True):
            place = column.get(_label(tag))
            if place is not None:  # labels that the config lost since
                chances[:, place] += row
        chances /= chances.sum(axis=1, keepdims=True)
        tags = self._marked(marginals, threshold) if threshold else self._tagger.tag()
        return list(tags), chances.astype(np.float32)

    def _marginals(self, length: int) -> NDArray[np.float64]:
        """How likely each tag is at each token; (tags, tokens)."""
        told = [[self._tagger.marginal(tag, place) for place in range(length)] for tag in self._tags]
        return np.array(told, np.float64).reshape(len(self._tags), length)

    def _marked(self, marginals: NDArray[np.float64], threshold: float) -> list[str]:
        """The likeliest tag of every token that is in a span with such a chance, by the marginals."""
        inside = [n for n, tag in enumerate(self._tags) if tag != OUT]
        if not inside:
            return [OUT] * marginals.shape[1]
        chances = marginals[inside]
        likeliest = [self._tags[inside[n]] for n in chances.argmax(axis=0)]
        marked = chances.sum(axis=0) >= threshold
        return [tag if on else OUT for tag, on in zip(likeliest, marked, strict=True)]

    def save(self, path: Path) -> None:
        """Write the weights."""
        path.write_bytes(self.weights)

    @classmethod
    def load(cls, path: Path) -> Chain:
        """What `save` wrote."""
        return cls(path.read_bytes())


def _label(tag: str) -> str:
    return "" if tag == OUT else tag[2:]


class _Trainer(pycrfsuite.Trainer):  # type: ignore[misc]
    """Tells of each iteration. What is raised here goes through the library and ends it."""

    def __init__(self, report: Report, iterations: int, **more: Any) -> None:
        super().__init__(**more)
        self._report, self._iterations = report, iterations

    def on_iteration(self, log: str, info: Mapping[str, Any]) -> None:
        """One step of L-BFGS."""
        told = {"loss": float(info["loss"]), "epoch": float(info["num"])} if "loss" in info else {}
        self._report(Progress(info["num"], self._iterations, "learning", told, "iteration"))

    def message(self, message: str) -> None:
        """Only the log's parser hears it: nothing is printed."""
        event = self.logparser.feed(message)
        if event == "iteration":
            self.on_iteration(self.logparser.last_log, self.logparser.last_iteration)
