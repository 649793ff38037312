"""A prepared project with what a ranking would have kept of its pool: chances, groups, neighbours."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from prepared import LABELS, STAMP, add_versions, prepared, publish

from lsal import publishing, scored
from lsal.files import write_json
from lsal.records import Entry, Ranking
from lsal.scored import Scored
from lsal.workbench import Workbench
from lsal.worker.pool_kept import two_likeliest

PEOPLE = {"1": "anna@example.org", "2": "ben@example.org"}


def explained(root: Path, classes: int = 2, images: bool = False) -> Workbench:
    """15 tasks published by version 2, and the whole pool kept: task t is most like labelled task t - 24.

    Four open tasks are for measuring, and not published.
    """
    bench = prepared(root, images=images)
    add_versions(bench, [20, 25])
    bench.desk.mirror.remember(people=PEOPLE)
    bench.configure(measuring_share=list(bench.desk.mirror.tasks(state=0))[4].place)
    publish(bench, kept_pool(bench).task_ids.tolist()[:15])
    scored.keep(bench.home, kept_pool(bench, classes))
    return bench


def kept_pool(bench: Workbench, classes: int = 2) -> Scored:
    """All open tasks and all labelled ones, less those for measuring."""
    share, draw = bench.home.settings().measuring_share, np.random.default_rng(0)
    tasks = {state: [t.id for t in bench.desk.mirror.tasks(state=state) if t.place >= share] for state in (0, 1)}
    vectors = draw.standard_normal((61, 16)).astype(np.float32)
    vectors[25:49] = vectors[1:25] + 0.02
    chances = draw.dirichlet(np.ones(classes), 61).astype(np.float32)[tasks[0]]
    guess, second, chance, gap = two_likeliest(chances)
    names = LABELS if classes == 2 else tuple(f"class {n}" for n in range(classes))
    groups = np.array([task % 3 for task in tasks[0]])
    ids, labelled = np.array(tasks[0]), np.array(tasks[1])
    first = (ids, chances, chance, guess, second, gap, 1 - gap, groups, vectors[tasks[0]])
    given = np.zeros(len(labelled), np.int64)
    return Scored("lsal-queue-test", "label", 2, names, *first, labelled, given, vectors[tasks[1]])


def change_entry(bench: Workbench, task: int, **changes: object) -> None:
    """The live ranking with another entry for a task, under a name of its own: rankings never change."""
    ranking = publishing.live_ranking(bench.home)
    assert ranking
    entries = tuple(replace(e, **changes) if e.task_id == task else e for e in ranking.entries)
    republish(bench, replace(ranking, entries=entries))


def republish(bench: Workbench, ranking: Ranking) -> None:
    """Make this the live ranking, and the kept pool its own."""
    live, pool = publishing.live_publication(bench.home), scored.read(bench.home)
    assert live
    name = f"{live.name}-next"
    write_json(bench.home.path("rankings", f"{name}.json"), asdict(ranking))
    write_json(bench.home.path("publication.json"), asdict(replace(live, name=name)))
    if pool:
        scored.keep(bench.home, replace(pool, ranking=name))


def answer(bench: Workbench, task: int, *said: tuple[int, str]) -> None:
    """Answers of people to a task, which it did not have."""
    rows = [
        {
            "id": 1000 * person + task,
            "completed_by": person,
            "was_cancelled": False,
            "updated_at": STAMP,
            "result": [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}],
        }
        for person, label in said
    ]
    [known] = bench.desk.mirror.tasks(ids=[task])
    bench.desk.mirror.keep([{"id": task, "data": known.data, "updated_at": STAMP, "annotations": rows}])


def open_entry(bench: Workbench) -> Entry:
    """The first entry that the strategy picked."""
    ranking = publishing.live_ranking(bench.home)
    assert ranking
    return next(entry for entry in ranking.entries if not entry.measuring)
