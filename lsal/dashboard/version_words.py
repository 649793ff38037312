"""Versions, what a switch would change, and two side by side: in the words and cells that the widget shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lsal.dashboard.contrasts import compared_sheet
from lsal.dashboard.look import Look, title, works
from lsal.dashboard.wording import bare, cut, seen, upper
from lsal.jobs import ASIDE, State
from lsal.phrases import counted, moment
from lsal.workbench.comparing import Changed, Compared
from lsal.workbench.curve import Point
from lsal.workbench.shown import in_words
from lsal.workbench.switches import PROMOTE, Switch

LISTED, FACTS = 25, 30
"""Changed answers, and facts, that are listed; of the others it is said how many there are."""
LETTERS, NAMED = 110, 80


def rows_of(points: Sequence[Point], why_not: Mapping[int, str]) -> list[dict[str, Any]]:
    """A row for each version, the newest first; `why_not` says which cannot be promoted."""
    return [
        {
            "number": one.version,
            "control": one.control,
            "when": moment(one.made_at),
            "labels": f"{one.labels:,}",
            "figure": _figure(one),
            "measured": _measured(one),
            "state": one.state,
            "why": one.back,
            "words": one.reason,
            "whyNot": why_not.get(one.version, ""),
        }
        for one in reversed(points)
    ]


def busy(seen: Look, job: State | None) -> str:
    """Why nothing can be switched now, in a sentence; a ranking alone is waited for by the worker itself."""
    if seen.status is None:
        return str(seen.error) if seen.error else "Looking at the project ..."
    if seen.parted:
        return f"{seen.parted}."
    running = job and works(job) and job.act not in (*ASIDE, "rank")
    return f"{title(job.act)} is running: wait for it, or cancel it." if job and running else ""


def empty(seen: Look) -> str:
    """What to do while there is no version; "" once there is one."""
    if seen.points:
        return ""
    return f"{seen.parted}." if seen.parted else "There is no version yet. Label some tasks, then press Round."


def preview_of(told: Switch, held: str = "") -> dict[str, Any]:
    """What a switch would change, line by line; `held` is what the gate said of a version that it kept back."""
    numbers = _numbers(told.live[name] for name in told.changed)
    what = f"Promote version {told.number}?" if told.act == PROMOTE else f"Roll back to {numbers}?"
    lines = [["Goes live", "; ".join(_change(name, *pair) for name, pair in told.changed.items())]]
    stays = [f"version {number} for {name}" for name, number in told.live.items() if name not in told.changed]
    lines += [["Stays live", ", ".join(stays)]] if stays else []
    lines += [["Held back", f"{held}. It goes live all the same."]] if held else []
    lines += [["Queue", _queue(told, _numbers(told.live.values()))], ["Label Studio", _moves(told)]]
    return {"act": told.act, "number": told.number, "title": what, "lines": lines, "compared": [], "note": ""}


def side_by_side(told: Compared) -> list[list[str]]:
    """The comparison in a preview: a name and a text each; the first version is the live one."""
    return [
        [f"{told.second.version} against {told.first.version}", f"{upper(told.comparison)}."],
        *(
            [f"Version {one.version}", f"{upper(one.metric)} {_bare(one.metric, one.value, one.interval)}"]
            for one in (told.second, told.first)
        ),
        ["Measured on", f"{told.measured_on}."],
    ]


def compared_of(told: Compared) -> dict[str, Any]:
    """Two versions side by side, with the tasks that the second answers differently."""
    found = compared_sheet(told)
    return {
        "title": found.title,
        "facts": [[upper(name), text] for name, text in (*found.facts[:FACTS], *_more(len(found.facts) - FACTS))],
        "columns": [f"version {told.first.version}", f"version {told.second.version}"],
        "changed": [_changed(one) for one in told.changed[:LISTED]],
        "caption": _caption(told),
        "notes": list(told.notes),
    }


def _figure(one: Point) -> str:
    told = _bare(one.metric, one.value, one.interval)
    return told if one.metric == "accuracy" or one.value is None else f"{one.metric} {told}"


def _bare(metric: str, value: float | None, interval: Sequence[float]) -> str:
    return bare(metric, value, interval if value is not None else None)


def _measured(one: Point) -> str:
    if one.value is None:
        return "no measuring task had a label"
    return counted(one.tasks, "task") + (f", as {one.line}" if one.line not in ("", one.control) else "")


def _change(control: str, was: int | None, now: int) -> str:
    before = f" in place of version {was}" if was is not None else ""
    return f"version {now} for {control}{before}"


def _numbers(numbers: Iterable[int]) -> str:
    told = sorted(set(numbers))
    return f"version{'s' if len(told) > 1 else ''} {', '.join(map(str, told))}"


def _queue(told: Switch, ranked_by: str) -> str:
    if not told.open:
        return "every task is labelled or skipped, so the queue stays as it is"
    fresh = f"{told.batch:,} of {counted(told.open, 'open task')} ranked afresh by {ranked_by}, by {told.strategy}"
    if not told.queue:
        return f"{fresh}. Nothing is published now."
    left = f"{told.queue['open']:,} of {told.queue['size']:,} tasks still open"
    return f"{fresh}. Today's, {cut(told.queue['name'], NAMED)} with {left}, is replaced."


def _moves(told: Switch) -> str:
    now = f", {cut(told.model_version, NAMED)} now," if told.model_version else ""
    if not told.open:
        return f"the project's model version{now} stays; pre-annotations of new tasks come from the versions above"
    return f"the project's model version{now} moves to the new queue's name at the same moment"


def _changed(one: Changed) -> dict[str, Any]:
    return {
        "task": one.task_id,
        "url": one.url,
        "text": seen(one.shown or in_words(one.data), LETTERS),
        "truth": cut(one.truth, LETTERS),
        "first": cut(one.first, LETTERS),
        "second": cut(one.second, LETTERS),
        "outcome": one.outcome or "both wrong",
    }


def _more(classes: int) -> list[tuple[str, str]]:
    """What stands for the rest of very many classes."""
    return [("more", f"{counted(classes, 'class', 'classes')}; all of them: lsal compare")] if classes > 0 else []


def _caption(told: Compared) -> str:
    if not told.changed:
        return f"Both give the same answers to all {counted(told.tasks, 'measuring task')}." if told.tasks else ""
    shown = min(LISTED, len(told.changed))
    first = f" The first {shown}:" if shown < len(told.changed) else ""
    return f"{counted(len(told.changed), 'answer')} of {told.tasks:,} changed.{first}"
