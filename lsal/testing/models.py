"""The laws of a model family: it learns a toy, answers in order, keeps its word after a save, and stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from lsal.errors import BadData, Cancelled
from lsal.protocols import Model, Report
from lsal.records import Control, Example, Labels, Prediction, Progress
from lsal.testing.materials import MULTIPLE, SINGLE, executes, ignore, texts, toy


class ModelContract:
    """Every law of a model family of classes. Set `model` to the class.

    `inputs(folder, label, number)` makes something of the class `cat` or `dog` that the family
    can read; texts by default, `materials.images` and `materials.rows` are there too.
    """

    model: ClassVar[Any]
    """A class that follows `protocols.Model`."""
    inputs: ClassVar[Any] = texts
    learns: ClassVar[bool] = True
    """False for a family that only guesses."""
    controls: ClassVar[Sequence[Control]] = (SINGLE, MULTIPLE)
    """One choice of three classes, and several at once; leave out what the family cannot do."""
    options: ClassVar[Mapping[str, Any]] = {}
    """With these it learns the toy."""
    quick: ClassVar[Mapping[str, Any]] = {}
    """What is different in the laws for which it need not learn well, if learning takes long."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Each law runs on all controls."""
        if "control" in metafunc.fixturenames:
            metafunc.parametrize("control", self.controls, ids=_name)

    @pytest.fixture
    def examples(self, tmp_path: Path) -> list[Example]:
        """Six cats and six dogs; an eel is never shown."""
        return toy(type(self).inputs, tmp_path)

    def made(self, control: Control, seed: int = 0) -> Model:
        """A model that has not learned anything, quick."""
        model: Model = self.model(control, {**self.options, **self.quick}, seed)
        return model

    def fitted(self, control: Control, examples: Sequence[Example], report: Report = ignore, seed: int = 0) -> Model:
        """A model that has looked at the examples, quick."""
        model = self.made(control, seed)
        model.fit(examples, examples, [], report)
        return model

    def learned(self, control: Control, examples: Sequence[Example]) -> Model:
        """A model that has taken its time."""
        model: Model = self.model(control, self.options)
        model.fit(examples, examples, [], ignore)
        return model

    def test_learns_a_toy_of_twelve(self, control: Control, examples: list[Example]) -> None:
        """After training it tells the cats from the dogs that it was shown."""
        model = self.learned(control, examples) if self.learns else self.fitted(control, examples)
        predictions = model.predict(examples)
        assert len(predictions) == 12
        if self.learns:
            assert [p.target for p in predictions] == [e.target for e in examples]

    def test_one_aligned_prediction_per_example(
        self, control: Control, examples: list[Example], tmp_path: Path
    ) -> None:
        """Whatever the inputs: as many predictions, in the same order, each as if asked alone."""
        model = self.fitted(control, examples)
        cut = tmp_path / "cut.png"
        cut.write_bytes(b"\x89PNG no picture")
        odd = [Example(1, None, problem="no such file"), examples[3], Example(3, ""), Example(2, cut), examples[0]]
        if isinstance(examples[0].input, str):
            odd.append(Example(4, "half of \ud83d a sign"))
        predictions = model.predict(odd)
        assert [p.task_id for p in predictions] == [1, 103, 3, 2, 100, 4][: len(odd)]
        same(predictions[1:2], model.predict([examples[3]]))
        assert model.predict([]) == []

    def test_chances_are_a_full_class_vector(self, control: Control, examples: list[Example]) -> None:
        """A row for each unit and a column for each class of the control, summing to 1; the target follows them."""
        predictions = self.fitted(control, examples).predict([*examples, Example(7, None)])
        for p in predictions:
            assert p.chances.shape == ((3, 2) if control.several else (1, 3))
            assert p.chances.dtype == np.float32
            assert p.chances.sum(axis=1) == pytest.approx(1, abs=1e-5)
            assert (p.chances >= 0).all()
            assert p.target == (_several if control.several else _single)(control, p)

    def test_saved_and_loaded_it_predicts_the_same(
        self, control: Control, examples: list[Example], tmp_path: Path
    ) -> None:
        """Nothing is lost on disk, and nothing there executes when it is loaded."""
        model, folder = self.fitted(control, examples, seed=5), tmp_path / "kept"
        folder.mkdir()
        model.save(folder)
        unseen = [*examples, Example(9, None), Example(10, type(self).inputs(tmp_path, "dog", 77))]
        same(model.predict(unseen), self.model.load(folder, control).predict(unseen))
        assert not [path.name for path in folder.rglob("*") if path.is_file() and executes(path)]

    def test_the_same_data_and_seed_give_the_same_bits(self, control: Control, examples: list[Example]) -> None:
        """Training again from a job's snapshot gives the same weights."""
        one, other = (self.fitted(control, given) for given in (examples, list(examples)))
        same(one.predict(examples), other.predict(examples))

    def test_the_order_of_the_pool_does_not_matter(self, control: Control, examples: list[Example]) -> None:
        """The pool is a set: where a task stands in it says nothing."""
        one, other = self.made(control), self.made(control)
        one.fit(examples, examples, [], ignore)
        other.fit(examples, examples[::-1], [], ignore)
        same(one.predict(examples), other.predict(examples))

    def test_it_reports_and_stops_at_once_when_cancelled(self, control: Control, examples: list[Example]) -> None:
        """At least two reports; and one that raises Cancelled is the last thing that happens."""
        told: list[Progress] = []
        self.fitted(control, examples, told.append)
        assert len(told) >= 2
        for stop in sorted({1, 2, len(told) // 2, len(told)} - {0}):
            heard = _Stopping(stop)
            with pytest.raises(Cancelled):
                self.fitted(control, examples, heard)
            assert heard.count == stop

    def test_nothing_usable_to_learn_from_is_said(self, control: Control, examples: list[Example]) -> None:
        """BadData, with the reason why the first example cannot be read."""
        blank = [Example(1, None, Labels(("cat",)), problem="field 'text' is missing"), Example(2, "x", None)]
        with pytest.raises(BadData, match="field 'text' is missing"):
            self.fitted(control, blank)

    def test_embeddings_need_no_label(self, control: Control, examples: list[Example]) -> None:
        """Before any training: a row of float32 for each example, or None for a family without any."""
        vectors = self.made(control).embed(examples)
        if vectors is not None:
            assert vectors.dtype == np.float32
            assert vectors.shape[0] == len(examples)
            assert np.isfinite(vectors).all()


def same(left: Sequence[Prediction], right: Sequence[Prediction]) -> None:
    """Assert that two lists of predictions are equal to the last bit."""
    for one, other in zip(left, right, strict=True):
        assert (one.task_id, one.target) == (other.task_id, other.target)
        assert np.array_equal(one.chances, other.chances)
        assert (one.embedding is None) == (other.embedding is None)
        if one.embedding is not None and other.embedding is not None:
            assert np.array_equal(one.embedding, other.embedding)


def _name(control: Control) -> str:
    if control.tag == "Choices":
        return "several" if control.several else "single"
    if control.marks:
        return f"{control.tag}-{control.object_tag}"
    return "-".join([control.tag, *control.drawn_by])


class _Stopping:
    """A report that raises Cancelled the n-th time."""

    def __init__(self, stop: int) -> None:
        self.stop, self.count = stop, 0

    def __call__(self, progress: Progress) -> None:
        self.count += 1
        if self.count == self.stop:
            raise Cancelled


def _single(control: Control, prediction: Prediction) -> Labels:
    return Labels((control.labels[int(prediction.chances[0].argmax())],))


def _several(control: Control, prediction: Prediction) -> Labels:
    return Labels(tuple(n for n, row in zip(control.labels, prediction.chances, strict=True) if row[1] > 0.5))
