"""The laws of a model family that reads pages: those of every model, and what words and their blocks add."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from lsal.pages import layout_of
from lsal.records import Box, Control, Example, Layout, Page, Region, Regions
from lsal.testing.materials import CLASSES
from lsal.testing.models import ModelContract

PAGES = Control("c", "x", "RectangleLabels", "Image", "image", CLASSES)
WIDTH, HEIGHT = 120, 90
LINE = 10
"""Pixels from one line to the next, twice the height of a word."""
SAID = {"cat": ("purrs", "meows"), "dog": ("barks", "growls")}
FILLER = ("dear", "sir", "on", "monday", "kind", "regards")


def page(folder: Path, label: str, number: int) -> Page:
    """A letter of three lines, of which the middle one is about a cat or a dog; where it begins, chance says."""
    from PIL import Image, ImageDraw

    draw = np.random.default_rng([number, 2])
    lines = [draw.choice(FILLER, 3).tolist(), list(SAID[label]), draw.choice(FILLER, 2).tolist()]
    image, words, boxes = Image.new("RGB", (WIDTH, HEIGHT), "white"), list[str](), list[Box]()
    top = int(draw.integers(0, HEIGHT - 6 * LINE))
    for row, line in enumerate(lines):
        left = int(draw.integers(2, 20))
        for word in line:
            across, y = 4 * len(word), top + 2 * row * LINE
            ImageDraw.Draw(image).text((left, y - 2), word, fill="black", font_size=7)
            words.append(word)
            boxes.append(Box(left / WIDTH, y / HEIGHT, across / WIDTH, LINE / 2 / HEIGHT))
            left += across + 3
    image.save(folder / f"{label}{number}.png")
    return Page(folder / f"{label}{number}.png", tuple(words), tuple(boxes))


def page_example(folder: Path, number: int) -> Example:
    """A page with the block that people drew around its middle line."""
    label = ("cat", "dog")[number % 2]
    made = page(folder, label, number)
    around = block_of(made, SAID[label])
    return Example(100 + number, made, layout_of(Regions((Region(label, around),), (WIDTH, HEIGHT)), made))


def block_of(made: Page, words: Sequence[str]) -> Box:
    """The box around some words of a page."""
    inside = [box for word, box in zip(made.words, made.boxes, strict=True) if word in words]
    left, top = min(box.x for box in inside), min(box.y for box in inside)
    right, bottom = max(box.x + box.width for box in inside), max(box.y + box.height for box in inside)
    return Box(left, top, right - left, bottom - top)


class LayoutModelContract(ModelContract):
    """Every law of a model family of pages. Set `model` to the class.

    It is shown twelve letters of seven words; two on one line are about a cat, or about a dog.
    """

    inputs: ClassVar[Any] = page
    controls: ClassVar[Sequence[Control]] = (PAGES,)

    @pytest.fixture
    def examples(self, tmp_path: Path) -> list[Example]:
        """Six cats and six dogs; an eel is never shown."""
        return [page_example(tmp_path, number) for number in range(12)]

    def test_learns_a_toy_of_twelve(self, control: Control, examples: list[Example]) -> None:
        """After training it tells the words about cats and dogs from all others, on most pages without a mistake."""
        told = self.learned(control, examples).predict(examples)
        right = [_words(one.target) == _words(example.target) for one, example in zip(told, examples, strict=True)]
        assert sum(right) >= 9
        for one, example, good in zip(told, examples, right, strict=True):
            assert not good or _around(one.target) == _around(example.target)

    def test_chances_are_a_full_class_vector(self, control: Control, examples: list[Example]) -> None:
        """A row for each word, a column for each label and one for none, summing to 1; the label follows them."""
        for p in self.fitted(control, examples).predict(examples):
            assert isinstance(p.target, Layout)
            assert p.chances.shape == (7, len(CLASSES) + 1)
            assert p.chances.dtype == np.float32
            assert p.chances.sum(axis=1) == pytest.approx(1, abs=1e-5)
            assert (p.chances >= 0).all()
            assert p.target.words == tuple((*CLASSES, "")[n] for n in p.chances.argmax(axis=1))

    def test_blocks_hold_the_words_that_they_are_made_of(self, control: Control, examples: list[Example]) -> None:
        """Each labelled word lies in a block of its label, on the page; each block around such words alone."""
        for p, example in zip(self.fitted(control, examples).predict(examples), examples, strict=True):
            assert isinstance(p.target, Layout)
            assert isinstance(example.input, Page)
            assert p.target.size == (WIDTH, HEIGHT)
            held = [check_block(region, p.target, example.input) for region in p.target.items]
            labelled = [n for n, label in enumerate(p.target.words) if label]
            assert sorted(n for words in held for n in words) == labelled

    def test_an_unreadable_page_shows_nothing_and_says_why(self, control: Control, examples: list[Example]) -> None:
        """No block and no word, and the problem that its example has; an image without words is none to read either."""
        model = self.fitted(control, examples)
        broken, bare = model.predict([Example(5, None, problem="no such file"), Example(6, examples[0].file)])
        assert (broken.target, broken.problem) == (Layout(), "no such file")
        assert bare.target == Layout()
        assert bare.problem
        assert "words" in bare.problem

    def test_a_page_without_words_has_no_chances(self, control: Control, examples: list[Example]) -> None:
        """There is nothing on it to say anything about."""
        (told,) = self.fitted(control, examples).predict([Example(5, Page(examples[0].file, (), ()))])
        assert (told.target, told.problem) == (Layout(), None)
        assert told.chances.shape == (0, len(CLASSES) + 1)


def check_block(region: Region, target: Layout, shown: Page) -> list[int]:
    """The words of a block's label whose middle it covers: it lies on the page, and its sides are sides of theirs."""
    box = region.shape
    assert isinstance(box, Box)
    assert 0 <= box.x <= box.x + box.width <= 1 + 1e-6
    assert 0 <= box.y <= box.y + box.height <= 1 + 1e-6
    assert region.score is not None
    assert 0 <= region.score <= 1
    words = [n for n, other in enumerate(shown.boxes) if target.words[n] == region.label and _middle_in(other, box)]
    assert words
    held = [shown.boxes[n] for n in words]
    for side in (box.x, box.x + box.width):
        assert min(abs(side - edge) for one in held for edge in (one.x, one.x + one.width)) < 1e-6
    for side in (box.y, box.y + box.height):
        assert min(abs(side - edge) for one in held for edge in (one.y, one.y + one.height)) < 1e-6
    return words


def _middle_in(word: Box, box: Box) -> bool:
    x, y = word.x + word.width / 2, word.y + word.height / 2
    return box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height


def _words(target: object) -> tuple[str, ...]:
    return target.words if isinstance(target, Layout) else ()


def _around(target: object) -> list[object]:
    """Labels and boxes, rounded: a box is put together in another order."""
    regions = target.items if isinstance(target, Layout) else ()
    return [
        (r.label, *(round(side, 6) for side in (r.shape.x, r.shape.y, r.shape.width, r.shape.height)))
        for r in regions
        if isinstance(r.shape, Box)
    ]
