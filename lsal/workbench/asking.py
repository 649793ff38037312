"""What a version said about the measuring tasks, and how sure it was: from disk, and asked about what is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsal import measuring, predicting
from lsal.calibration import in_words, temperature_of
from lsal.desk import Desk
from lsal.errors import LsalError
from lsal.measuring import Ruler, Said, Sure, Trust
from lsal.records import Example, Version
from lsal.worker import answers

ASKED_AT_MOST = 300
"""Tasks that a version which has not answered them yet is asked about, in this process."""


@dataclass(frozen=True, slots=True)
class Told:
    """A version's answers and how sure it was of them; `why_not` if it could not be asked about all."""

    said: Said
    sure: Sure
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Confidence:
    """How a version's chances were set right, and how well they hold; `kept` tells whether it noted its sureness.

    A version from before that was noted has no figures.
    """

    calibration: str
    trust: Trust
    kept: bool


def ask(desk: Desk, version: Version, measured: Sequence[Example]) -> Told:
    """What a version says about the tasks, and what there is to know about that."""
    known = Told(answers.kept(desk, version.number), answers.kept_sure(desk, version.number))
    missing = [e for e in measured if e.key not in known.said]
    if not missing:
        return known
    control = desk.handled[version.control][0]
    if not version.can_answer(control):
        why = f"Version {version.number} was trained for another label config and is not asked any more."
        return Told(known.said, known.sure, why)
    asked = missing[:ASKED_AT_MOST]
    try:
        told = predicting.thoroughly(predicting.load(version, control), asked)
    except LsalError as error:
        return Told(known.said, known.sure, f"Version {version.number} cannot be asked: {error.what}.")
    said = measuring.answers(answers.ruler(desk, version.control), told, asked)
    sure = measuring.sureness(told, asked, control, version.labels, temperature_of(version))
    return Told({**known.said, **said}, {**known.sure, **sure})


def confidence(by: Ruler, version: Version, told: Told, truth: Said) -> Confidence | None:
    """How far a version can be trusted on the tasks in `truth`; None where answers are no classes."""
    if by is not measuring.CLASSES:
        return None
    trust = measuring.trust(told.sure, told.said, truth, version.labels)
    return Confidence(in_words(version.calibration), trust, bool(told.sure))
