"""What a forecast says, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from lsal.outlook.coverage import told
from lsal.outlook.forecast import Forecast
from lsal.outlook.targets import Needed
from lsal.phrases import counted

OWN_FEWEST = 3
"""Fewer forecasts of its own are no record of a project."""


def sentences(found: Forecast, seconds: float | None = None, open_tasks: int | None = None) -> Iterator[str]:
    """The labels that the target needs, what a label costs, and how far such figures could be trusted so far."""
    if found.why_not:
        yield f"No forecast: {found.why_not}."
        return
    if found.needed:
        yield needs(found.needed, seconds) + "."
        least = found.needed.interval[0]
        if open_tasks is not None and least is not None and least > open_tasks:
            yield f"Only {counted(open_tasks, 'task')} of the project can still be labelled."
    yield told() + "."
    if found.tried >= OWN_FEWEST:
        yield (
            f"Of {found.tried} intervals that this project's earlier versions would have given for the next one, "
            f"{found.held} held."
        )


def needs(found: Needed, seconds: float | None = None) -> str:
    """`0.90 needs 420 to 700 more labels, about 5 hours at your pace`, or why that cannot be told."""
    low, high = found.interval
    if high == 0:
        return f"{found.target:.2f} is reached"
    if found.why_not:
        least = f"{found.target:.2f} needs at least {low:,} more labels; how many, " if low else ""
        return f"{least or f'When {found.target:.2f} is reached, '}lsal cannot tell: {found.why_not}"
    span = f"{low:,}" if low == high else f"{low:,} to {high:,}" if low else f"at most {high:,}"
    pace = f", about {_time((found.more or 0) * seconds)} at your pace" if seconds else ""
    return f"{found.target:.2f} needs {span} more labels{pace}"


def _time(seconds: float) -> str:
    if seconds < 5400:
        return counted(max(1, round(seconds / 60)), "minute")
    return counted(round(seconds / 3600), "hour")
