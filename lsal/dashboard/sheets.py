"""Records as sheets: a title, named facts, one table, and sentences. Plain text, not yet HTML."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

from lsal.annotator import Labelled
from lsal.dashboard.checks import diagnosis_sheet, verification_sheet
from lsal.dashboard.cleaning import cleaned_sheet
from lsal.dashboard.contrasts import compared_sheet
from lsal.dashboard.curves import points_sheet, rounds_sheet
from lsal.dashboard.examples import example_sheet, prediction_sheet, regions_sheet
from lsal.dashboard.exported import dataset_sheet
from lsal.dashboard.glance import status_sheet
from lsal.dashboard.outcomes import state_sheet
from lsal.dashboard.outlooks import outlooks_sheet
from lsal.dashboard.reasons import why_sheet
from lsal.dashboard.suspected import suspicions_sheet
from lsal.dashboard.tables import TABLES, Sheet
from lsal.dashboard.timed import timings_sheet
from lsal.dashboard.trials import demo_sheet, rehearsal_sheet
from lsal.dashboard.wishes import wished_sheet, wishes_sheet
from lsal.dashboard.wording import duration, said
from lsal.datasets import Dataset
from lsal.housekeeping import Cleaned
from lsal.jobs import Job, State
from lsal.label_studio.queue import Verification
from lsal.label_studio.server import Server
from lsal.label_studio.sync import Synced
from lsal.phrases import counted
from lsal.records import Example, Prediction, Regions, Wishes
from lsal.rehearsal import Rehearsal
from lsal.workbench.automatic import Automatic
from lsal.workbench.comparing import Compared
from lsal.workbench.curve import Point, Round
from lsal.workbench.demo import Demo
from lsal.workbench.detaching import Detached
from lsal.workbench.doctor import Diagnosis
from lsal.workbench.outlook import Outlook
from lsal.workbench.status import Status
from lsal.workbench.suspecting import Suspicions
from lsal.workbench.timings import Timing
from lsal.workbench.told import NoneYet, Told
from lsal.workbench.why import Why
from lsal.workbench.wishing import Wished

LISTS = TABLES | {Point: points_sheet, Round: rounds_sheet, Example: example_sheet, Prediction: prediction_sheet}
LISTS |= {Outlook: outlooks_sheet, Timing: timings_sheet}
"""How a list of each record looks."""


@singledispatch
def sheet(shown: object) -> Sheet | None:
    """The sheet of a record of lsal, or of a list of them; None for anything else."""
    return None


@sheet.register
def _(shown: list) -> Sheet | None:  # type: ignore[type-arg]
    make = LISTS.get(type(shown[0])) if shown else None
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
    return state_sheet(shown)


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
    return verification_sheet(shown)


@sheet.register
def _(shown: Cleaned) -> Sheet:
    return cleaned_sheet(shown)


@sheet.register
def _(shown: Dataset) -> Sheet:
    return dataset_sheet(shown)


@sheet.register
def _(shown: Compared) -> Sheet:
    return compared_sheet(shown)


sheet.register(Suspicions, suspicions_sheet)
sheet.register(Wished, wished_sheet)
sheet.register(Wishes, wishes_sheet)
sheet.register(Why, why_sheet)


@sheet.register
def _(shown: Diagnosis) -> Sheet:
    return diagnosis_sheet(shown)


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
    return rehearsal_sheet(shown)


@sheet.register
def _(shown: Demo) -> Sheet:
    return demo_sheet(shown)


@sheet.register
def _(shown: Example) -> Sheet:
    return example_sheet([shown])


@sheet.register
def _(shown: Prediction) -> Sheet:
    return prediction_sheet([shown])


@sheet.register
def _(shown: Regions) -> Sheet:
    return regions_sheet(shown)


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
