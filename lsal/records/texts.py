"""Texts with marked spans, and pages with the words on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lsal.records.shapes import Box, Regions


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A marked stretch of a text: its characters from `start` to `end`, which is not among them.

    They are counted as Python counts them, in code points, in the text that the model sees.
    `score` in [0, 1] is a model's confidence; it does not count when spans are compared.
    """

    start: int
    end: int
    label: str
    score: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Spans:
    """All that is marked in a text, in the order of the text; `()` says: nothing is. They may overlap."""

    items: tuple[Span, ...] = ()

    @classmethod
    def of(cls, items: Iterable[Span]) -> Spans:
        """In order, and each once."""
        return cls(tuple(sorted(dict.fromkeys(items))))

    @property
    def names(self) -> tuple[str, ...]:
        """The labels that occur."""
        return tuple(sorted({span.label for span in self.items}))

    @property
    def text(self) -> str:
        """As people read it: 3 person, 1 place."""
        counts = Counter(span.label for span in self.items)
        return ", ".join(f"{count} {label}" for label, count in counts.most_common()) or "nothing"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a passage that stands at one place of its source: `place` is a text node's XPath in HTML, or
    the number of a turn in a dialogue. It is `passage.text[start:end]`, and begins there at character `skipped`.
    """

    start: int
    end: int
    place: str
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """A text, put together from the pieces of a page of HTML or of a dialogue; `str()` of it is the text."""

    text: str
    pieces: tuple[Piece, ...] = ()

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Page:
    """The image of a document, the words on it in reading order, and the upright box of each."""

    image: Path
    words: tuple[str, ...]
    boxes: tuple[Box, ...]

    def __str__(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True, slots=True)
class Layout(Regions):
    """The marked blocks of a page, and of each of its words the label, "" for none: see `Page.words`."""

    words: tuple[str, ...] = field(default=(), compare=False)
