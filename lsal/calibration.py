"""How far a model's confidence can be trusted: one temperature by which a version's chances are set right.

Guo et al. (2017, arXiv:1706.04599): every chance is raised to the power 1/T and the row made to sum to 1
again. Above 1 the model was too sure of itself, below 1 not sure enough; the order of the classes, and so
the label that is chosen, stays. T is the one under which the labels that people gave are likeliest, as
models judge them that never saw them (see `cross_fitting`).

A strategy chose these labels, and often the doubtful ones. So T leans to more doubt than a random sample
would ask for. Whether it helped is told by the measuring tasks, which have no part in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.phrases import counted
from lsal.records import Control, Example, Labels, Prediction, Version

if TYPE_CHECKING:
    import numpy.typing as npt

    from lsal.records import Ints

    Doubles = npt.NDArray[np.float64]

SPREAD = 0.35
"""What is expected of log T before any label: 0, give or take this. T lies between a half and 2 then, 19 times in 20.

With few labels T stays near 1; after a hundred or so they have their way.
"""
COLDEST, HOTTEST = 0.1, 10.0
FEWEST = 10
"""Answers out of fold below which no temperature is sought."""
TINY = 1e-12
"""A chance of 0 counts as this: one impossible answer must not decide everything."""
NEVER_SOUGHT = "not calibrated: made before versions were"


def fit_temperature(
    control: Control, examples: Sequence[Example], told: Sequence[Prediction | None] | None, why_not: str = ""
) -> dict[str, Any]:
    """What a version keeps: its temperature and from how many labels, or `why_not`.

    `told` are the answers out of fold to the `examples`, None if there are none.
    """
    pairs = [(e, one) for e, one in zip(examples, told or (), strict=False) if _counts(control, e, one)]
    if len(pairs) < FEWEST:
        enough = f"{counted(len(pairs), 'answer')} out of fold, {FEWEST} wanted"
        return {"why_not": why_not or enough}
    chances = np.concatenate([one.chances for _, one in pairs if one]).astype(np.float64)
    truth = np.concatenate([true_columns(control, e) for e, _ in pairs])
    temperature = _likeliest(chances, truth)
    return {
        "temperature": temperature,
        "labels": len(pairs),
        "log_loss": _loss(at_temperature(chances, temperature), truth) / len(truth),
        "log_loss_before": _loss(chances, truth) / len(truth),
    }


def true_columns(control: Control, example: Example) -> Ints:
    """Which column of each row of chances is the true one, (units,)."""
    names = example.target.names if isinstance(example.target, Labels) else ()
    if control.several:
        return np.array([label in names for label in control.labels], np.int64)
    return np.array([control.labels.index(names[0])], np.int64)


def at_temperature(chances: Doubles, temperature: float) -> Doubles:
    """Rows of chances at another temperature; what was impossible stays so."""
    with np.errstate(divide="ignore"):
        logs = np.log(chances) / temperature
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def set_right(predictions: Sequence[Prediction], temperature: float) -> list[Prediction]:
    """The same answers with chances at the temperature. What could not be read keeps the prior."""
    if not predictions or temperature == 1.0:
        return list(predictions)
    rows = np.concatenate([one.chances for one in predictions])
    ends = np.cumsum([len(one.chances) for one in predictions])[:-1]
    parts = np.split(at_temperature(rows.astype(np.float64), temperature).astype(rows.dtype), ends)
    return [one if one.problem else replace(one, chances=p) for one, p in zip(predictions, parts, strict=True)]


def temperature_of(version: Version) -> float:
    """By what a version's chances are set right: 1 leaves them as they are."""
    return float(version.calibration.get("temperature", 1.0))


def in_words(calibration: Mapping[str, Any]) -> str:
    """What was done for a version, in a few words."""
    if "temperature" in calibration:
        return f"temperature {calibration['temperature']:.2f}, from {counted(calibration['labels'], 'label')}"
    return f"not calibrated: {calibration['why_not']}" if "why_not" in calibration else NEVER_SOUGHT


def _counts(control: Control, example: Example, told: Prediction | None) -> bool:
    """Whether an answer says something about confidence: there is one, and a true one to hold it against."""
    read = told is not None and not told.problem and isinstance(example.target, Labels)
    return read and (control.several or bool(example.target and example.target.names))


def _likeliest(chances: Doubles, truth: Ints) -> float:
    from scipy.optimize import minimize_scalar

    def doubt(log_temperature: float) -> float:
        loss = _loss(at_temperature(chances, float(np.exp(log_temperature))), truth)
        return loss + log_temperature**2 / (2 * SPREAD**2)

    found = minimize_scalar(doubt, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def _loss(chances: Doubles, truth: Ints) -> float:
    """How surprised one is by the true answers."""
    return float(-np.log(np.maximum(chances[np.arange(len(truth)), truth], TINY)).sum())
