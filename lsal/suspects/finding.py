"""Suspected label errors of one control: what models say that never saw the label, against what was given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lsal.phrases import counted
from lsal.records import Control, Example, Labels, Prediction
from lsal.suspects import confident

if TYPE_CHECKING:
    from lsal.records import Floats

FEWEST = 20
"""Labels; below, one wrong fold of models says more about them than about the labels."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """One task whose label may be wrong.

    `quality` in [0, 1] is how well the label fits; the models would say `says`, with `chance`.
    `people` gave the label. It is `flagged` where cleanlab holds it for an error; the others
    are only the next in line. `looked_at`: somebody answered again since it was sent back.
    """

    task_id: int
    given: str
    says: str
    chance: float
    quality: float
    flagged: bool
    people: tuple[str, ...] = ()
    sent: bool = False
    looked_at: bool = False


@dataclass(frozen=True, slots=True)
class Suspected:
    """The suspects of one control, worst first, of so many `labels`; or why nobody can tell."""

    control: str
    labels: int = 0
    flagged: int = 0
    suspects: tuple[Suspect, ...] = ()
    cannot_tell: str = ""


@dataclass(frozen=True, slots=True)
class Doubted:
    """Labelled examples with the chances (n, classes) that models which never saw them give."""

    control: Control
    examples: Sequence[Example]
    chances: Floats


def doubted(control: Control, examples: Sequence[Example], told: Sequence[Prediction | None]) -> Doubted:
    """Those of the examples of which a model that did not see them could say something."""
    known = [(e, one) for e, one in zip(examples, told, strict=True) if one is not None and not one.problem]
    rows = [chances_of(control, one) for _, one in known]
    chances = np.stack(rows) if rows else np.zeros((0, len(control.labels)), np.float32)
    return Doubted(control, [e for e, _ in known], chances)


def chances_of(control: Control, told: Prediction) -> Floats:
    """The chance of each class, (classes,): of being present, where there may be several."""
    return told.chances[:, 1] if control.several else told.chances[0]


def find(about: Doubted) -> Suspected:
    """All labels, the worst first; or why nobody can tell."""
    control = about.control
    if why := why_not(about):
        return Suspected(control.name, len(about.examples), cannot_tell=why)
    given = classes_given(control, about.examples)
    seen, chances = _seen_classes(given, about.chances, control.several)
    quality = confident.qualities(seen, chances, control.several)
    wrong = confident.issues(seen, chances, control.several)
    found = [_suspect(control, e, about.chances[k], float(quality[k]), wrong[k]) for k, e in enumerate(about.examples)]
    order = sorted(found, key=lambda one: (not one.flagged, one.quality, one.task_id))
    return Suspected(control.name, len(found), sum(wrong), tuple(order))


def why_not(about: Doubted) -> str:
    """Why nobody can tell which labels are wrong; "" if one can."""
    control, count = about.control, len(about.examples)
    if count < FEWEST:
        return f"only {counted(count, 'label')} to learn from, at least {FEWEST} are needed"
    names = [_names(e) for e in about.examples]
    common, most = Counter(names).most_common(1)[0]
    if most == count:
        return f"every label says '{', '.join(common) or 'none'}'"
    if control.several:
        return ""
    right = sum(_said(control, row) == given for row, given in zip(about.chances, names, strict=True))
    if right <= most:
        best = f"no better than always '{common[0]}' would be ({most} of {count})"
        return f"models that did not see a label guess {right} of {count} right, {best}"
    return ""


def classes_given(control: Control, examples: Sequence[Example]) -> list[list[int]]:
    """The columns of the given labels, of each example."""
    column = {name: k for k, name in enumerate(control.labels)}
    return [[column[name] for name in _names(e)] for e in examples]


def _seen_classes(given: list[list[int]], chances: Floats, several: bool) -> tuple[list[list[int]], Floats]:
    """Without the classes that nobody gave: nothing can be said about how sure models are of them."""
    if several:
        return given, chances
    kept = sorted({one for row in given for one in row})
    place = {column: k for k, column in enumerate(kept)}
    part = np.maximum(chances[:, kept], 1e-9)
    return [[place[one] for one in row] for row in given], part / part.sum(axis=1, keepdims=True)


def _suspect(control: Control, example: Example, chances: Floats, quality: float, flagged: bool) -> Suspect:
    said = _said(control, chances)
    sure = np.abs(chances - 0.5).min() + 0.5 if control.several else chances.max()
    given = ", ".join(_names(example)) or "none"
    return Suspect(example.task_id, given, ", ".join(said) or "none", float(sure), quality, flagged)


def _said(control: Control, chances: Floats) -> tuple[str, ...]:
    if control.several:
        return tuple(name for name, chance in zip(control.labels, chances, strict=True) if chance > 0.5)
    return (control.labels[int(chances.argmax())],)


def _names(example: Example) -> tuple[str, ...]:
    return example.target.names if isinstance(example.target, Labels) else ()
