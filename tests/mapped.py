"""A prepared project with what a ranking knew of it: two groups of messages, apart from each other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from prepared import HOSTILE, TASKS, add_versions, prepared, publish

from lsal import scored
from lsal.home import Home
from lsal.label_studio.mirror import Mirror
from lsal.scored import Scored
from lsal.workbench import Workbench

OPEN_FROM, WIDTH = 25, 8


def with_pool(root: Path, versions: bool = True, images: bool = False) -> Workbench:
    """24 labelled tasks, a batch of 25, and a pool without the measuring tasks."""
    bench = prepared(root, images=images)
    if versions:
        add_versions(bench, [15, 19])
    publish(bench, list(range(25, 50)))
    scored.keep(bench.home, pool_of(bench.home))
    return bench


def pool_of(home: Home, ranking: str = "lsal-queue-test", shift: float = 0.0) -> Scored:
    """Group 1 lies at -3, group 2 at 3; even tasks belong to the first."""
    share = home.settings().measuring_share
    places = Mirror(home.path("mirror.sqlite"), home.order_key).select("SELECT id, place FROM tasks")
    usable = {number for number, place in places if place >= share}
    ids = np.array([n for n in range(OPEN_FROM, TASKS + 1) if n in usable])
    done = np.array([n for n in range(1, OPEN_FROM) if n in usable])
    sure = np.linspace(0.5, 1, len(ids)).astype(np.float32)
    group = ids % 2
    chances = np.where(group[:, None] == np.arange(2), sure[:, None], 1 - sure[:, None]).astype(np.float32)
    return Scored(
        ranking=ranking,
        control="label",
        version=2,
        classes=("ham", HOSTILE),
        task_ids=ids,
        chances=chances,
        confidence=sure,
        guess=group,
        runner_up=1 - group,
        margin=2 * sure - 1,
        score=2 - 2 * sure,
        cluster=group,
        embeddings=vectors_of(ids, shift),
        labelled_ids=done,
        labelled_classes=done % 2,
        labelled_embeddings=vectors_of(done, shift),
    )


def vectors_of(ids: np.ndarray, shift: float = 0.0) -> np.ndarray:
    """The same for a task whenever it is asked."""
    noise = np.stack([np.random.default_rng(int(number)).normal(0, 0.5, WIDTH) for number in ids])
    return (noise + shift + np.where(ids % 2, 3, -3)[:, None]).astype(np.float32)


def before_the_first_version(pool: Scored) -> Scored:
    """As a ranking of a project without any version leaves it."""
    none = np.full(len(pool.task_ids), np.nan, np.float32)
    nobody, no_ids = np.full(len(none), -1), np.zeros(0, np.int64)
    told = replace(pool, version=None, chances=None, confidence=none, margin=none, score=none)
    told = replace(told, guess=nobody, runner_up=nobody, labelled_ids=no_ids, labelled_classes=no_ids)
    return replace(told, labelled_embeddings=None)
