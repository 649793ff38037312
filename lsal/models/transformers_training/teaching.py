"""One training by transformers.Trainer: heard and stopped within a step, ended when nothing gets better."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsal.models import devices
from lsal.models.hub import quiet
from lsal.models.scratch import scratch
from lsal.models.transformers_training.lesson import Lesson, checked, take_step

WARM_UP = 0.1
DECAY = 0.01
ENOUGH = 1e-4
"""By less than this, nothing has become better."""


def teach(lesson: Lesson) -> None:
    """Train the network where it lies, up to its best epoch; it comes back to the CPU however this ends.

    When memory runs out, the same step is taken in parts half as large. Raises Cancelled within a step,
    BadRequest if there is no memory for one text, or if a rate is too large to learn with.
    """
    module, lesson.at_once = lesson.net.module, lesson.batch
    with devices.released(), _undisturbed(lesson), scratch() as folder, quiet(lesson.net.sort.family) as transformers:
        best = _Best(lesson)
        try:
            _trainer(transformers, lesson, best, str(folder)).train()
            module.load_state_dict(best.state)
        finally:
            module.zero_grad(set_to_none=True)
            module.cpu().eval()


@dataclass(slots=True)
class _Best:
    """The epoch with the smallest loss on the texts that check."""

    lesson: Lesson
    loss: float = math.inf
    waited: int = 0
    state: Any = None

    def check(self, epoch: int) -> bool:
        """Look at the network after an epoch; whether training should end."""
        lesson = self.lesson
        loss = checked(lesson, epoch)
        self.waited = 0 if loss < self.loss - ENOUGH else self.waited + 1
        if not self.waited or self.state is None:
            module = lesson.net.module
            self.loss, self.state = loss, {n: each.to("cpu", copy=True) for n, each in module.state_dict().items()}
        return bool(lesson.wishes.patience) and self.waited >= lesson.wishes.patience


def _trainer(transformers: Any, lesson: Lesson, best: _Best, folder: str) -> Any:
    """A Trainer whose step is taken in parts, that tells nobody but `lesson.report`, and keeps nothing on disk."""

    class Heard(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            lesson.place = f"epoch {math.ceil(state.epoch)} of {lesson.wishes.epochs} on {lesson.device}"
            lesson.place += f", {lesson.at_once} texts at a time"
            lesson.say(lesson.place, state.epoch)

        def on_epoch_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            control.should_training_stop |= best.check(round(state.epoch))

    class InParts(transformers.Trainer):  # type: ignore[misc]
        def training_step(self, model: Any, inputs: Any, *more: Any, **others: Any) -> Any:
            import torch

            model.train()
            loss = take_step(lesson, inputs["places"], self.accelerator.backward, self.state.epoch or 0)
            lesson.metrics["loss"] = round(loss, 4)
            return torch.tensor(loss, device=self.args.device)

    trainer = InParts(
        lesson.net.module,
        _arguments(transformers, lesson, folder),
        data_collator=lambda places: {"places": places},
        train_dataset=list(range(len(lesson.train[0]))),
        callbacks=[Heard()],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer


def _arguments(transformers: Any, lesson: Lesson, folder: str) -> Any:
    steps = math.ceil(len(lesson.train[0]) / lesson.batch) * lesson.wishes.epochs
    arguments = transformers.TrainingArguments(
        output_dir=folder,
        num_train_epochs=lesson.wishes.epochs,
        per_device_train_batch_size=lesson.batch,
        learning_rate=lesson.rate,
        warmup_steps=math.ceil(WARM_UP * steps),
        lr_scheduler_type="cosine",
        weight_decay=DECAY,
        max_grad_norm=1.0,
        seed=lesson.seed,
        report_to=[],
        logging_strategy="no",
        save_strategy="no",
        eval_strategy="no",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        use_cpu=lesson.device == "cpu",
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # several GPUs at once want other batches than these
    return arguments


@contextmanager
def _undisturbed(lesson: Lesson) -> Iterator[None]:
    """The same draws each time; those of the caller go on as if there had been none."""
    own, theirs = random.getstate(), np.random.get_state()
    try:
        with devices.seeded(lesson.seed, lesson.device):
            yield
    finally:
        random.setstate(own)
        np.random.set_state(theirs)
