"""What a training is about, one step of it in as many parts as memory needs, and one look at what checks."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from traceback import clear_frames
from typing import Any

from lsal.errors import BadRequest
from lsal.models import devices
from lsal.models.batches import TEXT, halved
from lsal.models.transformers_training.nets import Net
from lsal.models.transformers_training.wishes import Wishes
from lsal.protocols import Report
from lsal.records import Progress

Part = tuple[Sequence[Any], Any]
"""Texts as the family's networks read them, and what each teaches: an array, or a list."""


@dataclass(slots=True, kw_only=True)
class Lesson(ABC):
    """A network, the texts that it learns from and is checked on, each with what it teaches, how, and where.

    `held_out` is how many texts check it that it does not learn from.
    """

    net: Net
    train: Part
    check: Part
    wishes: Wishes
    length: int
    batch: int
    rate: float
    device: str
    seed: int
    report: Report
    held_out: int = 0
    at_once: int = 0
    place: str = ""
    metrics: dict[str, float] = field(default_factory=dict)

    @abstractmethod
    def losses(self, part: Part) -> tuple[Any, int]:
        """The loss of each text, and how many are told rightly."""

    def say(self, what: str, epochs: float) -> None:
        """Tell how far it is; whoever hears may raise Cancelled."""
        self.report(Progress(epochs, self.wishes.epochs, what, dict(self.metrics), "epoch"))


def checked(lesson: Lesson, epoch: int) -> float:
    """The mean loss on the texts that check."""
    import torch

    texts, targets = lesson.check
    total, right = 0.0, 0
    lesson.net.module.eval()
    with torch.no_grad():
        for begin in range(0, len(texts), lesson.at_once):
            part = slice(begin, begin + lesson.at_once)
            losses, good = lesson.losses((texts[part], targets[part]))
            total, right = total + float(losses.sum()), right + good
            lesson.say("checking", epoch)
    lesson.metrics |= {"check_loss": round(total / len(texts), 4), "accuracy": right / len(texts), "epoch": epoch}
    lesson.metrics["held_out"] = lesson.held_out
    lesson.say(lesson.place, epoch)
    return total / len(texts)


def take_step(lesson: Lesson, places: Sequence[int], backward: Any, epochs: float) -> float:
    """The gradients of one step, in as many parts as memory needs; the mean loss."""
    loss = _gradients(lesson, places, backward, epochs)
    while loss is None:
        lesson.net.module.zero_grad(set_to_none=True)
        devices.release()
        loss = _gradients(lesson, places, backward, epochs)
    if not math.isfinite(loss):
        what = f"With a learning rate of {lesson.rate:g} the loss grew beyond all numbers"
        raise BadRequest(what, "Give a smaller learning_rate")
    return loss


def _gradients(lesson: Lesson, places: Sequence[int], backward: Any, epochs: float) -> float | None:
    """The mean loss, its gradients left in the module; None when memory ran out."""
    total, size = 0.0, min(lesson.at_once, len(places))
    texts, targets = lesson.train
    try:
        for begin in range(0, len(places), size):
            part = list(places[begin : begin + size])
            losses, _ = lesson.losses(([texts[place] for place in part], [targets[place] for place in part]))
            loss = losses.sum() / len(places)
            backward(loss)
            total += float(loss.detach())
            lesson.say(lesson.place or "learning", epochs)
    except RuntimeError as error:
        clear_frames(error.__traceback__)
        if not devices.out_of_memory(error):
            raise
        lesson.at_once = halved(size, lesson.length, lesson.device, error, TEXT)
        return None
    return total
