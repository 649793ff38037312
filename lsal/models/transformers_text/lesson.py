"""What a training on the classes of texts is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lsal.models.losses import Loss
from lsal.models.transformers_text.reading import ask
from lsal.models.transformers_training import lesson
from lsal.models.transformers_training.lesson import Part


@dataclass(slots=True, kw_only=True)
class Lesson(lesson.Lesson):
    """Texts in windows, and the classes of each, (n, units)."""

    loss: Loss

    def losses(self, part: Part) -> tuple[Any, int]:
        """The loss of each text, and how many are told rightly."""
        import torch

        logits, _ = ask(self.net.module, self.net.tokenizer, part[0])
        return self.loss.of(logits, torch.from_numpy(np.stack(part[1])).to(logits.device))
