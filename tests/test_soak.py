"""A short soak: what must not pile up while rounds go on, by counts alone. `benchmarks/soak.py` is the long one."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from showcase import run
from soak import Look, Process, Trend, Watcher, trends
from team import Person, attached, write

from lsal import jobs
from lsal.label_studio import predictions
from lsal.label_studio.server import Server
from lsal.workbench import Workbench

ROUNDS, LABELS = 4, 8
THREADS = 8
"""Of the backend, that answer requests: each may have the mirror open, which is three files."""


@pytest.fixture(scope="module")
def soaked(label_studio: Server, root: Path) -> Iterator[tuple[Workbench, list[Look]]]:
    """A project after some automatic rounds of two people, a day passing between them, nothing kept but the newest."""
    rows = write(90)
    bench = attached(label_studio, root, rows)
    bench.configure(batch=2 * LABELS, keep_jobs=1, keep_publications=1, keep_versions=1, worker_nice=0)
    people = [Person(label_studio, f"{name}@soak.local") for name in ("gus", "hal")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSAL_POLL_S", "0.2")
        try:
            with Watcher(bench).watching() as watcher:
                run(bench, people, rows, ROUNDS, LABELS, watcher.look)
            yield bench, watcher.looks
        finally:
            bench.stop()


def test_one_process_of_each_kind_is_there_after_every_round(soaked: tuple[Workbench, list[Look]]) -> None:
    """A worker may be ending still, and one may wait for its next job."""
    for look in soaked[1]:
        assert Counter(look.running) - Counter({"worker": 2}) == {"kernel": 1, "backend": 1, "Label Studio": 1}


def test_files_and_threads_of_the_backend_do_not_pile_up(soaked: tuple[Workbench, list[Look]]) -> None:
    first, *others = (look.processes["backend"] for look in soaked[1])
    for one in others:
        assert one.threads <= first.threads + 1
        assert one.files <= first.files + 3 * THREADS
    assert others[-1].files - others[-2].files <= 3 * 2  # threads that had not yet been asked


def test_of_old_jobs_and_batches_only_the_facts_stay(soaked: tuple[Workbench, list[Look]]) -> None:
    bench, _ = soaked
    rounds = [job for job in bench.jobs() if job.facts["act"] == "round"]
    assert len(rounds) == ROUNDS
    assert [(job.folder / "snapshot").exists() for job in rounds] == [True] + [False] * (ROUNDS - 1)
    assert [(job.folder / "log.txt").exists() for job in rounds[1:]] == [False] * (ROUNDS - 1)
    others = [job for job in bench.jobs() if job.facts["act"] != "round" and job.state().state in jobs.ENDED]
    assert len(others) <= 2  # one, and one that was made after the last tidying
    for _ in range(5):  # each goes on where the time of the last was over
        bench.clean()
    assert len(list(bench.home.path("rankings").glob("*.json"))) <= 3  # live, one more, and what rests for a day
    left = {name: count for name, count in predictions.counts(bench.desk.project).items() if count}
    assert not [name for name in left if "-start-" in name]  # nobody began from a pre-annotation of the first batch
    whole = 2 * 2 * LABELS  # the live batch and the one that rests; of the others those that annotations refer to
    assert sum(left.values()) <= whole + ROUNDS * LABELS
    assert bench.verify().exact


def test_logs_and_the_mirrors_journal_stay_small(soaked: tuple[Workbench, list[Look]]) -> None:
    bench, looks = soaked
    assert looks[-1].disk["backend.log"] - looks[0].disk["backend.log"] < 2_000 * ROUNDS
    assert bench.home.path("mirror.sqlite-wal").stat().st_size < 5_000_000
    files = [sum(count for part, count in look.files.items() if part not in ("Label Studio", "jobs")) for look in looks]
    assert files[-1] - files[1] < 30 * ROUNDS  # the facts of a version, of a batch, and of what was said


# --- what judges the long one ------------------------------------------------------------


def looked(**figures: list[int]) -> list[Trend]:
    """The trends of figures of one process that the rounds gave."""
    usual = {"rss": 2_000_000, "uss": 1_000_000, "peak": 2_000_000, "files": 20, "threads": 9}
    rounds = len(next(iter(figures.values())))
    made = [{**usual, **{name: values[n] for name, values in figures.items()}} for n in range(rounds)]
    looks = [Look(n + 1, 2.0, {}, {"backend": Process(**one)}, {}, {}, {}) for n, one in enumerate(made)]
    return trends(looks)


def test_what_grows_is_told_from_what_only_varies() -> None:
    noise = [1_000_000 + 7_919 * n % 20_000 for n in range(40)]
    leak = [value + 10_000 * n for n, value in enumerate(noise)]
    assert [one.name for one in looked(uss=noise) if not one.flat] == []
    assert [one.name for one in looked(uss=leak) if not one.flat] == ["backend: uss"]
    assert [one.name for one in looked(files=[20 + n // 2 for n in range(40)]) if not one.flat] == ["backend: files"]
    warm = [min(n, 15) * 50_000 + 1_000_000 for n in range(40)]
    assert all(one.flat for one in looked(uss=warm))  # caches that fill once are no leak
    outlier = [1_000_000] * 39 + [9_000_000]
    assert all(one.flat for one in looked(uss=outlier))
