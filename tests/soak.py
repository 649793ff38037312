"""What a long run leaves behind: memory, open files, threads and disk after each round, and whether they level off.

The processes are found by the root in their command lines, so that one more of a kind that nobody expects is
counted too. A day passes between two rounds: whatever housekeeping keeps for a day must not grow for ever.
"""

import json
import os
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from scipy.stats import theilslopes

from lsal.files import read_json, write_json
from lsal.home import Home
from lsal.jobs import Job
from lsal.workbench import Workbench

DAY_S = 86400.0
EVERY_S = 0.5
"""Between two looks at the workers: their peaks the system knows, and a look at all processes takes its time."""
KINDS = {
    "lsal.backend": "backend",
    "lsal.worker": "worker",
    "lsal.worker.fork_server": "worker",
    "lsal.worker.tracking": "tracker",
}
EXPORTS = "Label Studio's exports"
"""It keeps a copy of each, and whoever looks whether annotations are lost exports all of them: not judged."""
RECORDS = ("publications", "mirror.sqlite", "versions", "jobs", "refills")
"""What keeps facts for ever: a few kilobytes a round."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process at one moment. Bytes; `uss` is what would be free without it, `peak` the most it ever had."""

    rss: int
    uss: int
    peak: int
    files: int
    threads: int


@dataclass(frozen=True, slots=True)
class Look:
    """What there was after a round: each process, the bytes and the number of files of each part of the disk."""

    round: int
    seconds: float
    steps: Mapping[str, float]
    processes: Mapping[str, Process]
    running: Mapping[str, int]
    disk: Mapping[str, int]
    files: Mapping[str, int]


class Watcher:
    """Looks at the processes of a root; those that come and go are watched all the time, for their peaks."""

    def __init__(self, bench: Workbench) -> None:
        self.bench, self.looks = bench, list[Look]()
        self._passing: dict[str, list[Process]] = defaultdict(list)
        self._end = threading.Event()

    @contextmanager
    def watching(self) -> Iterator["Watcher"]:
        """Watch the workers until the block ends."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._end.set()
            thread.join()

    def look(self, job: Job) -> None:
        """Keep what there is after a round."""
        state, home = job.state(), self.bench.home
        found = dict(_processes(self.bench.root))
        running = Counter(kind for kind, _ in found.values())
        steady = {kind: one for kind, process in found.values() if kind != "worker" and (one := _measured(process))}
        passed, self._passing = self._passing, defaultdict(list)
        for kind, seen in passed.items():
            steady[kind] = Process(*(max(getattr(one, name) for one in seen) for name in Process.__slots__))
        parts = sizes(home)
        disk, files = ({name: part[k] for name, part in parts.items()} for k in (0, 1))
        steps = {name: took for name, took in state.result.get("seconds", {}).items()}
        self.looks.append(Look(len(self.looks) + 1, state.seconds, steps, steady, dict(running), disk, files))
        age(home, DAY_S)

    def _watch(self) -> None:
        while not self._end.wait(EVERY_S):
            for kind, process in list(_processes(self.bench.root).values()):
                if kind in ("worker", "tracker") and (one := _measured(process)):
                    self._passing[kind].append(one)


def age(home: Home, seconds: float) -> None:
    """What was published and trained so far is that much older."""
    for folder in ("rankings", "publications", "refills"):
        for path in home.path(folder).glob("*.json"):
            with suppress(FileNotFoundError):
                found = path.stat()
                os.utime(path, (found.st_atime, found.st_mtime - seconds))
    for path in home.path("versions").glob("*/version.json"):
        kept = read_json(path)
        write_json(path, kept | {"made_at": kept["made_at"] - seconds})


def sizes(home: Home) -> dict[str, tuple[int, int]]:
    """Bytes and number of files: of each part of the home, of the logs, and of what Label Studio has."""
    found = dict[str, tuple[int, int]]()
    for path in home.folder.iterdir():
        name = path.name.removesuffix("-wal").removesuffix("-shm") if path.is_file() else path.name
        _add(found, name if path.is_dir() or name == "mirror.sqlite" else "single files", path)
    for path in home.root.iterdir():
        if path.name not in ("projects", "label-studio"):
            _add(found, "backend.log" if path.name == "backend.log" else "the rest of the root", path)
    for path in (*(home.root / "label-studio").glob("*"), *(home.root / "label-studio" / "data").glob("*")):
        if path.name != "data":
            named = {"log.txt": "Label Studio's log", "export": EXPORTS}
            _add(found, named.get(path.name, "Label Studio"), path)
    return found


def _add(found: dict[str, tuple[int, int]], name: str, path: Path) -> None:
    inside = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    total, count = found.get(name, (0, 0))
    for one in inside:
        with suppress(FileNotFoundError):
            total, count = total + one.stat().st_size, count + 1
    found[name] = total, count


def _processes(root: Path) -> dict[int, tuple[str, psutil.Process]]:
    """Every process that works for the root, and this one, which is the notebook's kernel here."""
    found = {os.getpid(): ("kernel", psutil.Process())}
    server = read_json(root / "label-studio" / "server.json", {}).get("mark", {}).get("pid")
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if process.pid == server:
            found[process.pid] = ("Label Studio", process)
        elif any(word.startswith(str(root)) for word in words) and "-m" in words:
            module = words[words.index("-m") + 1]
            found[process.pid] = (KINDS.get(module, module), process)
    return found


