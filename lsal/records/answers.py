"""What a model says, and what a strategy makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lsal.records.shapes import Regions
from lsal.records.tasks import Target
from lsal.records.texts import Spans

if TYPE_CHECKING:
    from lsal.records.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Prediction:
    """A target with doubts.

    `chances` is float32 (units x classes), rows sum to 1, columns in the order of
    `Control.labels`. With several labels at once there is one unit for each label and the
    two columns are (absent, present). For regions there is one unit for each, and a last column
    more: the chance that there is none of the classes; for spans, and for the words of a page, there
    is such a unit for each token. `embedding` is float32 (d,), where the
    model has one. `disagreement` in [0, 1] is how far two looks at the same input differ, where
    a strategy asked for a second one; `members` (k, units, classes) is what each of a committee says, where
    a strategy asked for one.
    A `problem` says why the input could not be read; the chances are then the prior.
    """

    task_id: int
    target: Target
    chances: Floats
    embedding: Floats | None = None
    problem: str | None = None
    disagreement: float | None = None
    members: Floats | None = None

    @property
    def confidence(self) -> float:
        """That of the least certain part of the target, in [0, 1]; 0 where nothing is said."""
        if isinstance(self.target, Regions | Spans):
            return min((one.score for one in self.target.items if one.score is not None), default=0.0)
        if len(self.chances) == 1:  # as of most: a tenth of the time
            return float(max(self.chances[0].tolist()))
        return float(self.chances.max(axis=1).min()) if len(self.chances) else 0.0


@dataclass(frozen=True, slots=True)
class Pool:
    """All that a strategy may look at: n tasks that nobody labelled yet.

    Shapes: `task_ids` (n,); `chances` (units, classes), those of task i being
    `chances[offsets[i]:offsets[i + 1]]`; `embeddings` (n, d); `labelled_embeddings` (m, d)
    and `labelled_classes` (m,) of the tasks that carry labels; `seen` (classes,) counts
    the labels given so far; `members` (k, units, classes) of a committee. Where the units are
    `objects` that a model found in an image, a last column is the chance of none of the classes.
    Where they are the `tokens` of a text or a page, there is such a last column too.
    `disagreement` (n,) is how far two looks at each input differ, for strategies that ask for it.
    `held_out` is the share of right answers that the model gave to labels it had not seen, None where nobody
    knows, and `prior` what who always gives the commonest answer would get of the same labels. Where a
    strategy chose these labels they are the doubtful ones: on a random task the model is right more often.
    """

    task_ids: Ints
    chances: Floats
    offsets: Ints
    seen: Ints
    seed: int = 0
    embeddings: Floats | None = None
    labelled_embeddings: Floats | None = None
    labelled_classes: Ints | None = None
    members: Floats | None = None
    objects: bool = False
    tokens: bool = False
    disagreement: Floats | None = None
    held_out: float | None = None
    prior: float | None = None

    def __len__(self) -> int:
        return len(self.task_ids)


@dataclass(frozen=True, slots=True)
class Picks:
    """What every strategy returns, best first.

    `positions` (k,) index the pool; `scores` (k,) are larger for more instructive tasks;
    `parts` holds the score taken apart, each (k,); `probability` (k,) is the chance of
    inclusion where the strategy has one; `why` says in a sentence what was chosen.
    """

    positions: Ints
    scores: Floats
    parts: Mapping[str, Floats] = field(default_factory=dict)
    probability: Floats | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far some work has come; `total` 0 means unknown. `unit` names what is counted: epoch, iteration.

    A training that goes in steps tells its figures as `metrics`: `loss` of what it learns from, and by standard
    names what was measured on what checks it (`check_loss`, `accuracy`, `map50`), which is of `epoch`. `held_out`
    is how many examples check that it does not learn from: 0 where it is checked on what it learns.
    """

    done: float
    total: float
    message: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    unit: str = ""
