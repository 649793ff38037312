"""Work in a process of its own, known by its folder: started, followed, cancelled, found again.

jobs/ID/
├── job.json        the act, its parameters, and who started it
├── snapshot/       what a training needs: enough to run it again anywhere
├── process.json    who runs it; of one that is run again, only since when until its process says who it is
├── progress.json   how far it is; progress.jsonl how far it was when, thinned out
├── cancel          asks it to stop
├── end.json        how it ended; a job without one whose process is gone is lost
└── log.txt         what it printed
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lsal import fork_server, processes
from lsal.errors import BadData, BadRequest, Cancelled, JobFailed
from lsal.files import as_written, read_json, to_json, write_json, write_whole
from lsal.home import Home, open_home
from lsal.records import Progress
from lsal.settings import child_environment, worker_threads

WAIT_S = 20.0
"""Seconds from a job's making, or its start, to its process; without one by then it is lost. On a busy machine one
of a low priority is long in coming, and whoever started it may be gone by then."""
ROW_S, ROWS = 0.2, 400
"""Between two rows of `progress.jsonl` lie so many seconds at least, and such a part of the time that their step has
taken: a step of an hour keeps some 2,000 rows, one of a day 3,500."""
ENDED = ("done", "failed", "cancelled", "lost")
ASIDE = ("rehearse", "map")
"""Acts that change nothing in the project: rounds need not wait for them."""
PERSON, AUTO, LABEL_STUDIO = "person", "auto", "label studio"
"""Who starts jobs."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a job stands. `state` is waiting, running, done, failed, cancelled or lost.

    `contact` says that it failed because Label Studio did not answer, or refused the key.
    """

    id: str
    act: str
    state: str
    progress: Progress
    made_at: float
    seconds: float
    eta_s: float | None = None
    error: str = ""
    fix: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    by: str = PERSON
    ended_at: float | None = None
    contact: bool = False

    def __post_init__(self) -> None:
        """Raises TypeError for what no job says of itself: its files are damaged."""
        texts, numbers = (self.act, self.state, self.error, self.fix, self.by), (self.made_at, self.seconds)
        if not all(isinstance(one, str) for one in texts) or not all(isinstance(one, int | float) for one in numbers):
            raise TypeError("a field of another type")
        if not isinstance(self.result, Mapping) or not isinstance(self.ended_at, int | float | None):
            raise TypeError("a field of another type")


class Job:
    """One piece of work, by its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name
        self._rows = _Rows()

    def __repr__(self) -> str:
        return f"Job({self.id!r}, {self.state().state})"

    @property
    def facts(self) -> dict[str, Any]:
        """The act, its parameters, and when it was made."""
        return dict(read_json(self.folder / "job.json", {}))

    @property
    def process(self) -> dict[str, Any]:
        """Who runs it, or ran it: its `pid` and when it `started`; without a `pid` as long as it only begins."""
        return dict(read_json(self.folder / "process.json", {}))

    def state(self) -> State:
        """Where the job stands now, read from its folder alone; one whose files are damaged is lost, and says so."""
        try:
            with as_written(self.folder):
                return self._state()
        except BadData as error:
            return State(self.id, "?", "lost", Progress(0, 0), 0.0, 0.0, error=error.what, fix=error.fix)

    def _state(self) -> State:
        facts, end = self.facts, read_json(self.folder / "end.json", {})
        process = self.process
        reported = read_json(self.folder / "progress.json", {})
        progress = _progress(reported)
        common = {"id": self.id, "act": facts.get("act", "?"), "progress": progress}
        common |= {"made_at": facts.get("made_at", 0), "by": facts.get("by", PERSON)}
        if end:
            return State(**common, **end)
        coming = "pid" not in process
        running = not coming and processes.alive(process)
        if not running and (ended := read_json(self.folder / "end.json", {})):  # it ended between the two looks
            return State(**common, **ended)
        # A job that runs again was made long before this run began.
        begun = process.get("started") or common["made_at"]
        age = time.time() - begun
        if running or (coming and age < WAIT_S):
            left = progress.total - progress.done
            eta = age * left / progress.done if running and progress.done > 0 and progress.total > 0 else None
            return State(**common, state="running" if running else "waiting", seconds=age, eta_s=eta)
        return State(
            **common,
            state="lost",
            seconds=max(reported.get("at", begun) - begun, 0.0),  # up to when it was last heard of
            error="Its process ended without a word: it was killed, or the machine stopped",
            fix=f"Run it again: {self.again()}",
        )

    def again(self) -> str:
        """The command that does what the job was to do; a training has its snapshot."""
        facts = self.facts
        act, number = facts.get("act", "train"), facts.get("parameters", {}).get("number", "")
        return f"lsal train --again {self.id}" if act == "train" else f"lsal {act} {number}".rstrip()

    def begin(self) -> None:
        """Say which process runs the job; called by its worker, first of all.

        Whoever started it says the same, but may be gone before it comes to that.
        """
        write_json(self.folder / "process.json", processes.mark())

    def report(self, progress: Progress, **more: Any) -> None:
        """Write progress down, and what `more` there is to say; raises Cancelled when somebody asked for it."""
        now = time.time()  # before the look: what is told has a stamp from before anybody asked
        if (self.folder / "cancel").exists():
            raise Cancelled()
        row = to_json({**asdict(progress), "at": now, **more})
        # No flush to the disk here: a lost line of progress hurts nobody, a slow one does.
        beside = self.folder / ".progress.json"
        beside.write_bytes(row)
        beside.replace(self.folder / "progress.json")
        if rows := self._rows.due(progress, row):
            with (self.folder / "progress.jsonl").open("ab") as file:
                file.write(rows)

    def cancel(self) -> None:
        """Ask the job to stop; it does so at its next step."""
        if self.state().state not in ENDED:
            write_whole(self.folder / "cancel", b"")

    def follow(self, every_s: float = 0.2) -> Iterator[State]:
        """Its states until it ends, the last one included."""
        while True:
            state = self.state()
            yield state
            if state.state in ENDED:
                return
            time.sleep(every_s)

    def wait(self, timeout_s: float | None = None) -> dict[str, Any]:
        """Wait for its result; raises JobFailed or Cancelled as the job ended."""
        begun = time.monotonic()
        for state in self.follow(every_s=0.1):
            if state.state in ENDED:
                break
            if timeout_s is not None and time.monotonic() - begun > timeout_s:
                raise JobFailed(f"Job {self.id} still runs after {timeout_s:.0f} s", "Follow it: lsal status")
        if state.state == "cancelled":
            raise Cancelled(f"Job {self.id} was cancelled")
        if state.state != "done":
            raise JobFailed(f"Job {self.id} ({state.act}) {state.state}: {state.error}", state.fix)
        return dict(state.result)

    def end(self, state: str, begun: float, **more: Any) -> None:
        """Say how the job ended; called by its worker, last of all."""
        now = time.time()
        write_json(self.folder / "end.json", {"state": state, "seconds": now - begun, "ended_at": now, **more})


