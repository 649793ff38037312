"""One training by ultralytics: gone on with when memory runs out, and nothing of it left on the GPU."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from traceback import clear_frames
from typing import Any

from lsal.errors import BadRequest
from lsal.models import devices
from lsal.models.yolo import library
from lsal.models.yolo.folder import Written
from lsal.models.yolo.hearing import Hearing
from lsal.models.yolo.means import Means, first_means, less_of
from lsal.models.yolo.nets import Net, carry_over
from lsal.models.yolo.trainers import settings_of, trainer_of
from lsal.models.yolo.wishes import Wishes
from lsal.protocols import Report

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is taught: the set, the classes, what the user wishes, and in which folder it happens.

    It begins with the weights of `start`; `meaning` says what its names are called among `names`.
    """

    written: Written
    names: tuple[str, ...]
    wishes: Wishes
    seed: int
    run: Path
    report: Report
    start: Net | None = None
    meaning: Mapping[str, str] = field(default_factory=dict)


def teach(lesson: Lesson, architecture: Mapping[str, Any]) -> Net:
    """Train, and give back the best network, on the CPU and ready to be asked.

    When memory runs out, training goes on from its last epoch with batches half as large. Raises
    Cancelled within a batch, BadRequest for settings that ultralytics does not take or a size for which
    there is no memory.
    """
    library.load()
    device = library.device(lesson.wishes.train.get("device"))
    found: Net | Means = first_means(lesson.wishes, lesson.written.train, device)
    while isinstance(found, Means):
        try:
            found = _try(lesson, architecture, device, found)
        finally:
            devices.release()
    return found


def _try(lesson: Lesson, architecture: Mapping[str, Any], device: str, means: Means) -> Net | Means:
    """The trained network, or with what to go on."""
    wishes, written = lesson.wishes, lesson.written
    settings = settings_of(written, wishes, lesson.seed, lesson.run, device, means)
    hearing = Hearing(wishes.epochs, device, lesson.report, written.check)
    trainer = trainer_of(written, settings, hearing)
    try:
        if "resume" not in settings:
            trainer.model = _first_net(lesson, trainer, architecture)
        trainer.train()
        return _best(lesson, trainer)
    except BaseException as error:
        clear_frames(error.__traceback__)  # they hold tensors, and would as long as the error is looked at
        if not isinstance(error, RuntimeError):
            raise
        less = less_of(means, max(1, int(trainer.batch_size)), wishes, device, error)
        if less is None:
            raise
        return less
    finally:
        vars(trainer).clear()


def _best(lesson: Lesson, trainer: Any) -> Net:
    from ultralytics.nn.tasks import load_checkpoint

    module, _ = load_checkpoint(trainer.best if trainer.best.exists() else trainer.last)
    module.names = dict(enumerate(lesson.names))
    return Net(module, lesson.written.task, lesson.names)


def _first_net(lesson: Lesson, trainer: Any, architecture: Mapping[str, Any]) -> Any:
    """The network to begin with; the trainer has set the seed."""
    try:
        module = trainer.get_model(cfg=dict(architecture), weights=None, verbose=False)
    except Exception as error:  # an architecture of the user's own goes wrong in every way
        fix = "Correct it, or take one of ultralytics, such as yolo11n.yaml"
        what = f"No network can be built from '{lesson.wishes.model}' ({devices.first_line(error)})"
        raise BadRequest(what, fix) from error
    module.names = dict(enumerate(lesson.names))
    if lesson.start is not None:
        known = carry_over(lesson.start, Net(module, lesson.written.task, lesson.names), lesson.meaning)
        log.info("begins with earlier weights; %d of %d classes are known to them", known, len(lesson.names))
    return module