def _measured(process: psutil.Process) -> Process | None:
    """None if it has just ended."""
    with suppress(psutil.Error, OSError, StopIteration):
        memory = process.memory_full_info()
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        peak = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
        return Process(memory.rss, memory.uss, peak, process.num_fds(), process.num_threads())
    return None


# --- whether it levels off ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trend:
    """One figure over the last half of the rounds: its median there, and its growth in one round by the robust slope
    of Theil (1950) and Sen (1968), the median of the slopes between all pairs; `low` and `high` are its 95 % interval.
    """

    name: str
    median: float
    slope: float
    low: float
    high: float
    limit: float
    """The most that it may grow in a round."""

    @property
    def flat(self) -> bool:
        """Whether it grows by less than the limit."""
        return bool(self.slope <= self.limit)


def trends(looks: Sequence[Look]) -> list[Trend]:
    """All that has to level off, with what is allowed: see `LIMITS` and `RECORD`."""
    half, found = looks[len(looks) // 2 :], list[Trend]()
    for kind in sorted(set.intersection(*(set(one.processes) for one in half))):
        for name in ("uss", "files", "threads"):
            found.append(_trend(f"{kind}: {name}", [getattr(one.processes[kind], name) for one in half], LIMITS[name]))
    for part in sorted({part for one in half for part in one.disk} - {EXPORTS}):
        found.append(_trend(f"disk: {part}", [one.disk.get(part, 0) for one in half], _allowed(part)))
    return [*found, _trend("seconds of a round", [one.seconds for one in half], LIMITS["seconds"])]


LIMITS = {"uss": 0.005, "files": 0.005, "threads": 0.005, "seconds": 0.02}
"""Growth in a round, as a share of the median: half a per cent, which 40 rounds of a noisy machine can tell from
nothing; of the time two, as a round with more labels has more to learn."""
RECORD = 200_000
"""Bytes that a round may add for good to a part that keeps a record of every round, or to the server's database."""
SMALL = 20_000
"""And to any other."""


def _allowed(part: str) -> float:
    return RECORD if part in (*RECORDS, "Label Studio") else SMALL


def _trend(name: str, values: Sequence[float], limit: float) -> Trend:
    slope, _, low, high = theilslopes(values, range(len(values)), 0.95)
    middle = float(sorted(values)[len(values) // 2])
    return Trend(name, middle, slope, low, high, limit * middle if limit < 1 else limit)


def table(looks: Sequence[Look]) -> str:
    """A row for each round: megabytes of each process (its own), its open files and threads, the home's megabytes."""
    kinds = sorted({kind for one in looks for kind in one.processes})
    lines = [
        "round  seconds  " + "  ".join(f"{kind + ' MB fds thr':>24}" for kind in kinds) + "  jobs  versions   home"
    ]
    for one in looks:
        cells = [_cell(one.processes.get(kind)) for kind in kinds]
        home = sum(size for part, size in one.disk.items() if "Label Studio" not in part) / 1e6
        jobs, versions = (one.disk.get(part, 0) / 1e6 for part in ("jobs", "versions"))
        lines.append(
            f"{one.round:5}  {one.seconds:7.1f}  {'  '.join(cells)}  {jobs:4.1f}  {versions:8.1f}  {home:5.1f}"
        )
    return "\n".join(lines)


def judged(found: Sequence[Trend]) -> str:
    """A row for each trend."""
    lines = [f"{'over the last half':34}  {'median':>12}  {'a round':>10}  {'95 % interval':>25}  {'allowed':>9}"]
    for one in found:
        lines.append(
            f"{one.name:34}  {one.median:12,.1f}  {one.slope:+10,.2f}  {f'{one.low:,.2f} to {one.high:,.2f}':>25}"
            f"  {one.limit:9,.1f}  {'flat' if one.flat else 'GROWS'}"
        )
    return "\n".join(lines)


def _cell(one: Process | None) -> str:
    return f"{f'{one.uss / 1e6:.0f} {one.files} {one.threads}':>24}" if one else " " * 24


def plain(looks: Sequence[Look], found: Sequence[Trend]) -> dict[str, Any]:
    """Everything as JSON."""
    facts = {"looks": [asdict(one) for one in looks], "trends": [asdict(one) | {"flat": one.flat} for one in found]}
    return dict(json.loads(json.dumps(facts)))
