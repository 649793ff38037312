"""The nouns of lsal: plain, immutable records that every floor shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Control:
    """One control tag of a label config.

    `labels` are the values as annotations store them; `aliases` maps other names of a
    class (from `predicted_values`) to its label; `options` are the tag's XML attributes, and,
    under `Tag.attribute`, those of its object and of what stands around it.
    """

    name: str
    to_name: str
    tag: str
    object_tag: str
    data_key: str
    labels: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def several(self) -> bool:
        """Whether one task may carry more than one of the labels."""
        return self.options.get("choice") == "multiple"

    @property
    def drawn_by(self) -> dict[str, str]:
        """Of a control that only names regions: the tags that draw them, with the names of their controls."""
        names = self.tag == "Labels" or (self.tag == "Choices" and self.options.get("perRegion") == "true")
        drawing = {key.partition(".")[2]: name for key, name in self.options.items() if key.startswith("Region.")}
        return drawing if names else {}

    @property
    def shape(self) -> str:
        """What a model must know of the control beside its labels."""
        drawn = "".join(f", of {tag}" for tag in self.drawn_by)
        return f"{self.tag} on {self.object_tag}{', several' if self.several else ''}{drawn}"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One person's answer to a task."""

    id: int
    person: int | None
    skipped: bool
    updated_at: str
    result: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Task:
    """One task of the mirror. `place` in [0, 1) is its place in the fixed random order."""

    id: int
    digest: str
    place: float
    data: dict[str, Any]
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class Labels:
    """The classes of a whole document; `()` says: none of them."""

    names: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As people read it."""
        return ", ".join(self.names) or "none"


Point = tuple[float, float]
"""Shares of an image's width and height, from its top left corner."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in shares of the image's width and height, turned clockwise by `angle` degrees
    (in pixels, where a right angle is one) about its top left corner.
    """

    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed outline, its corners in order."""

    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Brush:
    """A mask in Label Studio's run-length encoding, of an image of `width` x `height` pixels."""

    rle: bytes
    width: int
    height: int


Shape = Box | Polygon | Brush


@dataclass(frozen=True, slots=True)
class Region:
    """One object in an image; `label` "" says: an object, of a class that nobody named yet.

    `score` in [0, 1] is a model's confidence; it does not count when regions are compared.
    """

    label: str
    shape: Shape
    score: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Regions:
    """The objects of an image; `()` says: it shows none. `size` is the image's, in pixels, as people
    see it: turned as its EXIF data say.
    """

    items: tuple[Region, ...] = ()
    size: tuple[int, int] | None = field(default=None, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes that occur."""
        return tuple(sorted({region.label for region in self.items}))

    @property
    def text(self) -> str:
        """As people read it: 3 cat, 1 dog."""
        counts = Counter(region.label or "no class" for region in self.items)
        return ", ".join(f"{count} {label}" for label, count in counts.most_common()) or "nothing"


Target = Labels | Regions


@dataclass(frozen=True, slots=True)
class Example:
    """One task as a model sees it: a text, or the path of a file.

    `input` is None when the task could not be read; `problem` then says why. `digest` is that
    of the task's data: ids of deleted tasks are used again. `how` says how people agreed on
    the target.
    """

    task_id: int
    input: str | Path | None
    target: Target | None = None
    problem: str | None = None
    digest: str = ""
    how: str = ""

    @property
    def key(self) -> str:
        """What tells this task from every other one, also from a later one of the same id."""
        return f"{self.task_id}:{self.digest}"

    @property
    def counts(self) -> bool:
        """Whether people answered it and it can be read."""
        return self.target is not None and not self.problem


@dataclass(frozen=True, slots=True)
class Prediction:
    """A target with doubts.

    `chances` is float32 (units x classes), rows sum to 1, columns in the order of
    `Control.labels`. With several labels at once there is one unit for each label and the
    two columns are (absent, present). For regions there is one unit for each, and a last column
    more: the chance that there is none of the classes. `embedding` is float32 (d,), where the
    model has one.
    A `problem` says why the input could not be read; the chances are then the prior.
    """

    task_id: int
    target: Target
    chances: Floats
    embedding: Floats | None = None
    problem: str | None = None

    @property
    def confidence(self) -> float:
        """That of the least certain part of the target, in [0, 1]; 0 where nothing is said."""
        if isinstance(self.target, Regions):
            return min((region.score for region in self.target.items if region.score is not None), default=0.0)
        return float(self.chances.max(axis=1).min()) if len(self.chances) else 0.0


@dataclass(frozen=True, slots=True)
class Pool:
    """All that a strategy may look at: n tasks that nobody labelled yet.

    Shapes: `task_ids` (n,); `chances` (units, classes), those of task i being
    `chances[offsets[i]:offsets[i + 1]]`; `embeddings` (n, d); `labelled_embeddings` (m, d)
    and `labelled_classes` (m,) of the tasks that carry labels; `seen` (classes,) counts
    the labels given so far; `members` (k, units, classes) of a committee. Where the units are
    `objects` that a model found in an image, a last column is the chance of none of the classes.
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
class Entry:
    """One task of a ranking. A `measuring` task is shown without a pre-annotation."""

    task_id: int
    score: float
    measuring: bool = False
    parts: Mapping[str, float] = field(default_factory=dict)
    result: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    guess: str = ""
    runner_up: str = ""
    chance: float | None = None
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """A batch in the order in which people should see it, best first."""

    entries: tuple[Entry, ...]
    strategy: str
    versions: Mapping[str, int]
    made_at: float
    why: str = ""
    pool: int = 0
    problems: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publication:
    """What was put into Label Studio. `name` is unique for each attempt and is what
    `project.model_version` holds while the publication is live.
    """

    name: str
    versions: Mapping[str, int]
    task_ids: tuple[int, ...]
    measuring: tuple[int, ...] = ()
    strategy: str = ""
    why: str = ""
    made_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Version:
    """Weights of one control, and how they came about.

    `examples` records what was trained on: counts, task ids and their digest. `metrics`
    always say on what they were measured. `promoted` and `reason` are the gate's verdict
    when the version was made; which version is live now is the store's `current`.
    """

    number: int
    family: str
    control: str
    metrics: Mapping[str, Any]
    examples: Mapping[str, Any]
    made_at: float
    folder: Path
    parent: int | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    job: str = ""
    labels: tuple[str, ...] = ()
    shape: str = ""
    promoted: bool = True
    reason: str = ""

    def fits(self, control: Control) -> bool:
        """Whether the weights still are for this control: the label config may have changed."""
        return (self.labels, self.shape) == (control.labels, control.shape)

    def can_answer(self, control: Control) -> bool:
        """Whether all that it can say is still valid: the control is as it was, or got more labels."""
        return self.shape == control.shape and bool(self.labels) and set(self.labels) <= set(control.labels)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far some work has come; `total` 0 means unknown."""

    done: float
    total: float
    message: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
