"""What came of many requests: counts by route and status, failures, and what the backend's process holds."""

from collections import Counter
from dataclasses import dataclass, field

import psutil

from .asking import GONE, Asked, Told

ANSWERS = (200, 400, 403, 404, 405, 413, 415, 417, 431, 501)
"""The statuses of a backend that is whole. The last three are the web server's own, about headers and framing: 501 is
what HTTP asks for where a body comes in an encoding that is not known."""


@dataclass(frozen=True)
class Held:
    """What a process holds: memory in MB, open files and sockets, threads."""

    rss: float
    uss: float
    files: int
    threads: int

    @classmethod
    def by(cls, pid: int) -> "Held":
        process = psutil.Process(pid)
        with process.oneshot():
            memory = process.memory_full_info()
            return cls(memory.rss / 2**20, memory.uss / 2**20, process.num_fds(), process.num_threads())

    def __str__(self) -> str:
        return f"RSS {self.rss:7.1f} MB  USS {self.uss:7.1f} MB  files {self.files:4d}  threads {self.threads:3d}"


@dataclass
class Tally:
    """Counts of answers; `failed` holds the first requests that ended as none may."""

    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    by_source: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    failures: int = 0
    slowest: float = 0.0

    def note(self, source: str, asked: Asked, told: Told) -> None:
        """One answer."""
        self.counts[asked.route, told.status] += 1
        self.by_source[source] += 1
        self.slowest = max(self.slowest, told.seconds)
        if told.status not in ANSWERS and not (told.status == GONE and not asked.is_framed):
            self.fail(f"{told.status} {told.body[:200]!r} for {short(asked)}")

    def fail(self, what: str) -> None:
        """One that may not be."""
        self.failures += 1
        if len(self.failed) < 20:
            self.failed.append(what)

    @property
    def total(self) -> int:
        """How many were answered, or refused by closing."""
        return sum(self.counts.values())

    def __str__(self) -> str:
        statuses = sorted({status for _, status in self.counts})
        lines = ["".join([f"{'route':14}", *(f"{status or 'closed':>9}" for status in statuses)])]
        for route in sorted({route for route, _ in self.counts}):
            lines.append(f"{route:14}" + "".join(f"{self.counts[route, status]:9,d}" for status in statuses))
        sources = ", ".join(f"{count:,} {name}" for name, count in self.by_source.items())
        server = sum(count for (_, status), count in self.counts.items() if status >= 500 and status != 501)
        lines.append(f"{self.total:,} requests ({sources}); 5xx but 501: {server}; failures: {self.failures}")
        return "\n".join([*lines, f"slowest: {self.slowest:.2f} s", *self.failed])


def short(asked: Asked) -> str:
    """A request in a line, to be sent again."""
    told = f"{asked.method} {asked.path[-60:]} ({asked.framing}) {[name for name, _ in asked.headers]}"
    return f"{told} {asked.body[:300]!r}{'...' if len(asked.body) > 300 else ''}"
