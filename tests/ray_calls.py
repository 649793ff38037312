"""What workers of Ray are asked to do in tests: they find it by its name."""

import os
import signal
import time
from pathlib import Path


def seen(file: Path, meeting: str, number: int, of: int) -> tuple[str, str, bytes]:
    """Where a worker found a file, its cache, and what is in it; once all `of` them are at it at once."""
    (Path(meeting) / str(number)).touch()
    until = time.monotonic() + 300
    while len(os.listdir(meeting)) < of:
        assert time.monotonic() < until
        time.sleep(0.05)
    return str(file), os.environ["LSAL_CACHE"], file.read_bytes()


def gpus() -> str:
    """Which of its node's GPUs a worker may use."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "")


def loaded() -> list[tuple[str, int]]:
    """The model that a worker has in memory: the folder of its version, and which object it is."""
    from lsal.predicting import scoring

    return [(str(folder), id(model)) for folder, model in scoring._loaded.items()]


def dying_once(mark: str, number: int) -> int:
    """The number; the first worker that does this is killed."""
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return number
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


PATIENT = """
import os, time
from pathlib import Path
from lsal.models.sklearn_text import SklearnText
from lsal.records import Progress

class Patient(SklearnText):
    family = "patient"

    def __init__(self, control, options=None, seed=0):
        super().__init__(control, {}, seed)
        self._go = Path((options or {}).get("go", ""))

    def fit(self, labelled, pool, check, report):
        while not self._go.exists():
            report(Progress(0, 0, "at " + os.environ["LSAL_CACHE"]))
            time.sleep(0.05)
        super().fit(labelled, pool, check, report)

MODELS = {"patient": Patient}
"""
"""A plugged-in family that learns once the file of its option `go` is there, and tells until then where it is."""
