"""Records as sheets: a title, named facts, one table, and sentences. Plain text, not yet HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import singledispatch
from typing import Any

from lsal.annotator import Labelled
from lsal.dashboard.wording import accuracy, cut, duration, percent, said
from lsal.jobs import Job, State
from lsal.label_studio.queue import Verification
from lsal.label_studio.server import Server
from lsal.label_studio.sync import Synced
from lsal.records import Version
from lsal.rehearsal import Rehearsal
from lsal.workbench.demo import Demo
from lsal.workbench.status import Point, Round, Status, Waiting

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is shown of a record, top to bottom."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    columns: Row = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()


@singledispatch
def sheet(shown: object) -> Sheet | None:
    """The sheet of a record of lsal, or of a list of them; None for anything else."""
    return None


@sheet.register
def _(shown: list) -> Sheet | None:  # type: ignore[type-arg]
    make = _LISTS.get(type(shown[0])) if shown else None
    return make(shown) if make and all(type(one) is type(shown[0]) for one in shown) else None


@sheet.register
def _(shown: Status) -> Sheet:
    live = ", ".join(f"{control}: version {number}" for control, number in shown.live.items()) or "none"
    queue, measuring = shown.queue, shown.measuring
    facts = [
        ("Label Studio", shown.url or "not running"),
        ("tasks", f"{shown.tasks:,}, {shown.labelled:,} labelled, {shown.skipped:,} skipped"),
        ("for measuring", f"{measuring['labelled']:,} labelled, {measuring['open']:,} open"),
        *((f"control {name}", told) for name, told in shown.controls.items()),
        *((f"control {name}", f"left to people: {why}") for name, why in shown.left_to_people.items()),
        ("live", f"{live} (of {shown.versions})"),
        ("queue", f"{queue['open']} open of {queue['size']}, {queue['name']}" if queue else "nothing published yet"),
        ("backend", shown.backend or "off"),
        ("newest job", _job_line(shown.job) if shown.job else "none"),
        ("home", shown.home),
    ]
    return Sheet(f"Project {shown.project}: {shown.title}", tuple(facts), notes=shown.warnings)


@sheet.register
def _(shown: State) -> Sheet:
    facts = [("job", shown.id), ("state", shown.state), ("seconds", f"{shown.seconds:.1f}")]
    if shown.state in ("running", "waiting"):
        facts.append(("step", shown.progress.message or "starting"))
        facts += [("left", f"about {duration(shown.eta_s)}")] if shown.eta_s is not None else []
    facts += [("error", shown.error), ("next", shown.fix)] if shown.error else []
    return Sheet(shown.act, (*facts, *_results(shown.result)))


@sheet.register
def _(shown: Job) -> Sheet | None:
    return sheet(shown.state())


@sheet.register
def _(shown: Verification) -> Sheet:
    verdict = "exactly as published" if shown.exact else "not as published"
    facts = (
        ("published", str(shown.published)),
        ("still open", str(len(shown.open))),
        ("in order", f"{shown.in_order} of {len(shown.open)}"),
        ("publication", shown.name),
    )
    fixes = [f"Next: {fix}" for fix in dict.fromkeys(shown.fixes)]
    return Sheet(f"The queue in Label Studio is {verdict}", facts, notes=(*shown.faults, *fixes))


@sheet.register
def _(shown: Labelled) -> Sheet:
    title = f"{shown.labels} tasks labelled in {duration(shown.seconds)}"
    return Sheet(title, (("served", str(shown.served)), ("in order", f"{shown.in_order} of {shown.served}")))


@sheet.register
def _(shown: Synced) -> Sheet:
    what = "Read the whole project" if shown.whole else "Read what changed"
    return Sheet(
        what, (("tasks", str(shown.read)), ("removed", str(shown.removed)), ("seconds", f"{shown.seconds:.2f}"))
    )


@sheet.register
def _(shown: Rehearsal) -> Sheet:
    columns = ("strategy", "seeds", "labels", "accuracy", "area under curve", "labels to reach random")
    rows = [
        (
            one["strategy"],
            str(one["seeds"]),
            str(one["labels"]),
            accuracy(one["metric"], one["interval"]),
            f"{one['area']:.4f}",
            str(one["labels_to_baseline"] or "-"),
        )
        for one in shown.summary
    ]
    measured = tuple(dict.fromkeys(f"Measured as {one['measured_on']}." for one in shown.summary))
    return Sheet("Rehearsal", columns=columns, rows=tuple(rows), notes=(shown.verdict, *measured))


@sheet.register
def _(shown: Demo) -> Sheet:
    steps = tuple(dict.fromkeys(step for one in shown.rounds for step in one["seconds"]))
    rows = [
        (
            *(str(one["version"]), str(one["labels"]), accuracy(one["accuracy"], one["interval"])),
            *(percent(one["test_accuracy"]), "" if one["promoted"] else "held"),
            *(f"{one['seconds'].get(step, 0.0):.2f}" for step in steps),
        )
        for one in shown.rounds
    ]
    columns = ("version", "labels", "accuracy", "held-out", "gate", *(f"{step} s" for step in steps))
    random, queue = shown.random, shown.queue
    facts = (
        ("held-out accuracy", f"{shown.test_accuracy:.1%} of {shown.test_tasks} items that are in no task"),
        (
            "random order",
            f"{random['test_accuracy']:.1%}, mean of {len(random['seeds'])} replays with as many labels",
        ),
        ("queue", f"{queue['in_order']} of {queue['served']} served tasks were the best still open"),
        *shown.addresses.items(),
    )
    measured = f"Accuracy is measured on {shown.rounds[-1]['measured_on']}; in brackets its 95 % interval."
    return Sheet("What the rounds came to", facts, columns, tuple(rows), (measured,))


@sheet.register
def _(shown: Mapping) -> Sheet:  # type: ignore[type-arg]
    """Any answer that is no record: its values as facts, its first list of mappings as the table."""
    table: list[Mapping[str, Any]] = next((value for value in shown.values() if _is_table(value)), [])
    facts = tuple((str(name), said(value)) for name, value in shown.items() if value is not table)
    columns = tuple(dict.fromkeys(name for row in table for name in row))
    return Sheet("", facts, columns, tuple(tuple(said(row.get(name)) for name in columns) for row in table))


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


@sheet.register
def _(shown: Server) -> Sheet:
    return Sheet("Label Studio runs", (("address", shown.url), ("process", str(shown.mark["pid"]))))


def _versions(shown: Iterable[Version]) -> Sheet:
    columns = ("version", "control", "family", "labels", "accuracy when made", "measured on", "made", "train s", "gate")
    rows = [
        (
            str(one.number),
            one.control,
            one.family,
            str(one.examples.get("count", 0) + one.examples.get("measuring", 0)),
            accuracy(one.metrics.get("accuracy"), one.metrics.get("interval")),
            f"{one.metrics.get('tasks', 0)} tasks",
            datetime.fromtimestamp(one.made_at).strftime("%Y-%m-%d %H:%M"),
            f"{one.seconds.get('train', 0.0):.1f}",
            f"{'promoted' if one.promoted else 'held'}: {one.reason}",
        )
        for one in shown
    ]
    return Sheet("Versions", columns=columns, rows=tuple(rows))


def _points(shown: Iterable[Point]) -> Sheet:
    points = list(shown)
    columns = ("version", "control", "labels", "accuracy now", "measured on", "state")
    rows = [
        (
            str(one.version),
            one.control,
            str(one.labels),
            accuracy(one.accuracy, one.interval),
            f"{one.tasks} tasks",
            "live" if one.live else "" if one.promoted else "held",
        )
        for one in points
    ]
    return Sheet("Learning curve", columns=columns, rows=tuple(rows), notes=(f"Measured on {points[0].measured_on}.",))


def _rounds(shown: Iterable[Round]) -> Sheet:
    rounds = list(shown)
    steps = tuple(dict.fromkeys(step for one in rounds for step in one.seconds))
    rows = [
        (
            *(str(one.version), str(one.labels), accuracy(one.accuracy, one.interval), str(one.tasks)),
            *("" if one.promoted else f"held: {one.reason}", str(one.published)),
            *(f"{one.seconds.get(step, 0.0):.2f}" for step in steps),
        )
        for one in rounds
    ]
    columns = ("version", "labels", "accuracy", "measured on", "gate", "published", *(f"{step} s" for step in steps))
    return Sheet("Rounds", columns=columns, rows=tuple(rows))


def _queue(shown: Iterable[Waiting]) -> Sheet:
    columns = ("rank", "task", "what", "guess", "runner-up", "margin")
    rows = []
    for one in shown:
        what = " ".join(str(value) for value in one.data.values())
        guess = "measuring" if one.measuring else f"{one.guess} {percent(one.chance)}".strip()
        rows.append((str(one.rank + 1), str(one.task_id), cut(what, 50), guess, one.runner_up, percent(one.margin)))
    return Sheet("Next in the queue", columns=columns, rows=tuple(rows))


def _jobs(shown: Iterable[Job]) -> Sheet:
    states = [job.state() for job in shown]
    rows = [(one.id, one.act, one.state, duration(one.seconds), one.error) for one in states]
    return Sheet("Jobs", columns=("job", "act", "state", "time", "error"), rows=tuple(rows))


_LISTS: dict[type, Callable[[Any], Sheet]] = {
    Version: _versions,
    Point: _points,
    Round: _rounds,
    Waiting: _queue,
    Job: _jobs,
}


def _job_line(job: State) -> str:
    told = job.progress.message if job.state == "running" else job.error
    return f"{job.act}, {job.state}, {duration(job.seconds)}" + (f", {told}" if told else "")


def _results(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a job came to, without the parts that have a command of their own."""
    facts = []
    for control, one in result.get("versions", {}).items():
        gate = f"{'live' if one['promoted'] else 'held'} ({one['reason']})"
        measured = accuracy(one["metrics"].get("accuracy"), one["metrics"].get("interval"))
        facts.append((f"version of {control}", f"{one['version']}, {gate}, {measured}, {one['labels']} labels"))
    for name in ("published", "measuring", "strategy", "why", "exact", "faults"):
        if result.get(name) not in (None, "", []):
            facts.append((name, str(result[name])))
    if seconds := result.get("seconds"):
        facts.append(("seconds by step", ", ".join(f"{step} {spent:.2f}" for step, spent in seconds.items())))
    return facts
