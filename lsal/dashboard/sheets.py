"""Records as sheets: a title, named facts, one table, and sentences. Plain text, not yet HTML."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

from lsal.annotator import Labelled
from lsal.dashboard.cleaning import cleaned_sheet
from lsal.dashboard.contrasts import compared_sheet, switched
from lsal.dashboard.glance import status_sheet
from lsal.dashboard.tables import TABLES, Sheet
from lsal.dashboard.wording import bare, duration, kept_figure, said, upper
from lsal.housekeeping import Cleaned
from lsal.jobs import Job, State
from lsal.label_studio.queue import Verification
from lsal.label_studio.server import Server
from lsal.label_studio.sync import Synced
from lsal.phrases import counted
from lsal.rehearsal import Rehearsal
from lsal.workbench.automatic import Automatic
from lsal.workbench.comparing import Compared
from lsal.workbench.demo import Demo
from lsal.workbench.detaching import Detached
from lsal.workbench.doctor import Diagnosis
from lsal.workbench.status import Status
from lsal.workbench.told import NoneYet, Told

COMPARED = {
    "order": "the order; who left a task open gets that one first",
    "membership": "which tasks are next, not their order: begun ones come first, as several people label each",
}


@singledispatch
def sheet(shown: object) -> Sheet | None:
    """The sheet of a record of lsal, or of a list of them; None for anything else."""
    return None


@sheet.register
def _(shown: list) -> Sheet | None:  # type: ignore[type-arg]
    make = TABLES.get(type(shown[0])) if shown else None
    return make(shown) if make and all(type(one) is type(shown[0]) for one in shown) else None


@sheet.register
def _(shown: NoneYet) -> Sheet:
    return Sheet(shown.says)


@sheet.register
def _(shown: Told) -> Sheet:
    return Sheet(shown.says, tuple(shown.facts.items()), notes=shown.notes)


@sheet.register
def _(shown: Status) -> Sheet:
    return status_sheet(shown)


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
def _(shown: Automatic) -> Sheet:
    facts = [("rounds start", str(shown))]
    facts += [("state", shown.state)] if shown.state else []
    facts += [("so far", said(shown.ended))] if shown.ended else []
    return Sheet("Automatic rounds", tuple(facts), notes=shown.warnings)


@sheet.register
def _(shown: Verification) -> Sheet:
    verdict = "exactly as published" if shown.exact else "not as published"
    facts = (
        ("published", str(shown.published)),
        ("still open", str(len(shown.open))),
        ("in order" if shown.compared == "order" else "in the batch", f"{shown.in_order} of {len(shown.open)}"),
        ("compared", COMPARED.get(shown.compared, shown.compared)),
        ("publication", shown.name),
    )
    fixes = [f"Next: {fix}" for fix in dict.fromkeys(shown.fixes)]
    return Sheet(f"The queue in Label Studio is {verdict}", facts, notes=(*shown.faults, *fixes))


@sheet.register
def _(shown: Cleaned) -> Sheet:
    return cleaned_sheet(shown)


@sheet.register
def _(shown: Compared) -> Sheet:
    return compared_sheet(shown)


@sheet.register
def _(shown: Diagnosis) -> Sheet:
    faults, warnings = len(shown.faults), len(shown.warnings)
    told = f"{counted(faults, 'fault')}, {counted(warnings, 'warning')}"
    told = told if faults or warnings else "nothing to complain of"
    rows = tuple((one.level, one.check, one.what) for one in shown.findings)
    done = tuple(f"Done: {one}" for one in shown.done)
    fixes = tuple(f"{one.check}: {one.fix}" for one in shown.findings if one.fix)
    return Sheet(f"{shown.project}: {told}".lstrip(": "), columns=("", "check", ""), rows=rows, notes=(*done, *fixes))


@sheet.register
def _(shown: Labelled) -> Sheet:
    title = f"{counted(shown.served, 'task')} labelled in {duration(shown.seconds)}"
    return Sheet(title, (("served", str(shown.served)), ("in order", f"{shown.in_order} of {shown.served}")))


@sheet.register
def _(shown: Synced) -> Sheet:
    what = "Read the whole project" if shown.whole else "Read what changed"
    return Sheet(
        what, (("tasks", str(shown.read)), ("removed", str(shown.removed)), ("seconds", f"{shown.seconds:.2f}"))
    )


@sheet.register
def _(shown: Detached) -> Sheet:
    facts = [(f"{name} again", str(value) or "empty") for name, value in shown.restored.items()]
    facts += [(f"{kind} removed", str(count)) for kind, count in shown.removed.items()]
    title = f"lsal has left project {shown.project}: {shown.title}"
    return Sheet(title, (*facts, ("home", shown.home)), notes=shown.left)


@sheet.register
def _(shown: Rehearsal) -> Sheet:
    measure = str(shown.summary[0]["measure"]) if shown.summary else ""
    columns = ("strategy", "seeds", "labels", measure, "area under curve", "labels to reach random")
    rows = [
        (
            one["strategy"],
            str(one["seeds"]),
            str(one["labels"]),
            bare(measure, one["metric"], one["interval"]),
            f"{one['area']:.4f}",
            str(one["labels_to_baseline"] or "-"),
        )
        for one in shown.summary
    ]
    measured = tuple(dict.fromkeys(f"Measured as {one['measured_on']}." for one in shown.summary))
    return Sheet("Rehearsal", columns=columns, rows=tuple(rows), notes=(shown.verdict, *measured))


@sheet.register
def _(shown: Demo) -> Sheet:
    steps = tuple(dict.fromkeys(step for one in shown.rounds for step in one["steps"]))
    rows = [
        (
            *(str(one["version"]), str(one["labels"]), bare(shown.metric, one["value"], one["interval"])),
            *(bare(shown.metric, one["test_value"]), "" if one["promoted"] else "held"),
            *(f"{one['steps'].get(step, 0.0):.2f}" for step in steps),
        )
        for one in shown.rounds
    ]
    columns = ("version", "labels", shown.metric, "held-out", "gate", *(f"{step} s" for step in steps))
    random, queue = shown.random, shown.queue
    facts = (
        (
            f"held-out {shown.metric}",
            f"{bare(shown.metric, shown.test_value)} on {shown.test_tasks} items that are in no task",
        ),
        (
            "random order",
            f"{bare(shown.metric, random['test_value'])}, {_replays(len(random['seeds']))} with as many labels",
        ),
        ("queue", f"{queue['in_order']} of {queue['served']} served tasks were the best still open"),
        *shown.addresses.items(),
    )
    measured = f"{upper(shown.metric)} is measured on {shown.rounds[-1]['measured_on']}; in brackets its 95 % interval."
    return Sheet("What the rounds came to", facts, columns, tuple(rows), (measured,))


def _replays(count: int) -> str:
    return f"mean of {count} replays" if count > 1 else "one replay"


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


def _results(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a job came to, without the parts that have a command of their own."""
    facts = []
    for control, one in result.get("versions", {}).items():
        gate = f"{'live' if one['promoted'] else 'held'} ({one['reason']})"
        measured = kept_figure(one["metrics"])
        measured += f" on {counted(one['metrics'].get('tasks', 0), 'measuring task')}"
        labels = counted(one["labels"], "label")
        facts.append((f"version of {control}", f"{one['version']}, {gate}, {measured}, {labels}"))
        if one.get("left_out"):
            told = counted(one["left_out"], f"labelled task of {control} says", f"labelled tasks of {control} say")
            facts.append(("left out", f"{told} nothing that can be learned"))
        if one.get("same_weights_as"):
            facts.append(("weights", f"the same as those of version {one['same_weights_as']}"))
    facts += switched(result)
    facts += [(f"{name} not trained", why) for name, why in result.get("not_trained", {}).items()]
    for name in ("published", "measuring", "strategy", "why", "exact", "faults"):
        if result.get(name) not in (None, "", []):
            facts.append((name, str(result[name])))
    if seconds := result.get("seconds"):
        facts.append(("seconds by step", ", ".join(f"{step} {spent:.2f}" for step, spent in seconds.items())))
    return facts
