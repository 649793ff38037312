"""A team on PostgreSQL: three people at once, rounds that start by themselves, no notebook open."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from postgres import Foreign
from showcase import Told, run, table
from team import CLASSES, Person, attached, write

from lsal.workbench import Workbench


@pytest.fixture(scope="module")
def people(on_postgres: Foreign) -> list[Person]:
    return [Person(on_postgres, f"{name}@showcase.local") for name in ("dora", "emil", "fay")]


def check(told: Told, rounds: int, labels: int, overlap: int) -> None:
    """What holds in every such run."""
    assert told.started_by == {"auto": rounds}
    assert [one.before for one in told.rounds] == [labels * number for number in range(1, rounds + 1)]
    assert all(one.early for one in told.rounds)  # the export before it was there before it switched
    assert [one.same for one in told.rounds] == [one.before for one in told.rounds]
    assert sum(one.meanwhile for one in told.rounds) > 0
    assert told.annotations == len(told.served) == labels * rounds
    assert (told.most, told.twice) == (overlap, 0)
    assert told.members == len(told.served)
    assert len(told.by_person) == 3
    assert min(told.by_person.values()) > labels * rounds / 6
    assert all(one.exact for one in told.rounds)


def show(told: Told, bench: Workbench, record: Callable[[str, object], None]) -> None:
    record("showcase", table(told, bench))
    print("\n" + table(told, bench))


@pytest.mark.timeout(1800)  # six rounds, on a machine that may be busy with other things
def test_three_people_give_300_labels_over_six_rounds_that_nobody_starts(
    on_postgres: Foreign,
    people: list[Person],
    isolated_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setenv("LSAL_POLL_S", "0.5")
    rows = write(400)
    bench = attached(on_postgres, isolated_root, rows)
    bench.configure(batch=100)
    try:
        told = run(bench, people, rows, rounds=6, labels=50)
    finally:
        bench.stop()
    show(told, bench, record_property)
    check(told, rounds=6, labels=50, overlap=1)
    prior = max(Counter(label for _, label in rows).values()) / len(rows)
    assert len(CLASSES) == 3
    assert prior < 0.4
    assert [one.labels for one in told.rounds] == [50, 100, 150, 200, 250, 300]
    assert min(one.held_out for one in told.rounds) > prior + 0.1
    assert told.rounds[-1].held_out > max(told.rounds[0].held_out, 0.85)
    assert bench.curve()[-1].value > prior + 0.3


def test_with_overlap_each_task_goes_to_two_people_and_never_to_a_third(
    on_postgres: Foreign,
    people: list[Person],
    isolated_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setenv("LSAL_POLL_S", "0.5")
    rows = write(80)
    bench = attached(on_postgres, isolated_root, rows, overlap=2)
    bench.configure(batch=30)
    try:
        told = run(bench, people, rows, rounds=2, labels=24)
    finally:
        bench.stop()
    show(told, bench, record_property)
    check(told, rounds=2, labels=24, overlap=2)
