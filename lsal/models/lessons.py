"""One training: epochs of batches, each checked, ended when nothing gets better, and nothing of it left on the GPU."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from traceback import clear_frames
from typing import TYPE_CHECKING, Any, Protocol

from lsal.errors import BadRequest
from lsal.models import devices
from lsal.models.batches import halved
from lsal.protocols import Report
from lsal.records import Progress

if TYPE_CHECKING:
    from lsal.records import Ints

WARM_UP = 0.1
"""The share of the training in which the rate rises; then it falls to nothing, as a cosine does."""
DECAY = 0.01
LONGEST_STEP = 1.0
ENOUGH = 1e-4
"""By less than this, nothing has become better."""


class Hand(Protocol):
    """Some examples, as a network takes them."""

    def __len__(self) -> int: ...

    def losses(self, module: Any, part: slice, device: str) -> tuple[Any, float]:
        """The loss of each of a part of them (n,), and how many of these are told rightly."""


class Deck(Protocol):
    """Examples with what they teach."""

    def __len__(self) -> int: ...

    def shuffled(self, batch: int, seed: int, epoch: int) -> list[Ints]:
        """Batches of places in an order of their own for each epoch."""

    def in_order(self, batch: int) -> list[Ints]:
        """All places, one batch after the other."""

    def dealt(self, batches: Sequence[Ints], draw: tuple[int, int] | None = None) -> Iterator[Hand]:
        """A hand for each batch; changed by chance if there is a `draw`."""


@dataclass(slots=True)
class Lesson:
    """A module of torch, what it learns from and is checked on, how, and where.

    `things` is what it learns from in the plural, `size` their side in pixels; `held_out` how many check
    it that it does not learn from.
    """

    module: Any
    train: Deck
    check: Deck
    epochs: int
    patience: int
    batch: int
    rate: float
    device: str
    seed: int
    report: Report
    size: int
    things: str = "images"
    held_out: int = 0


def teach(lesson: Lesson) -> None:
    """Train the network where it lies, up to its best epoch; it comes back to the CPU however this ends.

    When memory runs out, the same step is taken in parts half as large. Raises Cancelled within a batch,
    BadRequest if there is no memory for one example, or if a rate is too large to learn with.
    """
    module = lesson.module
    with devices.released(), devices.seeded(lesson.seed, lesson.device):
        try:
            _Teaching(lesson).run()
        finally:
            module.zero_grad(set_to_none=True)
            module.cpu().eval()


@dataclass(slots=True)
class _Teaching:
    lesson: Lesson
    module: Any = None
    optimiser: Any = None
    at_once: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    place: str = ""

    def run(self) -> None:
        import torch

        lesson, best, waited, state = self.lesson, math.inf, 0, None
        self.module, self.at_once = lesson.module.to(lesson.device), lesson.batch
        self.optimiser = torch.optim.AdamW(self.module.parameters(), lr=lesson.rate, weight_decay=DECAY)
        for epoch in range(lesson.epochs):
            self._learn(epoch)
            loss = self._check(epoch)
            waited = 0 if loss < best - ENOUGH else waited + 1
            if not waited:
                best, state = loss, {name: each.to("cpu", copy=True) for name, each in self.module.state_dict().items()}
            if lesson.patience and waited >= lesson.patience:
                break
        self.module.load_state_dict(state)

    def _learn(self, epoch: int) -> None:
        lesson = self.lesson
        batches = lesson.train.shuffled(lesson.batch, lesson.seed, epoch)
        self.module.train()
        for number, hand in enumerate(lesson.train.dealt(batches, (lesson.seed, epoch))):
            self._set_rate((epoch + number / len(batches)) / lesson.epochs)
            self.metrics["loss"] = round(self._step(hand), 4)
            self.place = f"epoch {epoch + 1} of {lesson.epochs} on {lesson.device}"
            self._say(self._where(), epoch + (number + 1) / len(batches))

    def _step(self, hand: Hand) -> float:
        """One step of the optimiser, in as many parts as memory needs; the mean loss."""
        import torch

        loss = self._gradients(hand)
        while loss is None:
            self.optimiser.zero_grad(set_to_none=True)
            devices.release()
            loss = self._gradients(hand)
        if not math.isfinite(loss):
            what = f"With a learning rate of {self.lesson.rate:g} the loss grew beyond all numbers"
            raise BadRequest(what, "Give a smaller learning_rate")
        torch.nn.utils.clip_grad_norm_(self.module.parameters(), LONGEST_STEP)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return loss

    def _gradients(self, hand: Hand) -> float | None:
        """The mean loss, its gradients left in the module; None when memory ran out."""
        try:
            return sum(self._part(hand, part) for part in _parts(len(hand), self.at_once))
        except RuntimeError as error:
            clear_frames(error.__traceback__)
            if not devices.out_of_memory(error):
                raise
            failed, lesson = min(self.at_once, len(hand)), self.lesson
            self.at_once = halved(failed, lesson.size, lesson.device, error)
            return None

    def _part(self, hand: Hand, part: slice) -> float:
        loss = self._losses(hand, part)[0].sum() / len(hand)
        loss.backward()
        return float(loss.detach())

    def _losses(self, hand: Hand, part: slice) -> tuple[Any, float]:
        """The loss of each example, and how many are told rightly."""
        import torch

        device = self.lesson.device.partition(":")[0]
        half = device == "cuda" and torch.cuda.is_bf16_supported()
        with torch.autocast(device, torch.bfloat16, enabled=half):
            return hand.losses(self.module, part, self.lesson.device)

    def _check(self, epoch: int) -> float:
        """The mean loss on what checks."""
        import torch

        deck, total, right = self.lesson.check, 0.0, 0.0
        self.module.eval()
        with torch.inference_mode():
            for hand in deck.dealt(deck.in_order(self.at_once)):
                losses, good = self._losses(hand, slice(None))
                total, right = total + float(losses.sum()), right + good
                self._say("checking", epoch + 1)
        loss = total / len(deck)
        self.metrics |= {"check_loss": round(loss, 4), "accuracy": right / len(deck), "epoch": epoch + 1.0}
        self.metrics["held_out"] = float(self.lesson.held_out)
        self._say(self._where(), epoch + 1)
        return loss

    def _where(self) -> str:
        return f"{self.place}, {self.at_once} {self.lesson.things} at a time"

    def _set_rate(self, share: float) -> None:
        falling = 0.5 * (1 + math.cos(math.pi * max(0.0, share - WARM_UP) / (1 - WARM_UP)))
        for group in self.optimiser.param_groups:
            group["lr"] = self.lesson.rate * min((share + 1e-3) / WARM_UP, falling)

    def _say(self, what: str, epochs: float) -> None:
        self.lesson.report(Progress(epochs, self.lesson.epochs, what, dict(self.metrics), "epoch"))


def _parts(count: int, at_once: int) -> list[slice]:
    return [slice(begin, begin + at_once) for begin in range(0, count, at_once)]
