"""What ultralytics calls back with, as progress: after each batch, so that a cancel is heard within one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from lsal.protocols import Report
from lsal.records import Progress

MEASURED = {
    "metrics/mAP50(B)": "map50",
    "metrics/mAP50-95(B)": "map50_95",
    "metrics/mAP50(M)": "mask_map50",
    "metrics/mAP50-95(M)": "mask_map50_95",
    "metrics/accuracy_top1": "accuracy",
}


class Hearing:
    """Counts batches, and passes on what was measured on the images that check."""

    def __init__(self, epochs: int, device: str, report: Report, held_out: int = 0) -> None:
        self.epochs, self.device, self.report, self.held_out = epochs, device, report, held_out
        self.epoch, self.batches, self.of = 0, 0, 0
        self.metrics: dict[str, float] = {}

    def callbacks(self) -> dict[str, list[Callable[[Any], None]]]:
        """Lists by the names of ultralytics; empty ones for the others."""
        heard: dict[str, list[Callable[[Any], None]]] = defaultdict(list)
        heard["on_train_epoch_start"] = [self._begun]
        heard["on_train_batch_end"] = [self._batch]
        heard["on_val_batch_end"] = [self._checked]
        heard["on_fit_epoch_end"] = [self._ended]
        return heard

    def _begun(self, trainer: Any) -> None:
        """Also when an epoch begins again, with smaller batches."""
        self.epoch, self.batches, self.of = int(trainer.epoch), 0, len(trainer.train_loader)

    def _batch(self, trainer: Any) -> None:
        self.batches += 1
        if trainer.tloss:
            self.metrics["loss"] = round(float(sum(float(value) for value in trainer.tloss.values())), 4)
        self._tell(trainer)

    def _checked(self, validator: Any) -> None:
        self._say("checking")

    def _ended(self, trainer: Any) -> None:
        measured = trainer.metrics or {}
        self.metrics |= {kept: float(measured[name]) for name, kept in MEASURED.items() if name in measured}
        if losses := [float(value) for name, value in measured.items() if name.startswith("val/")]:
            self.metrics["check_loss"] = round(sum(losses), 4)
        self.metrics |= {"epoch": float(self.epoch + 1), "held_out": float(self.held_out)}
        self._tell(trainer)

    def _tell(self, trainer: Any) -> None:
        place = f"epoch {self.epoch + 1} of {self.epochs}"
        self._say(f"{place} on {self.device}, {trainer.batch_size} images at a time")

    def _say(self, what: str) -> None:
        done = self.epoch + min(1.0, self.batches / self.of) if self.of else 0.0
        self.report(Progress(done, self.epochs, what, dict(self.metrics), "epoch"))
