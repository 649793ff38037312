"""Rehearse: strategies replayed on what is labelled in the project itself. Nothing in it is changed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from lsal import measuring
from lsal.desk import Desk
from lsal.errors import BadData, LabelStudioError
from lsal.files import write_json
from lsal.jobs import Job
from lsal.phrases import counted
from lsal.records import Example
from lsal.rehearsal import BASELINE, STRATEGIES, Plan, Rehearsal, Saved, Source, concluded, planned, telling
from lsal.rehearsal import run as replayed
from lsal.rehearsal.weighing import weighed
from lsal.worker import answers, drawn
from lsal.worker.queueing import pull
from lsal.worker.steps import Steps, told

FEWEST_MEASURING = 20
"""With fewer measuring tasks each seed measures on a fifth of all labels instead."""

CHOSEN = (
    "The pool is what strategies chose to have labelled, not a random draw of the project: a random order among "
    "these tasks is better than one among all, so that less is saved here than there"
)
HELD_OUT = "tasks held out of the labels that strategies chose, so biased"


def rehearse(desk: Desk, job: Job, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Replay on all labelled tasks of one control, with its family and options; kept as `rehearsals/last.json`."""
    steps, home = Steps(job, 4, desk.patience), desk.home
    with contextlib.suppress(LabelStudioError):  # without a server it is about what was seen last
        pull(desk, steps)
    with steps.step("read"):
        name = str(parameters.get("control") or next(iter(desk.need_handled())))
        source = own_labels(desk, steps, name)
    limits = {key: int(parameters[key]) for key in ("start", "batch", "budget", "seeds")}
    chosen, keep = parameters.get("strategies") or STRATEGIES, home.path("rehearsals", "points")
    family, options = parameters.get("family") or source.family, parameters.get("options")
    if not options and family == source.family:
        options = desk.options(name)
    plan = planned(source, chosen, **limits, family=family, options=options, keep=keep)
    with steps.step("rehearse"):
        curves = replayed(plan, int(parameters.get("workers") or 0), steps.report)
    done = concluded(plan, curves, parameters.get("target"))
    with steps.step("weigh"):
        saved = labels_saved(desk, steps, name, plan, done)
    kept = {"made_at": time.time(), "job": job.id, "control": name, "family": family}
    kept |= {"results": done.results, "summary": done.summary, "verdict": done.verdict, "saved": saved}
    write_json(home.path("rehearsals", "last.json"), kept)
    return {"verdict": done.verdict, "shown by": "lsal rehearse --last", "seconds": steps.seconds}


def labels_saved(desk: Desk, steps: Steps, control: str, plan: Plan, done: Rehearsal) -> dict[str, Any]:
    """What the project's strategy saves: in the replays, and by the tasks that chance picked in the project itself."""
    rivals = [name for name in plan.strategies if name != BASELINE]
    named = desk.home.settings().strategy
    row = next((one for one in done.summary if one["strategy"] in rivals and one["strategy"] == named), None)
    row = row or next((one for one in done.summary if one["strategy"] in rivals), None)
    measured_on = f"{row['measured_on']}, {row['seeds']} replays of {row['strategy']}" if row else ""
    known = row and "target" in row
    replays = telling.of_summary(row) if row and known else f"cannot tell: no strategy was replayed beside {BASELINE}"
    picks, where = _by_chance(desk, steps, control, plan)
    return {"rehearsal": telling.told(replays, measured_on), "picks": telling.told(picks, where)}


def _by_chance(desk: Desk, steps: Steps, control: str, plan: Plan) -> tuple[Saved | str, str]:
    """What is saved against the tasks that chance picked, and on what that was measured."""
    came = {task.id: task.annotations[0].updated_at for task in desk.mirror.labelled() if task.annotations}
    share, known = desk.home.settings().measuring_share, drawn.chances(desk.home)
    tasks = sorted((t for t in desk.mirror.labelled() if t.place >= share), key=lambda t: (came.get(t.id, ""), t.id))
    order = [one for one in desk.labelled(control, tasks) if one.target is not None and not one.problem]
    test = [one for one in desk.labelled(control, answers.measuring_tasks(desk)) if one.counts]
    among = sum(one.task_id in known for one in order)
    where = f"{counted(len(test), 'measuring task')}, {among} of {counted(len(order), 'label')} picked by chance"
    if plan.network:
        return f"cannot tell: training {plan.family} so many times would take too long", where
    given = plan.source
    how = (test, given.control, plan.family, plan.options, given.by, steps.report)
    return weighed(order, known, *how), where


def own_labels(desk: Desk, steps: Steps, control: str) -> Source:
    """What people said about a control: measuring tasks are measured on, the others are the pool.

    Where few measuring tasks are labelled, each seed holds out a fifth of all. Raises BadData without a label.
    """
    share = desk.home.settings().measuring_share
    train = [task for task in desk.mirror.labelled() if task.place >= share]
    measure = answers.measuring_tasks(desk)
    parts = []
    for tasks in (train, measure):
        read = told(desk.labelled(control, tasks), len(tasks), steps.report)
        parts.append([one for one in read if one.target is not None and not one.problem])
    if not parts[0]:
        raise BadData(f"Nothing is labelled yet for '{control}'", "Rehearse on a labelled table: lsal rehearse FILE")
    return _source(desk, control, *parts)


def _source(desk: Desk, control: str, pool: list[Example], measured: list[Example]) -> Source:
    enough = len(measured) >= FEWEST_MEASURING
    splits = [*["train"] * len(pool), *(["test"] if enough else ["train"]) * len(measured)]
    notes, tested = [CHOSEN], measuring.MEASURED_ON
    if not enough:
        why = f"Only {counted(len(measured), 'measuring task')} are labelled, {FEWEST_MEASURING} wanted"
        notes, tested = [*notes, f"{why}: measured on a fifth of all labels"], HELD_OUT
    settings, kind = desk.handled[control]
    by = measuring.ruler(kind)
    return Source([*pool, *measured], splits, settings, desk.family(control), by, tuple(notes), tested)