class _Rows:
    """Which progress is kept as a row: of each step the first and the last, one of each epoch, and some between."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun = self._last = clock()
        self._step, self._epoch, self._held = "", -1.0, b""

    def due(self, progress: Progress, row: bytes) -> bytes:
        """The rows that are to be written now: none, this one, or also the one before, which was held back."""
        now, step, epoch = self._clock(), progress.message.partition(":")[0], progress.metrics.get("epoch", -1.0)
        gap, fresh = (now - self._begun) / ROWS, epoch != self._epoch
        same = step == self._step and (epoch >= 0) == (self._epoch >= 0)
        if same and now - self._last < (gap if fresh else max(gap, ROW_S)):
            self._held = row + b"\n"
            return b""
        rows, self._held = (b"" if same else self._held) + row + b"\n", b""
        if step != self._step:
            self._begun = now
        self._last, self._step, self._epoch = now, step, epoch
        return rows


def create(home: Home, act: str, by: str = PERSON, **parameters: Any) -> Job:
    """A new job's folder, not yet started; `by` says who wants it."""
    now = time.time()
    # To the microsecond, so that the names of jobs made in one breath are in order too.
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now)) + f"-{int(now % 1 * 1e6):06d}"
    job = Job(home.path("jobs", f"{stamp}-{act}-{secrets.token_hex(2)}"))
    write_json(job.folder / "job.json", {"act": act, "made_at": now, "by": by, "parameters": parameters})
    return job


def start(job: Job, module: str) -> Job:
    """Run the job in a process of `module`, with few threads and a low priority: see `limits`."""
    before = job.state().state
    if before == "running":
        raise BadRequest(f"Job {job.id} is already running", "Follow it: lsal status")
    if before != "waiting":  # nobody is to take it for lost while its new process comes
        write_json(job.folder / "process.json", {"started": time.time()})
    for name in ("end.json", "cancel", "progress.json"):
        (job.folder / name).unlink(missing_ok=True)
    home, log = open_home(job.folder.parents[1]), job.folder / "log.txt"
    threads, nice = limits(home)
    few = {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
    command = [sys.executable, "-m", module, str(job.folder)]
    environment = child_environment(LSAL_THREADS=str(threads), **few)
    marked = fork_server.run(home.root, module, job.folder, log, environment, nice)
    marked = marked or processes.spawn(command, log, environment, nice)
    if "pid" in marked:
        write_json(job.folder / "process.json", marked)
    return job


def limits(home: Home) -> tuple[int, int]:
    """Threads and niceness of a project's jobs: by default half the cores, and after everything else.

    So people who are served beside a training hardly notice it: `benchmarks/predict_in_fit.py`.
    """
    settings = home.settings()
    return worker_threads(settings.worker_threads), settings.worker_nice


def jobs(home: Home) -> list[Job]:
    """All jobs of a project, newest first."""
    found = [path for path in home.path("jobs").glob("*") if (path / "job.json").exists()]
    return [Job(path) for path in sorted(found, reverse=True)]


def running(home: Home, aside: bool = False) -> Job | None:
    """The job that runs now, if there is one: of those that change the project, or `aside` of the others."""
    found = (job for job in jobs(home)[:20] if job.state().state in ("running", "waiting"))
    return next((job for job in found if (job.facts.get("act") in ASIDE) == aside), None)


def find(home: Home, name: str) -> Job:
    """The job whose id is, or begins with, `name`."""
    for job in jobs(home):
        if job.id.startswith(name):
            return job
    raise BadRequest(f"No job is called '{name}'", "List them: lsal status")


def _progress(kept: Mapping[str, Any]) -> Progress:
    return Progress(
        kept.get("done", 0),
        kept.get("total", 0),
        kept.get("message", ""),
        kept.get("metrics", {}),
        kept.get("unit", ""),
    )
