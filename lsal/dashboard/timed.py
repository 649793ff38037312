"""Where the last rounds' time went, as a sheet: a row for each step, a column for each job."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence

from lsal.dashboard.tables import Row, Sheet
from lsal.workbench.timings import Timing

REST = "start and tidying"


def timings_sheet(shown: Iterable[Timing]) -> Sheet:
    """Seconds of each step, the newest job last; the share is that of the newest, and so is the rate."""
    timed = list(shown)[::-1]
    columns = ("step", *_headings(timed), "median s", "share", "tasks/s")
    note = f"Seconds by step. Each column is a job, by when it was made (UTC); share and rate are of {timed[-1].job}."
    return Sheet("Where the time went", columns=columns, rows=tuple(_rows(timed)), notes=(note,))


def _rows(timed: Sequence[Timing]) -> Iterator[Row]:
    last = timed[-1]
    for step in dict.fromkeys(step for one in timed for step in one.steps):
        yield _row(step, [one.steps.get(step) for one in timed], last, _rate(last, step))
    yield _row(REST, [max(0.0, one.seconds - sum(one.steps.values())) for one in timed], last, "")
    yield _row("all", [one.seconds for one in timed], last, "")


def _row(step: str, seconds: Sequence[float | None], last: Timing, rate: str) -> Row:
    known, newest = [one for one in seconds if one is not None], seconds[-1]
    share = "" if newest is None or not last.seconds else f"{newest / last.seconds:.0%}"
    cells = ("" if one is None else f"{one:.2f}" for one in seconds)
    return (step, *cells, f"{statistics.median(known):.2f}", share, rate)


def _headings(timed: Sequence[Timing]) -> list[str]:
    """Each job's act and the hour and minute in its name; also the seconds, where else two would be the same."""
    clocks = [one.job.split("-")[1] for one in timed]
    short = [f"{one.act} {clock[:2]}:{clock[2:4]}" for one, clock in zip(timed, clocks, strict=True)]
    if len(set(short)) == len(short):
        return short
    return [f"{name}:{clock[4:6]}" for name, clock in zip(short, clocks, strict=True)]


def _rate(last: Timing, step: str) -> str:
    tasks, seconds = last.tasks.get(step, 0), last.steps.get(step, 0.0)
    return f"{tasks / seconds:,.0f}" if tasks and seconds else ""
