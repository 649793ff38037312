"""The laws of a model family that marks spans of texts: those of every model, and what spans add."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from lsal.protocols import Model
from lsal.records import Control, Example, Span, Spans
from lsal.testing.materials import CLASSES, marked
from lsal.testing.models import ModelContract

SPANS = Control("c", "x", "Labels", "Text", "x", CLASSES)
WHAT = {"cat": "cat purrs", "dog": "dog barks"}
"""What is marked in the toys."""


class SpanModelContract(ModelContract):
    """Every law of a model family of spans. Set `model` to the class.

    It is shown twelve short texts; in each the words `cat purrs` or `dog barks` are marked.
    """

    inputs: ClassVar[Any] = marked
    controls: ClassVar[Sequence[Control]] = (SPANS,)

    @pytest.fixture
    def examples(self, tmp_path: Path) -> list[Example]:
        """Six cats and six dogs; an eel is never shown."""
        return [example_of(tmp_path, number) for number in range(12)]

    def test_chances_are_a_full_class_vector(self, control: Control, examples: list[Example]) -> None:
        """A row for each token, a column for each class and one for none, summing to 1."""
        for p in self.fitted(control, examples).predict(examples):
            assert len(p.chances) >= len(WHAT["cat"].split())
            assert p.chances.shape[1] == len(CLASSES) + 1
            assert p.chances.dtype == np.float32
            assert p.chances.sum(axis=1) == pytest.approx(1, abs=1e-5)
            assert (p.chances >= 0).all()

    def test_spans_lie_in_the_text_in_its_order(self, control: Control, examples: list[Example]) -> None:
        """Some characters each, of the control's labels, by their confidence; offsets count code points."""
        told = self.learned(control, examples).predict(examples)
        for p, example in zip(told, examples, strict=True):
            assert isinstance(p.target, Spans)
            assert p.target == Spans.of(p.target.items)
            for span in p.target.items:
                assert 0 <= span.start < span.end <= len(str(example.input))
                assert span.label in CLASSES
                assert span.score is not None
                assert 0 <= span.score <= 1
        assert any(p.target.items for p in told if isinstance(p.target, Spans)), "it marks nothing"

    def test_what_is_certain_of_a_span_is_certain_of_its_tokens(
        self, control: Control, examples: list[Example]
    ) -> None:
        """As many tokens are likelier in a class than in none as there are words in what people marked."""
        for p, example in zip(self.learned(control, examples).predict(examples), examples, strict=True):
            if p.target == example.target:
                column = CLASSES.index(p.target.names[0])
                assert (p.chances[:, column] > p.chances[:, -1]).sum() >= len(WHAT["cat"].split())

    def test_a_text_in_which_nothing_is_marked_teaches_too(self, control: Control, examples: list[Example]) -> None:
        """Nothing to mark is an answer, also where it is the only one so far."""
        blank = [Example(n, f"rain number {n}", Spans()) for n in range(4)]
        model = self.fitted(control, blank)
        assert [p.target for p in model.predict(blank)] == [Spans()] * 4
        self.fitted(control, [*blank, *examples])

    def test_a_text_without_a_word_has_no_token_and_an_unreadable_one_says_why(
        self, control: Control, examples: list[Example]
    ) -> None:
        """No row, no span, and the problem that the example has."""
        told = self.fitted(control, examples).predict(
            [Example(5, None, problem="no such file"), Example(6, ""), Example(7, " \r\n ")]
        )
        for p in told:
            assert p.target == Spans()
            assert p.chances.shape == (0, len(CLASSES) + 1)
        assert told[0].problem == "no such file"

    def test_overlaps_and_long_texts_do_not_break_it(self, control: Control, examples: list[Example]) -> None:
        """Spans in spans, spans of a blank or of half a word, a thousand words, lines that end as Windows has them."""
        text = "the cat purrs\r\non the mat"
        nested = [Span(0, 13, "cat"), Span(4, 7, "dog"), Span(3, 4, "eel"), Span(5, 6, "eel"), Span(8, 17, "dog")]
        odd = [Example(1, text, Spans.of(nested)), Example(2, "dog barks. " * 400, Spans((Span(0, 9, "dog"),)))]
        told = self.fitted(control, [*examples, *odd]).predict(odd)
        assert [p.task_id for p in told] == [1, 2]
        assert all(p.chances.shape[1] == len(CLASSES) + 1 for p in told)


def example_of(folder: Path, number: int) -> Example:
    """A text with what is marked in it."""
    label = CLASSES[number % 2]
    text = marked(folder, label, number)
    found = re.search(WHAT[label], text)
    assert found
    return Example(100 + number, text, Spans((Span(found.start(), found.end(), label),)))


def right(model: Model, examples: Sequence[Example]) -> int:
    """In how many texts the model marks what people marked."""
    told = zip(model.predict(examples), examples, strict=True)
    return sum(one.target == example.target for one, example in told)
