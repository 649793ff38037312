"""One fault: strike in the middle of a round, look at what the status says, recover as it says, look what is true."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from faults import disks, ground, remains
from faults.outcome import Trial
from faults.plan import FULL, KILL, READ_ONLY, ROOT, STOP, TERM, WORKER, Fault
from faults.recovery import recover, told
from faults.scene import REACH_S, Scene
from lsal import publishing
from lsal.jobs import ENDED, State
from lsal.label_studio import queue

SIGNALS = {KILL: signal.SIGKILL, STOP: signal.SIGSTOP, TERM: signal.SIGTERM}
LOOK_S = 0.2


def tried(scene: Scene, fault: Fault) -> Trial:
    """Let the fault happen, recover, and look."""
    trial, watch = Trial(fault), _Watch()
    for _ in range(fault.people):
        scene.person.label_one()
    trial.seconds["people"] = watch.lap()
    _strike(scene, trial)
    trial.seconds["fault"] = watch.lap()
    trial.did, trial.wrong["not recovered"] = recover(scene, trial.ended)
    trial.seconds["recovery"] = watch.lap()
    trial.wrong |= ground.check(scene.bench(), scene.ledger, scene.tasks)
    trial.wrong["next task"] = _next(scene)
    trial.wrong |= remains.remains(scene.root)
    trial.seconds["looks"] = watch.lap()
    return trial


class _Watch:
    def __init__(self) -> None:
        self._last = time.monotonic()

    def lap(self) -> float:
        """Seconds since the last time."""
        before, self._last = self._last, time.monotonic()
        return round(self._last - before, 1)


def _strike(scene: Scene, trial: Trial) -> None:
    """A round with the fault in it, and what the status says while it lasts; people go on labelling."""
    fault, known = trial.fault, {job.id for job in scene.bench().jobs()}
    with scene.person.at_work(fault.people, every_s=0.5):
        armed = scene.arm(fault.clock, 1 + int(fault.at * scene.points[fault.clock]))
        scene.kernel.begin(*scene.lines())
        reached = _wait(scene, armed, known)
        trial.struck = f"at {reached['what']}" if reached else "after the round"
        with _struck(scene, fault, armed, int(reached["pid"]) if reached else 0):
            _until_ended(scene, known, REACH_S)
            trial.ended, trial.wrong["untold"] = told(scene, fault, new_state(scene, known))
        scene.disarm()
    if scene.kernel.alive:
        scene.kernel.told()


def _next(scene: Scene) -> list[str]:
    """A person who asks for the next task is given the head of what was published."""
    bench = scene.bench()
    scene.person.label_one()  # one that was left open, by a Label Studio that was killed say, comes first
    live = publishing.live_publication(bench.home)
    wanted = queue.read_order(bench.desk.project, live.name)[:1] if live else []
    given = scene.person.label_one() or scene.person.label_one()  # a server may be too busy for one
    return [] if [given] == wanted else [f"the next task is {given}, published is {wanted}"]


def _wait(scene: Scene, armed: str, known: set[str]) -> dict[str, object] | None:
    """Until a process halts at its point, or the round ended without anybody coming to it."""
    until, looked = time.monotonic() + REACH_S, 0.0
    while time.monotonic() < until:
        if reached := scene.reached(armed):
            return reached
        if not scene.kernel.busy and time.monotonic() - looked > LOOK_S:
            looked, state = time.monotonic(), new_state(scene, known)
            if state is None or state.state in ENDED:
                return scene.reached(armed)
        time.sleep(0.01)
    return None


def new_state(scene: Scene, known: set[str]) -> State | None:
    """The state of the job that this trial's round is."""
    return next((job.state() for job in scene.bench().jobs() if job.id not in known), None)


def _until_ended(scene: Scene, known: set[str], within_s: float) -> None:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        state = new_state(scene, known)
        if state.state in ENDED if state else not scene.kernel.alive:
            return
        time.sleep(LOOK_S)


@contextmanager
def _struck(scene: Scene, fault: Fault, armed: str, halted: int) -> Iterator[None]:
    """The deed; the block is what happens under it. What can be undone is, by whoever mends a disk."""
    victim = scene.process(fault.target)
    if fault.target == WORKER and halted:
        victim = psutil.Process(halted)
    path = _path(scene, fault)
    if fault.delay_s and fault.kind in SIGNALS:  # to fill a disk takes a while itself
        scene.go(armed)
        time.sleep(fault.delay_s)
    if fault.kind == FULL:
        scene.disks[fault.target].fill(fault.leave, scene.writers())
    elif fault.kind == READ_ONLY:
        disks.lock(path)
    elif victim:
        with suppress(psutil.NoSuchProcess):  # it may have ended in the delay
            victim.send_signal(SIGNALS[fault.kind])
    scene.go(armed)
    try:
        if fault.kind == STOP and victim:
            time.sleep(fault.lasts_s)
            with suppress(psutil.NoSuchProcess):  # it may have ended in the delay
                victim.send_signal(signal.SIGCONT)
        yield
    finally:
        if fault.kind == FULL:
            scene.disks[fault.target].empty()
        elif fault.kind == READ_ONLY:
            disks.unlock(path)


def _path(scene: Scene, fault: Fault) -> Path:
    home = scene.bench().home
    if fault.target == ROOT:
        path = scene.root / "label-studio" / "data" / fault.file if "sqlite" in fault.file else scene.root / fault.file
    else:
        path = home.path(fault.file)
    return path if path.exists() else home.folder
