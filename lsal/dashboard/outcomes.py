"""Where a job stands and what came of it, as a sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsal.dashboard.job_words import switched
from lsal.dashboard.tables import Sheet
from lsal.dashboard.wording import duration, kept_figure, said
from lsal.jobs import State
from lsal.phrases import counted


def state_sheet(shown: State) -> Sheet:
    """The step and the time left while it runs; its results once it has ended."""
    facts = [("job", shown.id), ("state", shown.state), ("seconds", f"{shown.seconds:.1f}")]
    if shown.state in ("running", "waiting"):
        facts.append(("step", shown.progress.message or "starting"))
        facts += [("figures", said(figures))] if (figures := shown.progress.metrics) else []
        facts += [("left", f"about {duration(shown.eta_s)}")] if shown.eta_s is not None else []
    facts += [("error", shown.error), ("next", shown.fix)] if shown.error else []
    return Sheet(shown.act, (*facts, *_results(shown.result)))


def _results(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a job came to, without the parts that have a command of their own."""
    facts = []
    for control, one in result.get("versions", {}).items():
        gate = f"{'live' if one['promoted'] else 'held'} ({one['reason']})"
        measured = kept_figure(one["metrics"])
        measured += f" on {counted(one['metrics'].get('tasks', 0), 'measuring task')}"
        labels = counted(one["labels"], "label")
        facts.append((f"version of {control}", f"{one['version']}, {gate}, {measured}, {labels}"))
        if one.get("left_out"):
            told = counted(one["left_out"], f"labelled task of {control} says", f"labelled tasks of {control} say")
            first = f"; the first: {one['first_left_out']}" if one.get("first_left_out") else ""
            facts.append(("left out", f"{told} nothing that can be learned{first}"))
        if one.get("notes"):
            facts.append((f"learned for {control}", one["notes"]))
        if one.get("same_weights_as"):
            facts.append(("weights", f"the same as those of version {one['same_weights_as']}"))
    facts += switched(result)
    facts += [(f"{name} not trained", why) for name, why in result.get("not_trained", {}).items()]
    facts += [(f"suspects of {name}", told) for name, told in result.get("suspects", {}).items()]
    facts += [("sent back", counted(result["sent_back"], "task"))] if result.get("sent_back") else []
    for name in ("published", "measuring", "strategy", "why", "exact", "faults", "verdict", "shown by"):
        if result.get(name) not in (None, "", []):
            facts.append((name, str(result[name])))
    if seconds := result.get("seconds"):
        facts.append(("seconds by step", ", ".join(f"{step} {spent:.2f}" for step, spent in seconds.items())))
    return facts
