"""What the families share whose whole network is trained: one answers, another was given, a third is begun with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from lsal.errors import BadData, NoVersion
from lsal.files import read_json
from lsal.models.hub import look_for
from lsal.records import Control, Example, Prediction

if TYPE_CHECKING:
    from lsal.records import Floats

NETWORK = "network"
"""The folder of a version in which its network is, beside `model.json`."""


class Answers(Protocol):
    """A network that can be asked."""

    def predictions(self, examples: Sequence[Example]) -> list[Prediction]:
        """One per example, in order."""

    def embeddings(self, examples: Sequence[Example]) -> Floats:
        """Float32 (n, d)."""


W = TypeVar("W")
N = TypeVar("N")
A = TypeVar("A", bound=Answers)


class Networked(Generic[W, N, A]):
    """A family with wishes `W`, which begins with a network `N` and has one that answers, `A`."""

    family: ClassVar[str]

    def __init__(self, control: Control, options: Mapping[str, Any] | None = None, seed: int = 0) -> None:
        self.control, self.options, self.seed = control, dict(options or {}), seed
        self.wishes: W = self.read(self.options)
        self._start: N | None = None
        self._given: A | None = None
        self._answering: A | None = None

    def look_for_weights(self) -> None:
        """Raise BadRequest if the model that the options name is not on this machine."""
        look_for(str(getattr(self.wishes, "model", "")), "network")

    def read(self, options: Mapping[str, Any]) -> W:
        """The options, checked; raises BadRequest."""
        raise NotImplementedError

    def given(self) -> A | None:
        """What answers by the weights that the options name; None if they name none."""
        raise NotImplementedError

    def plain(self, examples: Sequence[Example]) -> Floats:
        """Embeddings (n, d) without any weights."""
        raise NotImplementedError

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """One prediction per example; what cannot be read gets what nothing is known of, and a zero embedding."""
        return self._ready().predictions(examples)

    def embed(self, examples: Sequence[Example]) -> Floats:
        """What a network sees in the inputs, float32 (n, d): a trained or a given one.

        A network of random weights sees little: before any weights there is something plainer.
        """
        if self._answering is None and self._given is None:
            self._given = self.given()
        answering = self._answering or self._given
        return self.plain(examples) if answering is None else answering.embeddings(examples)

    def _let_go(self) -> None:
        """A network that answered before holds memory of the GPU."""
        self._answering = self._given = None

    def _ready(self) -> A:
        if self._answering is None:
            raise NoVersion(f"The model of control '{self.control.name}' was never fitted", "Train one: lsal train")
        return self._answering


def kept_in(folder: Path) -> dict[str, Any]:
    """What a family wrote there beside the network. Raises BadData if it wrote nothing."""
    kept: dict[str, Any] | None = read_json(folder / "model.json")
    if kept is None:
        raise BadData(f"{folder} holds no model", "Train again: lsal train")
    return kept
