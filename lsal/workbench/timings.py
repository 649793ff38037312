"""Where the time of the last jobs went, step by step, as a plain record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lsal import jobs
from lsal.desk import Desk

SHOWN = 5
ACTS = ("round", "train", "rank")


@dataclass(frozen=True, slots=True)
class Timing:
    """One job that was done: `seconds` in all, and of each of its `steps`; `tasks` that a step went through, if any.

    What is in no step is the start of its process and the tidying up.
    """

    job: str
    act: str
    ended_at: float
    seconds: float
    steps: Mapping[str, float] = field(default_factory=dict)
    tasks: Mapping[str, int] = field(default_factory=dict)


def timings(desk: Desk, count: int = SHOWN) -> list[Timing]:
    """The last rounds, trainings and rankings that were done, the newest first."""
    found = list[Timing]()
    for job in jobs.jobs(desk.home):
        state = job.state()
        if state.state == "done" and state.act in ACTS and state.result.get("seconds"):
            steps, tasks = state.result["seconds"], state.result.get("counts", {})
            found.append(Timing(job.id, state.act, state.ended_at or 0.0, state.seconds, steps, tasks))
        if len(found) == count:
            break
    return found
