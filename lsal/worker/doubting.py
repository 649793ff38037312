"""Doubting what is labelled: suspects out of fold, agreement by annotator, and what a batch sends back.

Suspects come from the training labels alone. To look again only at those measuring labels that the
models dispute, and never at those that they share, would make the models look better than they are.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal import suspects, training
from lsal.cross_fitting import FOLDS, out_of_fold
from lsal.desk import Desk
from lsal.files import write_json
from lsal.label_studio.seen import since
from lsal.models import MODELS
from lsal.models.kept_vectors import keeping
from lsal.protocols import Model
from lsal.ranking import Candidates
from lsal.records import Control, Entry, Example, Labels, Pool, Task
from lsal.suspects import Doubted, Suspected, mixing, sending_back
from lsal.suspects.people import Said
from lsal.worker.steps import Steps, told

if TYPE_CHECKING:
    from lsal.records import Floats

KEPT = "suspects.json"
NOT_COVERED = "only classes of whole tasks are looked at, not regions, spans or words"


def look(desk: Desk, steps: Steps) -> dict[str, str]:
    """Look for label errors in all controls, and keep what was found in the home; how many, by control."""
    names, tasks = desk.need_handled(), list(desk.mirror.labelled())
    found = {name: _look(desk, steps, name, tasks) for name in names}
    keep(desk, [one for one, _ in found.values()], {name: about for name, (_, about) in found.items()}, tasks)
    return {
        name: f"cannot tell: {one.cannot_tell}" if one.cannot_tell else f"{one.flagged} of {one.labels} labels"
        for name, (one, _) in found.items()
    }


def keep(desk: Desk, found: Sequence[Suspected], about: Mapping[str, Doubted], tasks: Sequence[Task]) -> None:
    """Write down what was found, with who labelled what and how far they agree."""
    names = {int(p): name for p, name in desk.mirror.fact("people", {}).items()}
    sent, looked = set(sending_back.read(desk.home).tasks), sending_back.looked_at(desk.home, desk.mirror)
    controls, people = [], {}
    for one in found:
        who = said_by(desk, one.control, tasks)
        named = {p: names.get(p, f"person {p}") for answers in who.values() for p in answers}
        marked = [
            replace(
                each,
                people=tuple(named[p] for p in who.get(each.task_id, {})),
                sent=each.task_id in sent,
                looked_at=each.task_id in looked,
            )
            for each in one.suspects
        ]
        controls.append(asdict(replace(one, suspects=tuple(marked))))
        persons = suspects.people(who, named, about.get(one.control) if not one.cannot_tell else None)
        people[one.control] = {
            "people": [asdict(p) for p in persons],
            "pairs": [asdict(p) for p in suspects.pairs(who, named)],
        }
    write_json(desk.home.path(KEPT), {"made_at": time.time(), "controls": controls, "people": people})


def again(desk: Desk, steps: Steps, candidates: Sequence[Candidates], size: int, share: float) -> list[Entry]:
    """The labelled tasks that a batch of `size` sends back: at most a `share` of it, chosen by its first control."""
    most = mixing.quota(size, share)
    if not most or not candidates or not candidates[0].predictions:
        return []
    control, tasks = candidates[0].control, list(desk.mirror.labelled())
    found, about = _look(desk, steps, control.name, tasks)
    if found.cannot_tell:
        return []
    done = sending_back.looked_at(desk.home, desk.mirror)
    if control.several or not sending_back.several_label(desk.mirror):
        return mixing.by_errors(found, most, done)
    open_chances = _chances(control, candidates[0].pool)
    who = said_by(desk, control.name, tasks)
    return mixing.by_active_lab(about, found, who, open_chances, size, most, done)


def _chances(control: Control, pool: Pool) -> Floats:
    """The chance of each class of every open task, (n, classes): of being present, where there may be several."""
    units = pool.chances.reshape(len(pool), -1, pool.chances.shape[1])
    return units[:, :, 1] if control.several else units[:, 0]


def said_by(desk: Desk, name: str, tasks: Sequence[Task]) -> Said:
    """Who said what about each task."""
    control, kind = desk.handled[name]
    return suspects.said(kind, control, tasks, since(desk.mirror, control))


def _look(desk: Desk, steps: Steps, name: str, tasks: Sequence[Task]) -> tuple[Suspected, Doubted]:
    """The suspects among the training labels of one control, and what they were found by."""
    control, share = desk.handled[name][0], desk.home.settings().measuring_share
    with steps.step("doubt"):
        usable = [task for task in tasks if task.place >= share]
        read = told(desk.labelled(name, usable), len(usable), steps.report)
        examples = [e for e in read if e.counts]
        if any(not isinstance(e.target, Labels) for e in examples) or control.draws or control.marks:
            return Suspected(name, len(examples), cannot_tell=NOT_COVERED), Doubted(control, [], _nothing(control))
        about = suspects.doubted(control, examples, _answers(desk, control, examples, steps))
        return suspects.find(about), about


def _answers(desk: Desk, control: Control, examples: Sequence[Example], steps: Steps) -> Any:
    family, options, seed = desk.family(control.name), desk.options(control.name), desk.home.settings().seed

    def new_model() -> Model:
        model: Model = MODELS[family](control, options, seed)
        keeping(model, desk.home.folder)
        return model

    tasks = desk.mirror.tasks() if MODELS[family].needs_pool else ()
    pool = list(training.seen(desk.examples(control.name, tasks)))
    return out_of_fold(new_model, examples, pool, FOLDS, seed, steps.report)


def _nothing(control: Control) -> Any:
    return np.zeros((0, len(control.labels)), np.float32)
