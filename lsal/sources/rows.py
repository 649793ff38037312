"""The nouns of sources: a record as its file holds it, a row as a task wants it, and one that is neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsal.pages import layout_of
from lsal.records import Box, Labels, Page, Regions, Spans, Target

PERCENT = 100
Label = str | tuple[str, ...]
"""A class, or the classes where there may be several."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a table or one element of a list, under the names that it has there."""

    where: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bad:
    """One that cannot be taken: where it stands, why, and what to do about it."""

    where: str
    why: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.where} {self.why}"


@dataclass(frozen=True, slots=True)
class Row:
    """One task to be.

    A `Path` in `data` is a file that Label Studio has yet to be given. `label` is the class where
    it is known, `objects` those of an image, or the spans of a text. `answers` are annotations that
    people made before, in Label Studio's JSON.
    """

    data: Mapping[str, Any]
    label: Label | None = None
    split: str = "train"
    answers: tuple[Mapping[str, Any], ...] = ()
    objects: Regions | Spans | None = None
    where: str = field(default="", compare=False)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that are known, none if none is."""
        if self.objects is not None:
            return self.objects.names
        return (self.label,) if isinstance(self.label, str) else self.label or ()

    @property
    def target(self) -> Target | None:
        """What is to be learned from it, None where that is not known; of a page with words also of each of these."""
        if isinstance(self.objects, Regions) and isinstance(self.shown, Page):
            return layout_of(self.objects, self.shown)
        return Labels(self.classes) if self.label is not None else self.objects

    @property
    def shown(self) -> str | Path | Page:
        """What a model sees of it: a text, a file, or a page with the words that its task gives."""
        content = next(iter(self.data.values()))
        if isinstance(content, Path) and "words" in self.data:
            boxes = (Box(*(side / PERCENT for side in box)) for box in self.data["boxes"])
            return Page(content, tuple(self.data["words"]), tuple(boxes))
        return content if isinstance(content, Path) else str(content)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a source is to be read, as the caller says it.

    `input` and `label` name the columns of a table; `labels` are the classes, `aliases` other
    names of them. `fields` are the fields that a label config of one's own shows, each with its
    object's tag: then every column keeps its name. `outlines` says whether objects in images are to be
    outlines or boxes, `spans` whether the labels are to be spans of texts; None: as the source has them.
    Files that a task refers to by an address of Label Studio are looked for by `find`; `wrong` says why an
    exported annotation does not go with the config, "" if it does.
    """

    input: str = "text"
    label: str = "label"
    labels: tuple[str, ...] = ()
    several: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] | None = None
    outlines: bool | None = None
    spans: bool | None = None
    find: Callable[[str], Path | None] = lambda address: None
    wrong: Callable[[Mapping[str, Any]], str] = lambda answer: ""


Records = Callable[[], Iterator[Record | Bad]]
"""Reads all records of a source, from the beginning each time."""

Rows = Callable[[], Iterator[Row | Bad]]
"""Reads all rows of a source, from the beginning each time."""
