"""What a backend did and how fast, as text that Prometheus reads."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from lsal import jobs
from lsal.workbench import Workbench
from lsal.workbench.automatic import automatic

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
LONGER_S = float("inf")

Tally = Mapping[str, Any]
"""The counts of one process, as it tells them to another."""


class Metrics:
    """Requests counted for each project (by slug), endpoint and status; /predict timed."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._requests: dict[str, Counter[tuple[str, int]]] = defaultdict(Counter)
        self._buckets: dict[str, Counter[float]] = defaultdict(Counter)
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def note(self, slug: str, endpoint: str, status: int, seconds: float) -> None:
        """One answered request."""
        with self._lock:
            self._requests[slug][endpoint, status] += 1
            if endpoint == "predict":
                bucket = next((edge for edge in BUCKETS_S if seconds <= edge), LONGER_S)
                self._buckets[slug][bucket] += 1
                self._seconds[slug] += seconds

    def tally(self, slug: str) -> Tally:
        """All counts of one project, as plain JSON."""
        with self._lock:
            requests = [[endpoint, status, count] for (endpoint, status), count in self._requests[slug].items()]
            buckets = [self._buckets[slug][edge] for edge in (*BUCKETS_S, LONGER_S)]
            return {"requests": requests, "buckets": buckets, "seconds": self._seconds[slug]}

    def text(self, bench: Workbench, others: Sequence[Tally] = ()) -> str:
        """The exposition of one project, with the tallies of the other processes that serve it."""
        tallies = [self.tally(bench.home.slug), *others]
        return "\n".join([*_of_requests(tallies), *_of_predict(tallies), *self._of_project(bench)]) + "\n"

    def _of_project(self, bench: Workbench) -> Iterator[str]:
        yield from _head("lsal_live_version", "gauge", "Number of the version that answers.")
        for control, number in sorted(bench.desk.store.current().items()):
            yield f'lsal_live_version{{control="{_escaped(control)}"}} {number}'
        yield from _head("lsal_job_running", "gauge", "1 while a job of the project runs.")
        yield f"lsal_job_running {int(jobs.running(bench.home) is not None)}"
        yield from _head("lsal_auto_rounds_total", "counter", "Automatic rounds that ended, by how they did.")
        for state, count in sorted(automatic(bench.desk, True).ended.items()):
            yield f'lsal_auto_rounds_total{{state="{state}"}} {count}'
        yield from _head("lsal_uptime_seconds", "gauge", "Time since the backend started.")
        yield f"lsal_uptime_seconds {time.monotonic() - self._begun:.1f}"


def _of_requests(tallies: Sequence[Tally]) -> Iterator[str]:
    yield from _head("lsal_requests_total", "counter", "Requests answered.")
    counts = Counter[tuple[str, int]]()
    for endpoint, status, count in (row for tally in tallies for row in tally["requests"]):
        counts[endpoint, status] += count
    for (endpoint, status), count in sorted(counts.items()):
        yield f'lsal_requests_total{{endpoint="{endpoint}",status="{status}"}} {count}'


def _of_predict(tallies: Sequence[Tally]) -> Iterator[str]:
    yield from _head("lsal_predict_seconds", "histogram", "Time to answer /predict.")
    edges, counts = (*map(str, BUCKETS_S), "+Inf"), [tally["buckets"] for tally in tallies]
    for told, edge in zip(accumulate(map(sum, zip(*counts, strict=True))), edges, strict=True):
        yield f'lsal_predict_seconds_bucket{{le="{edge}"}} {told}'
    yield f"lsal_predict_seconds_sum {sum(tally['seconds'] for tally in tallies):.6f}"
    yield f"lsal_predict_seconds_count {sum(map(sum, counts))}"


def _head(name: str, kind: str, says: str) -> tuple[str, str]:
    return f"# HELP {name} {says}", f"# TYPE {name} {kind}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
