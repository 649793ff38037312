"""Objects in images: where they are, and what they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

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
