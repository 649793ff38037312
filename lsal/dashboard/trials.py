"""What trying it out came to, as sheets: replays of strategies, and the demo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsal.dashboard.tables import Sheet
from lsal.dashboard.wording import bare, upper
from lsal.rehearsal import BASELINE, Rehearsal
from lsal.workbench.demo import Demo


def rehearsal_sheet(shown: Rehearsal) -> Sheet:
    """A line for each strategy, and the verdict."""
    measure = str(shown.summary[0]["measure"]) if shown.summary else ""
    columns = ("strategy", "seeds", "labels", measure, "area under curve", "labels to random", "labels saved")
    more = ("recall of rare classes", "seconds a query")
    rows = [
        (
            one["strategy"],
            str(one["seeds"]),
            str(one["labels"]),
            bare(measure, one["metric"], one["interval"]),
            f"{one['area']:.4f}",
            str(one["labels_to_baseline"] or "-"),
            _saved(one),
            "-" if one.get("rare_recall") is None else f"{one['rare_recall']:.3f}",
            f"{one['query_seconds']:.3f}",
        )
        for one in shown.summary
    ]
    measured = tuple(dict.fromkeys(f"Measured as {one['measured_on']}." for one in shown.summary))
    return Sheet("Rehearsal", columns=columns + more, rows=tuple(rows), notes=(shown.verdict, *measured))


def _saved(one: Mapping[str, Any]) -> str:
    """Labels saved until the target with the half width of the interval, or a dash."""
    if one["strategy"] == BASELINE or one.get("saved") is None:
        return "-"
    half = one["saved_half_width"]
    return f"{one['saved']:+.0f}" + ("" if half is None else f" ± {half:.0f}")


def demo_sheet(shown: Demo) -> Sheet:
    """A line for each round, beside what random order gave."""
    steps = tuple(dict.fromkeys(step for one in shown.rounds for step in one["steps"]))
    rows = [
        (
            *(str(one["version"]), str(one["labels"]), bare(shown.metric, one["value"], one["interval"])),
            *(bare(shown.metric, one["test_value"]), "" if one["promoted"] else "held"),
            *(f"{one['steps'].get(step, 0.0):.2f}" for step in steps),
        )
        for one in shown.rounds
    ]
    columns = ("version", "labels", shown.metric, "held-out", "gate", *(f"{step} s" for step in steps))
    random, queue = shown.random, shown.queue
    facts = (
        (
            f"held-out {shown.metric}",
            f"{bare(shown.metric, shown.test_value)} on {shown.test_tasks} items that are in no task",
        ),
        (
            "random order",
            f"{bare(shown.metric, random['test_value'])}, {_replays(len(random['seeds']))} with as many labels",
        ),
        ("queue", f"{queue['in_order']} of {queue['served']} served tasks were the best still open"),
        *shown.addresses.items(),
    )
    measured = f"{upper(shown.metric)} is measured on {shown.rounds[-1]['measured_on']}; in brackets its 95 % interval."
    return Sheet("What the rounds came to", facts, columns, tuple(rows), (measured,))


def _replays(count: int) -> str:
    return f"mean of {count} replays" if count > 1 else "one replay"
