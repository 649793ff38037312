"""What a version confuses: on the measuring tasks, what people said against what it said."""

from __future__ import annotations

from dataclasses import dataclass

from lsal import measuring
from lsal.desk import Desk
from lsal.errors import BadRequest, NoVersion
from lsal.measuring import confusion
from lsal.phrases import on_tasks
from lsal.records import Version
from lsal.worker import answers

SEVERAL = (
    "an answer may be several classes at once here, and a confusion matrix takes one of each: see the figures by class"
)
UNMEASURED = "no measuring task was labelled yet that this version answered; they are mixed into the queue: label on"


@dataclass(frozen=True, slots=True)
class Confused:
    """So many things that people called `truth` and the version `guess`; "" is what was missed, or invented."""

    truth: str
    guess: str
    count: int
    task_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Confusion:
    """The confusion matrix of one version, its empty cells left out; `unit` is what is counted.

    `labels` are those that occur, in the order of the label config. Where there is no matrix, `why_not` says why.
    `page` is the address of a task, up to its id; "" while lsal's own Label Studio is down.
    """

    version: int
    control: str
    live: bool
    unit: str
    labels: tuple[str, ...]
    cells: tuple[Confused, ...]
    tasks: int
    measured_on: str
    why_not: str = ""
    page: str = ""


def confused(desk: Desk, number: int | None = None, control: str = "") -> Confusion:
    """The matrix of a version; of the live one (of `control`, else of the first that has one) if none is named.

    Raises NoVersion, and BadRequest for a control that has no live version.
    """
    version = desk.store.get(number) if number is not None else _live(desk, control)
    truth, said = answers.truth_of(desk, version) or {}, answers.kept(desk, version.number)
    metric = answers.ruler(desk, version.control, version).metric
    cells, tasks = confusion.confusions(metric, said, truth, version.labels), sum(task in said for task in truth)
    told = tuple(Confused(one.truth, one.guess, one.count, tuple(map(_number, one.tasks))) for one in cells or ())
    occurs = {label for one in told for label in (one.truth, one.guess)}
    return Confusion(
        version=version.number,
        control=version.control,
        live=desk.store.current().get(version.control) == version.number,
        unit=confusion.unit(metric),
        labels=tuple(label for label in version.labels if label in occurs),
        cells=told,
        tasks=tasks,
        measured_on=on_tasks([tasks], measuring.MEASURED_ON),
        why_not=SEVERAL if cells is None else "" if tasks else UNMEASURED,
        page=f"{desk.address}/projects/{desk.home.project}/data?task=" if desk.address else "",
    )


def _live(desk: Desk, control: str) -> Version:
    live = desk.store.current()
    if not live:
        raise NoVersion("No version is live yet", "Train the first one: lsal round")
    if control and control not in live:
        raise BadRequest(f"No version of '{control}' is live", f"Name one of: {', '.join(live)}")
    return desk.store.get(live[control or min(live, key=live.__getitem__)])


def _number(key: str) -> int:
    return int(key.partition(":")[0])
