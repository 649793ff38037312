"""The training strip: what runs now, how far and how well it learns, and what became of the last jobs."""

from __future__ import annotations

import math
import re
import time
from typing import Any

from lsal.dashboard.job_words import WHO, clock, outcome
from lsal.dashboard.look import Look, title, works
from lsal.dashboard.sections import Live
from lsal.dashboard.training_charts import charts
from lsal.dashboard.twins import TrainingStrip
from lsal.dashboard.wording import cut, duration
from lsal.errors import BadRequest
from lsal.jobs import ASIDE, State
from lsal.phrases import moment
from lsal.workbench.advice import fix_of
from lsal.workbench.job_report import JobReport, Step

LAST = 5
SAID, ERROR = 300, 2000
"""Characters of a sentence, and of an error, at most: a server may have written it."""
TRAIN, ROUND = "train", "round"


class Strip:
    """Above the tabs, always there. It reads the disk alone, so that all dashboards show the same."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._answered_at: float | None = None
        self._several = False
        self.view = TrainingStrip()

    def show(self, seen: Look, job: State | None) -> None:
        """Note when Label Studio last answered, as advice ages, and whether there are several controls."""
        self._answered_at = seen.status.as_of if seen.status else None
        self._several = seen.status is not None and len(seen.status.controls) > 1

    async def step(self) -> bool:
        """Read what is new of the jobs, and show it."""
        try:
            reports = await self._live.apart(self._live.bench.job_reports, LAST + 1)
        except BadRequest:  # there is no project yet
            reports = []
        now = _now(reports)
        past = [_past(one, self._answered_at, self._several) for one in reports if not works(one.state)][:LAST]
        view = self.view
        with view.hold_sync():
            view.now = _running(now, self._several) if now else {}
            view.charts = charts(now.trainings[-1], self._several) if now and now.trainings else []
            view.lines = list(now.log) if now else []
            view.past = past
        return True

    def close(self) -> None:
        """Close the widget."""
        self.view.close()


def _now(reports: list[JobReport]) -> JobReport | None:
    """The job that runs: rather one that changes the project than one beside it."""
    running = [one for one in reports if works(one.state)]
    return next((one for one in running if one.state.act not in ASIDE), next(iter(running), None))


def _running(report: JobReport, several: bool) -> dict[str, Any]:
    state, step = report.state, report.step
    whole = state.progress
    share = min(1.0, whole.done / whole.total) if whole.total else 0.0
    place = _place(step)
    return {
        "id": state.id,
        "act": title(state.act),
        "state": "cancelling" if report.cancelling else state.state,
        "by": WHO.get(state.by, state.by),
        "started": moment(time.time() - state.seconds),
        "clock": clock(state.seconds),
        "share": round(share, 3),
        "step": f"{step.name} {step.about}".rstrip() if several else step.name,
        "number": step.number,
        "of": min(step.of, 40),
        "place": place,
        "detail": _detail(whole.message, step, place),
        "pace": _pace(step),
        "left": _left(report),
        "gpu": _gpu(report),
        "trains": state.act in (TRAIN, ROUND),
    }


def _past(report: JobReport, answered_at: float | None, several: bool) -> dict[str, Any]:
    state = report.state
    ended = state.ended_at or state.made_at + state.seconds
    failed = state.state in ("failed", "lost")
    return {
        "id": state.id,
        "act": title(state.act),
        "state": state.state,
        "by": WHO.get(state.by, state.by),
        "when": moment(ended - state.seconds),
        "took": duration(state.seconds),
        "said": cut(outcome(state), SAID),
        "error": state.error[:ERROR] if failed else "",
        "fix": fix_of(state, answered_at)[:ERROR] if failed else "",
        "log": list(report.log),
        "charts": [chart for training in report.trainings for chart in charts(training, several)],
    }


def _place(step: Step) -> str:
    """Where it is in its step: epoch 3 of 10, or 120 of 500."""
    if step.total <= 1 and not step.unit:
        return ""
    if step.unit and step.total:
        number = min(max(1, math.ceil(step.done - 1e-6)), int(step.total))
        return f"{step.unit} {number:,} of {step.total:,.0f}"
    return f"{step.done:,.0f} of {step.total:,.0f}" if step.total else ""


def _detail(message: str, step: Step, place: str) -> str:
    """What the message says beside the step's name and the place."""
    said = message.removeprefix(step.name).removeprefix(":").strip()
    counted = rf"{re.escape(step.unit)} [\d,]+ of [\d,]+" if step.unit else re.escape(place)
    return cut(re.sub(rf"^{counted}[ ,]*", "", said) if place else said, SAID)


def _pace(step: Step) -> str:
    if not step.rate or not step.unit:
        return ""
    for seconds, per in ((1, "s"), (60, "min"), (3600, "h")):
        if step.rate * seconds >= 1 or per == "h":
            return f"{step.rate * seconds:.1f} {step.unit}s/{per}"
    return ""


def _left(report: JobReport) -> str:
    if report.left_s is not None:
        return f"about {duration(max(1.0, report.left_s))} left"
    if report.step.left_s is not None:
        return f"about {duration(max(1.0, report.step.left_s))} left in this step"
    return ""


def _gpu(report: JobReport) -> dict[str, Any] | None:
    """The GPU's name and memory, in GiB."""
    gpu = report.gpu
    if not gpu or not gpu.get("total"):
        return None
    used, own, total = (gpu.get(name, 0) / 2**30 for name in ("used", "own", "total"))
    words = f"{used:.1f} of {total:.1f} GiB used, {own:.1f} by this job"
    return {"name": cut(str(gpu.get("name", "GPU")), 60), "words": words, "share": round(min(1.0, used / total), 3)}
