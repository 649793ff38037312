"""The contracts between floors: what a kind, a model and a strategy must do.

The laws that go with them are held by the contract tests over every registered name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from lsal.records import Control, Example, Picks, Pool, Prediction, Progress, Target

if TYPE_CHECKING:
    from lsal.records import Floats

Fetch = Callable[[str], Path]
"""Turns a URL of a task into a local file; raises BadData."""

Report = Callable[[Progress], None]
"""Receives progress; raises Cancelled when the user wants the work to stop."""


class Kind(Protocol):
    """One family of control tags: Label Studio's JSON <-> Target."""

    name: ClassVar[str]
    families: ClassVar[tuple[str, ...]]
    """Model families that learn this kind, the default first.

    A kind may name another default as `with_model`: the family that is meant where the options
    name a `model`, and nobody chose a family.

    A kind may name the main figure by which answers are measured, as `metric`: see `measuring.RULERS`;
    one that does not is measured by accuracy.
    """

    def refusal(self, control: Control) -> str | None:
        """None if this kind handles `control`, else the reason why not; "" if it is none of its business."""

    def example(self, control: Control, task_id: int, data: Mapping[str, Any], fetch: Fetch) -> Example:
        """The task's input. Never raises: an unreadable task has a `problem` that names the field."""

    def target(
        self, control: Control, result: Sequence[Mapping[str, Any]], example: Example | None = None
    ) -> Target | None:
        """The target of one submitted annotation; None if it says nothing about `control`.

        `example` is the task's: characters of a text cannot be counted without it. Who wants to
        know the labels alone may leave it out.

        Labels stand in the order of the config, so that equal answers compare equal. Raises
        BadData for a label that the config does not have, naming both lists.
        """

    def result(self, control: Control, prediction: Prediction, example: Example | None = None) -> list[dict[str, Any]]:
        """The prediction in Label Studio's JSON, for the task of `example`."""


class Model(Protocol):
    """One family of models for one control.

    A family may also have `begin_from(folder)`, to begin with an earlier version's weights, `reuse(folder)`, to take
    from there what it would work out again to the last bit, and
    `keep_in(folder)`, to keep there for all processes what it works out about inputs, see `models.kept_vectors`.
    One that needs the pool to embed may have `look_at(examples)`, to be shown a part of it: it then embeds the whole
    in chunks.
    """

    family: ClassVar[str]
    needs_pool: ClassVar[bool]
    """Whether `fit` wants the inputs of the pool, see `training.seen` (to fit a vocabulary, say)."""

    def __init__(self, control: Control, options: Mapping[str, Any] | None = None, seed: int = 0) -> None: ...

    def fit(
        self, labelled: Sequence[Example], pool: Sequence[Example], check: Sequence[Example], report: Report
    ) -> None:
        """Learn. `check` may steer early stopping; it is never the measuring set."""

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """One prediction per example, in order; an unreadable one gets the prior of the classes."""

    def embed(self, examples: Sequence[Example]) -> Floats | None:
        """Embeddings, float32 (n, d), that need no label: for the first batch. None without any."""

    def save(self, folder: Path) -> None:
        """Write into an empty folder, nothing that executes when loaded."""

    @classmethod
    def load(cls, folder: Path, control: Control) -> Self:
        """What `save` wrote."""


class Strategy(Protocol):
    """Picks the n most instructive tasks of a pool.

    One with the attribute `looks_twice`, True, is given `Pool.disagreement`: the model is then asked
    by its `predict_twice`, which families have that can mirror their input. One with `asks_members`, True, is
    given `Pool.members` where the family has `predict_with_members`: a strategy does without elsewhere, and says so.
    """

    def __call__(self, pool: Pool, n: int) -> Picks:
        """N distinct positions, best first; the same seed gives the same answer. Raises EmptyPool."""
