"""A version's weights as something that answers for a control, also after the control got more labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lsal.calibration import set_right, temperature_of
from lsal.errors import BadRequest
from lsal.models import MODELS
from lsal.models.kept_vectors import keeping
from lsal.predicting.together import Together
from lsal.protocols import Model
from lsal.records import Control, Example, Labels, Prediction, Version
from lsal.store import check_files

if TYPE_CHECKING:
    from lsal.records import Floats


class Predictor(Protocol):
    """The part of a model that answers."""

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """One prediction per example, in order."""


def load(version: Version, control: Control) -> Predictor:
    """What a version says about a control, its files checked against what was written.

    If the label config got labels since the version was trained, they have no chance yet.
    """
    return for_control(load_model(version, control), version, control)


def load_model(version: Version, control: Control) -> Model:
    """The same in the words of the version, where it knows fewer labels than the control has by now."""
    check_files(version)
    trained_for = replace(control, labels=version.labels) if version.can_answer(control) else control
    model: Model = MODELS[version.family].load(version.folder / "weights", trained_for)
    keeping(model, version.folder.parents[1])
    return model


def for_control(model: Predictor, version: Version, control: Control) -> Predictor:
    """The model with chances that are set right, in the control's words if it knows fewer labels."""
    temperature = temperature_of(version)
    right = model if temperature == 1.0 else Calibrated(model, temperature)
    if version.labels == control.labels or not version.can_answer(control):
        return right
    return Aligned(right, version.labels, control)


class Calibrated:
    """A model whose chances are those of another temperature; its answers stay as they are."""

    def __init__(self, model: Predictor, temperature: float) -> None:
        self.inner, self.temperature = model, temperature
        self.family = getattr(model, "family", type(model).__name__)

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """The model's predictions, with their chances set right."""
        return set_right(self.inner.predict(examples), self.temperature)

    def predict_all(self, examples: Sequence[Example]) -> list[Prediction]:
        """The same, with what is too doubtful to be shown."""
        return set_right(thoroughly(self.inner, examples), self.temperature)

    def predict_twice(self, examples: Sequence[Example]) -> list[Prediction]:
        """The same, with how far the model disagrees with itself."""
        return set_right(twice(self.inner, examples), self.temperature)

    def predict_with_members(self, examples: Sequence[Example]) -> list[Prediction]:
        """The same, with what each of a committee says, if the model has one: a committee keeps its own chances."""
        return set_right(with_members(self.inner, examples), self.temperature)


class Aligned:
    """A model that knows some of a control's labels: the others, and only they, get no chance."""

    def __init__(self, model: Predictor, known: Sequence[str], control: Control) -> None:
        self.inner, self._control = model, control
        self._places = [control.labels.index(label) for label in known]

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """The model's predictions, with chances in the order of the control's labels."""
        return [self._aligned(one) for one in self.inner.predict(examples)]

    def predict_all(self, examples: Sequence[Example]) -> list[Prediction]:
        """The same, with what is too doubtful to be shown."""
        return [self._aligned(one) for one in thoroughly(self.inner, examples)]

    def predict_twice(self, examples: Sequence[Example]) -> list[Prediction]:
        """The same, with how far the model disagrees with itself."""
        return [self._aligned(one) for one in twice(self.inner, examples)]

    def predict_with_members(self, examples: Sequence[Example]) -> list[Prediction]:
        """The same, with what each of a committee says, if the model has one."""
        return [self._aligned(one) for one in with_members(self.inner, examples)]

    def _aligned(self, told: Prediction) -> Prediction:
        if not isinstance(told.target, Labels):  # each has its label by name; the last column stays the last
            chances = told.chances[:, -1:].repeat(len(self._control.labels) + 1, axis=1)
            chances[:, :-1] = 0
            chances[:, self._places] = told.chances[:, :-1]
            return replace(told, chances=chances)
        names = tuple(label for label in self._control.labels if label in told.target.names)
        members = None if told.members is None else np.stack([self._chances(one) for one in told.members])
        return replace(told, target=Labels(names), chances=self._chances(told.chances), members=members)

    def _chances(self, known: Floats) -> Floats:
        labels = len(self._control.labels)
        if self._control.several:  # a row for each label: absent for certain
            chances = known[:1].repeat(labels, axis=0)
            chances[:] = (1, 0)
            chances[self._places] = known
        else:
            chances = known[:, :1].repeat(labels, axis=1)
            chances[:] = 0
            chances[:, self._places] = known
        return chances


def showing(model: Predictor, options: Mapping[str, Any]) -> Predictor:
    """The model, showing regions from the confidence that the settings name now, whatever it was trained with."""
    inner: Any = model
    while isinstance(inner, Aligned | Calibrated | Together):
        inner = inner.inner
    if "threshold" in options and hasattr(inner, "threshold"):
        inner.threshold = float(options["threshold"])
    return model


def thoroughly(model: Predictor, examples: Sequence[Example]) -> list[Prediction]:
    """What a model says when it is measured: also what is too doubtful to be shown, if it tells."""
    ask = getattr(model, "predict_all", model.predict)
    told: list[Prediction] = ask(examples)
    return told


def asked(model: Predictor, examples: Sequence[Example], strategy: object) -> list[Prediction]:
    """What a model says, asked as the strategy wants it: its attributes `looks_twice` and `asks_members`."""
    if getattr(strategy, "looks_twice", False):
        return twice(model, examples)
    return with_members(model, examples) if getattr(strategy, "asks_members", False) else model.predict(examples)


def with_members(model: Predictor, examples: Sequence[Example]) -> list[Prediction]:
    """What a model says, and each member of its committee; without members from one that has none."""
    ask = getattr(model, "predict_with_members", model.predict)
    told: list[Prediction] = ask(examples)
    return told


def twice(model: Predictor, examples: Sequence[Example]) -> list[Prediction]:
    """What a model says, with how far it disagrees with itself about the same input mirrored.

    Raises BadRequest for one that has no second look.
    """
    ask = getattr(model, "predict_twice", None)
    if ask is None:
        family = getattr(model, "family", type(model).__name__)
        what = f"The family {family} does not look at its input a second time, as this strategy wants it"
        raise BadRequest(what, "Take another one: lsal set strategy=auto")
    told: list[Prediction] = ask(examples)
    return told
