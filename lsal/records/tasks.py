"""What people are asked, what they answered, and what a model sees of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsal.records.shapes import Regions
from lsal.records.texts import Page, Passage, Spans

TEXTS = ("Text", "HyperText", "Paragraphs")
PATH = " / "
"""Between the steps of a path of a taxonomy, as Label Studio shows it."""
READS = "Kind.reads"
"""Under this option a kind notes what it reads of a task beside what the object shows: `words` of a page."""
MARKING = ("Labels", "HyperTextLabels", "ParagraphLabels")


@dataclass(frozen=True, slots=True)
class Control:
    """One control tag of a label config.

    `labels` are the values as annotations store them, a path of a taxonomy joined by PATH;
    `aliases` maps other names of a class (from `predicted_values`) to its label; `options` are
    the tag's XML attributes, and, under `Tag.attribute`, those of its object and of what stands
    around it.
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
        if self.tag == "Taxonomy":
            return self.options.get("maxUsages", self.options.get("maxusages")) != "1"
        return self.options.get("choice") == "multiple"

    @property
    def drawn_by(self) -> dict[str, str]:
        """Of a control that only names regions: the tags that draw them, with the names of their controls."""
        names = self.tag == "Labels" or (self.tag == "Choices" and self.options.get("perRegion") == "true")
        drawing = {key.partition(".")[2]: name for key, name in self.options.items() if key.startswith("Region.")}
        return drawing if names else {}

    @property
    def draws(self) -> bool:
        """Whether people draw objects in images with it, or name what others draw."""
        return self.object_tag == "Image" and (self.tag.endswith("Labels") or bool(self.drawn_by))

    @property
    def marks(self) -> bool:
        """Whether people mark spans of a text with it."""
        return self.tag in MARKING and self.object_tag in TEXTS

    @property
    def shape(self) -> str:
        """What a model must know of the control beside its labels."""
        drawn = "".join(f", of {tag}" for tag in self.drawn_by)
        read = f", by its {self.options[READS]}" if READS in self.options else ""
        return f"{self.tag} on {self.object_tag}{', several' if self.several else ''}{drawn}{read}"

    @property
    def by_words(self) -> bool:
        """Whether models see the words of a page, and not its image alone."""
        return self.options.get(READS) == "words"


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


Target = Labels | Regions | Spans
"""A document's classes, objects in an image (`Layout`: blocks of a page), or spans of a text."""

Input = str | Path | Passage | Page
"""A text, the path of a file, a text in pieces, or a page with its words."""


@dataclass(frozen=True, slots=True)
class Example:
    """One task as a model sees it: families of texts read `str(input)`.

    `input` is None when the task could not be read; `problem` then says why. `digest` is that
    of the task's data: ids of deleted tasks are used again. `how` says how people agreed on
    the target.
    """

    task_id: int
    input: Input | None
    target: Target | None = None
    problem: str | None = None
    digest: str = ""
    how: str = ""

    @property
    def file(self) -> Path:
        """The file that the input is, or shows; raises ValueError without an input."""
        if self.input is None:
            raise ValueError(f"task {self.task_id} has no file")
        return self.input.image if isinstance(self.input, Page) else Path(str(self.input))

    @property
    def key(self) -> str:
        """What tells this task from every other one, also from a later one of the same id."""
        return f"{self.task_id}:{self.digest}"

    @property
    def counts(self) -> bool:
        """Whether people answered it and it can be read."""
        return self.target is not None and not self.problem
