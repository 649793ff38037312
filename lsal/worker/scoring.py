"""A version's word on the open tasks and on those that it learned from: streamed out of the mirror, kept in files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import attrgetter

import numpy as np

from lsal import engine
from lsal.desk import Desk
from lsal.predicting.asking import Asking, folder_of
from lsal.predicting.kept_answers import KeptAnswers
from lsal.predicting.told import Told, problems, readable, said
from lsal.protocols import Strategy
from lsal.records import Control, Example, Pool, Progress, Task, Version
from lsal.strategies.pools import pool_of
from lsal.worker.steps import TASK, Steps

Read = Callable[[Task], Example | None]


@dataclass(frozen=True, slots=True)
class Answered:
    """What was `told` of the open tasks, the pool that it makes up, why some are not in it, and the labelled ones."""

    told: Told
    pool: Pool
    unread: Mapping[int, str]
    labelled: Sequence[int]


def answered(
    desk: Desk,
    steps: Steps,
    control: Control,
    tasks: Iterable[Task],
    read: Read,
    version: Version,
    strategy: Strategy,
    total: int,
    by: str = "",
) -> Answered:
    """Ask `version` about the open `tasks`, those that `read` can read, and about the labelled ones; `by` this
    engine, if not the project's.
    """
    settings, options = desk.home.settings(), desk.options(control.name)
    labelled = list[Example]()
    with KeptAnswers(folder_of(desk.home, version, control, options, strategy)) as kept:
        asking = Asking(kept)

        def tell() -> None:
            steps.report(Progress(min(len(asking.rows), total or len(asking.rows)), total, "scoring", unit=TASK))

        examples = _examples(asking, tasks, read, _labelled(desk, control, labelled))
        with engine.opened(by or settings.engine, settings.workers, settings.gpus, tell) as executor:
            asking.ask(version, control, examples, executor, tell, options, strategy)
    rows = np.frombuffer(asking.rows, np.int64) if asking.rows else np.zeros(0, np.int64)
    opened, known = rows[: asking.split], rows[asking.split :]
    fine = readable(kept, opened)
    targets = [e.target for e in labelled if e.target is not None]
    seed = settings.seed + version.number
    pool = pool_of(said(kept, fine, control), control, targets, said(kept, known, control), seed)
    told = version.metrics.get("cross_validation") or {}  # one that was too dear to cross-validate has none
    pool = replace(pool, held_out=told.get("accuracy"), prior=told.get("commonest", pool.prior))
    unread = {task: f"task {task}: {why}" for task, why in problems(kept, opened).items()}
    return Answered(Told(kept, fine), pool, unread, [e.task_id for e in labelled])


def _labelled(desk: Desk, control: Control, found: list[Example]) -> Iterator[Example]:
    """The labelled tasks that are trained on and say something, each also noted in `found`."""
    share = desk.home.settings().measuring_share
    for example in desk.labelled(control.name, (t for t in desk.mirror.labelled() if t.place >= share)):
        if example.counts:
            found.append(example)
            yield example


def _examples(asking: Asking, tasks: Iterable[Task], read: Read, labelled: Iterator[Example]) -> Iterator[Example]:
    """Those that nobody asked about yet: of the open tasks, and then of the labelled ones."""
    opened = asking.missing(tasks, attrgetter("id", "digest"), read)
    known = asking.missing(labelled, attrgetter("task_id", "digest"), lambda example: example)
    return chain(opened, asking.mark(), known)
