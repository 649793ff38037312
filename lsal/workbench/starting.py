"""How a project begins: made from data on lsal's own Label Studio."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsal import annotator, sources
from lsal.errors import BadRequest
from lsal.files import write_json
from lsal.home import Home
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.protocols import Report
from lsal.sources import Row, Source
from lsal.workbench import making, wanting
from lsal.workbench.making import Plan
from lsal.workbench.wanting import Options

if TYPE_CHECKING:
    from pandas import DataFrame


def new(
    root: Path,
    up: Callable[[], Server],
    name: str | DataFrame,
    *,
    report: Report | None = None,
    **options: Any,
) -> Home:
    """Make a project out of a source; `options` are those of `Options`.

    A demo keeps its labels for the simulated annotator, and a part of the items out of the project
    entirely, to test on. With `with_labels` the labels that the data carry become annotations;
    an export of Label Studio brings its own. `up` starts Label Studio, once the source was found
    to be fine. Killed halfway, the same call goes on.
    """
    said = Options(**options)
    _refuse_contradictions(said)
    wanted, config = wanting.wanted(root, said)
    source = sources.read_source(name, root / "cache", wanted, config, said.skip_bad)
    _refuse_unlabelled(source, said)
    wanting.need_labels(source)
    asked = wanting.labels_control(source)[0].name if said.demo else ""
    running = up()
    connection = Connection(running.url, running.key)
    outside = split(source.found.splits, said.hold_out, said.seed) if said.demo else set()
    answers = wanting.Answers(source, said, connection)
    told = name if isinstance(name, str) else "a DataFrame"
    plan = _plan(source, said, told, outside, answers)
    home, project = making.make(root, connection, plan, report)
    _keep_source(home, source, said, plan, answers)
    if said.demo:
        _keep_truth(home, project, source, outside, asked)
    making.finish(root, project, plan, annotator.mark_of(home) if said.demo else "")
    return home


def split(splits: Sequence[str], share: float, seed: int) -> Set[int]:
    """The places of the rows to hold out: as the source says, else a seeded random share."""
    out = sources.kept_for_testing(splits)
    if out:
        return out
    order = random.Random(seed).sample(range(len(splits)), len(splits))
    return set(order[: round(len(splits) * share)])


def _refuse_contradictions(said: Options) -> None:
    if said.demo and (said.with_labels or said.several):
        raise BadRequest("A demo keeps one label of each item back", "Leave out --with-labels and --several, or --demo")
    if said.title and not 3 <= len(said.title) <= making.LONGEST:
        raise BadRequest(f"The title has {len(said.title)} letters", f"Label Studio takes 3 to {making.LONGEST}")


def _refuse_unlabelled(source: Source, said: Options) -> None:
    if said.demo and source.found.labelled < source.found.count:
        raise BadRequest("A demo needs the label of every item", "Leave --demo out: people will label the project")
    if said.with_labels and not source.found.labelled and source.kind != "tasks":
        raise BadRequest("The data carry no labels to import", "Name their column: --label COLUMN")


def _plan(source: Source, said: Options, name: str, outside: Set[int], answers: wanting.Answers) -> Plan:
    title = said.title or f"lsal {source.title}"[: making.LONGEST]
    told = [source.found.digest, source.config, title, name, replace(said, title="")]
    key = hashlib.blake2b(repr(told).encode(), digest_size=12).hexdigest()
    count = source.found.count - len(outside)
    return Plan(key, title, name, source.config, count, lambda: answers.given(_inside(source, outside)), said.demo)


def _inside(source: Source, outside: Set[int]) -> Iterator[Row]:
    return (row for place, row in enumerate(source.good()) if place not in outside)


def _keep_source(home: Home, source: Source, said: Options, plan: Plan, answers: wanting.Answers) -> None:
    """What the project was made of, for the status and for whoever asks later."""
    found, used = source.found, said.demo or said.with_labels
    facts = {
        "source": plan.source,
        "items": plan.count,
        "labels_unused": 0 if used else found.labelled,
        "left_out": found.bad_count,
        "first_left_out": str(found.bad[0]) if found.bad else "",
        "people_unknown": len(answers.unknown),
    }
    write_json(home.path("source.json"), facts)


def _keep_truth(home: Home, project: Project, source: Source, outside: Set[int], control: str) -> None:
    """The true labels, by the ids that the tasks have got: those rise in the order of the import."""
    ids = [row["id"] for rows in project.tasks([], "id", page=5000) for row in rows]
    inside = [place not in outside for place in range(source.found.count)]
    answers = (row.target for row in compress(source.good(), inside))
    held_out = [(row.shown, row.target) for place, row in enumerate(source.good()) if place in outside]
    annotator.keep_truth(home, control, dict(zip(ids, answers, strict=True)), held_out)
