"""Carrying out a plan: replays side by side in processes of one thread each, or one after the other here."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextlib import contextmanager
from typing import Any

from lsal.engine import processes
from lsal.errors import Cancelled
from lsal.protocols import Report
from lsal.records import Progress
from lsal.rehearsal.curve import Curve
from lsal.rehearsal.plan import Plan
from lsal.rehearsal.replaying import report_of
from lsal.settings import cores

EVERY_S = 0.3


def run(plan: Plan, workers: int = 1, report: Report | None = None) -> dict[str, list[Curve]]:
    """The curves by strategy, in the order of the seeds; the same ones with any number of `workers`.

    With 0 there are as many as this process may use processors; for networks one, as each wants memory. `report`
    hears how many replays are done, with fractions.
    """
    replays = plan.replays
    workers = min(workers or (1 if plan.network else cores()), len(replays))
    made = _beside(plan, workers, report) if workers > 1 else _here(plan, report)
    curves: dict[str, list[Curve]] = {name: [] for name in plan.strategies}
    for (name, _), curve in zip(replays, made, strict=True):
        curves[name].append(curve)
    return curves


def _here(plan: Plan, report: Report | None) -> list[Curve]:
    """One after the other; of a network with all its threads, as nobody else is working."""
    made, replays, clock = [], plan.replays, _Clock(report)
    for done, (name, seed) in enumerate(replays):
        told = report_of(clock.tell if report else None, done, len(replays), f"{name}, seed {seed}")
        with _one_thread(not plan.network):
            made.append(plan.replay(name, seed, told))
    return made


def _beside(plan: Plan, workers: int, report: Report | None) -> list[Curve]:
    """Side by side. Whoever is told to stop, or fails, stops the others at their next step."""
    count, clock = len(plan.replays), _Clock(report)
    spawned = multiprocessing.get_context("spawn")
    shares, stop = spawned.RawArray("d", count), spawned.RawValue("b", 0)
    with processes(workers, _begin, plan, shares, stop) as executor:
        futures: list[Future[Curve]] = [executor.submit(_one, place) for place in range(count)]
        try:
            left = set(futures)
            while left:
                done, left = wait(left, EVERY_S, FIRST_EXCEPTION)
                for one in done:
                    one.result()
                over = sum(future.done() for future in futures)
                clock.tell(Progress(min(sum(shares), count), count, f"{over} of {count} replays"))
        except BaseException:
            stop.value = 1
            for future in futures:
                future.cancel()
            raise
    return [future.result() for future in futures]


class _Clock:
    """Passes progress on with the time that is left, by how long the replays so far took."""

    def __init__(self, report: Report | None) -> None:
        self._report, self._begun, self._first = report, time.monotonic(), -1.0

    def tell(self, progress: Progress) -> None:
        if self._report is None:
            return
        if self._first < 0:  # what was kept from an earlier run took no time
            self._first = progress.done
        made, todo = progress.done - self._first, progress.total - progress.done
        spent = time.monotonic() - self._begun
        left = f", about {_minutes(spent * todo / made)} left" if made > 0.01 and todo > 0 else ""
        self._report(Progress(progress.done, progress.total, f"{progress.message}{left}"))


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


@contextmanager
def _one_thread(wanted: bool = True) -> Iterator[None]:
    """Numeric libraries at one thread: sums over several come out otherwise in their last digits."""
    import sklearn.cluster  # noqa: F401 - so that the libraries behind it are there to be limited
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1 if wanted else None):
        yield


_given: Mapping[str, Any] = {}
"""What this process was begun with: the plan, how far each replay is, and whether to stop."""


def _begin(plan: Plan, shares: Any, stop: Any) -> None:
    global _given
    _given = {"plan": plan, "shares": shares, "stop": stop}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and says when to stop


def _one(place: int) -> Curve:
    """The replay at this place of the plan."""
    plan: Plan = _given["plan"]

    def told(progress: Progress) -> None:
        if _given["stop"].value:
            raise Cancelled()
        _given["shares"][place] = min(1.0, progress.done / progress.total) if progress.total else 0.0

    with _one_thread():
        curve = plan.replay(*plan.replays[place], told)
    _given["shares"][place] = 1.0
    return curve
