"""Which faults: drawn from a seed, each from its own number, so that one of them can be had again alone."""

from __future__ import annotations

import random
from dataclasses import dataclass

KILL, STOP, TERM, FULL, READ_ONLY = "SIGKILL", "SIGSTOP", "SIGTERM", "full disk", "read-only"
KERNEL, BACKEND, WORKER, FORK_SERVER, LABEL_STUDIO = "kernel", "backend", "worker", "fork server", "Label Studio"
HOME, ROOT = "disk of the project", "disk of Label Studio"
PROCESSES, DISKS = (KERNEL, BACKEND, WORKER, FORK_SERVER, LABEL_STUDIO), (HOME, ROOT)
LEFT = (0, 1, 4, 16, 64)
"""KiB that a full disk has left: which write fails first depends on it."""
FILES = (
    ".",
    "versions",
    "jobs",
    "rankings",
    "publications",
    "standby",
    "current.json",
    "publication.json",
    "mirror.sqlite",
    "scored",
    "learned.json",
    "backend.json",
    "label_studio.sqlite3",
)
"""What becomes read-only: a file that nobody can write, or a folder that takes and gives no names."""

KINDS = (
    *((kind, target) for kind in (KILL, STOP, TERM) for target in PROCESSES),
    *((FULL, disk) for disk in DISKS),
    *((READ_ONLY, disk) for disk in DISKS),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. It strikes `delay_s` after the process `clock` came to so many hundredths of its points in a round."""

    seed: int
    number: int
    kind: str
    target: str
    clock: str
    at: float
    delay_s: float
    lasts_s: float
    leave: int
    file: str
    people: int

    @property
    def name(self) -> str:
        """What a person calls it."""
        return (
            f"{self.kind} of the {self.target}" if self.kind not in (FULL, READ_ONLY) else f"{self.kind}: {self.target}"
        )


def drawn(seed: int, number: int) -> Fault:
    """The fault of this number: of each round of kinds one of every kind, in a drawn order, at a drawn moment."""
    turn, place = divmod(number, len(KINDS))
    kind, target = random.Random(f"{seed} kinds {turn}").sample(KINDS, len(KINDS))[place]
    draw = random.Random(f"{seed} fault {number}")
    clock = target if target in (KERNEL, WORKER) else draw.choice((BACKEND, WORKER)) if target == BACKEND else WORKER
    files = FILES[:-2] if target == HOME else FILES[-2:]
    return Fault(
        seed,
        number,
        kind,
        target,
        clock,
        at=draw.random(),
        delay_s=draw.choice((0.0, 0.0, draw.random() * 0.3)),
        lasts_s=draw.uniform(0.5, 4.0),
        leave=1024 * draw.choice(LEFT),
        file=draw.choice(files) if kind == READ_ONLY else "",
        people=draw.randint(1, 4),
    )
