"""What is to be expected, as a sheet."""

from __future__ import annotations

from collections.abc import Iterable

from lsal.dashboard.tables import Sheet
from lsal.dashboard.wording import bare, upper
from lsal.outlook.verdict import points
from lsal.phrases import counted
from lsal.workbench.outlook import Outlook


def outlooks_sheet(shown: Iterable[Outlook]) -> Sheet:
    """A sheet for each control, one below the other."""
    first, *others = [_sheet(one) for one in shown]
    return Sheet(first.title, first.facts, first.columns, first.rows, first.notes, below=tuple(others))


def _sheet(one: Outlook) -> Sheet:
    found = one.forecast
    rows = [
        (
            f"{ahead.more:,}",
            f"{points(ahead.gain)} ({points(ahead.gain_interval[0])} to {points(ahead.gain_interval[1])})",
            bare(one.metric, ahead.value, ahead.interval),
        )
        for ahead in found.expected
    ]
    facts = [("measured now", f"{bare(one.metric, found.value)} on {one.measured_on}")] if one.measured_on else []
    if found.expected:
        facts.append(("really, in 9 of 10 cases", _span(one.metric, found.now)))
    facts += [
        (f"versions {step.first} and {step.second}", f"{_kappa(step.kappa)} on {counted(step.tasks, 'open task')}")
        for step in one.steps[-3:]
    ]
    columns = ("more labels", "gain in points", one.metric) if rows else ()
    notes = (f"{upper(one.says)}.", *one.notes)
    return Sheet(f"Outlook of '{one.control}'", tuple(facts), columns, tuple(rows), notes)


def _span(metric: str, interval: tuple[float, float]) -> str:
    return " to ".join(bare(metric, end) for end in interval)


def _kappa(value: float | None) -> str:
    return "both say one and the same of every task, so no kappa" if value is None else f"kappa {value:.3f}"
