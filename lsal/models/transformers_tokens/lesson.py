"""What a training of a tagger is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsal.models.transformers_training import lesson
from lsal.models.transformers_training.lesson import Part
from lsal.models.transformers_training.looking import look

if TYPE_CHECKING:
    from lsal.records import Floats

SILENT = -100
"""What a piece teaches that speaks for no token: nothing."""


@dataclass(slots=True, kw_only=True)
class Lesson(lesson.Lesson):
    """Windows of texts, and the class of each of their pieces or SILENT.

    Every token weighs the same, wherever it stands: `tokens` is how many of them a window has on average.
    `weights` (classes,) let rare classes weigh more; None for all alike.
    """

    tokens: float
    weights: Floats | None = None

    def losses(self, part: Part) -> tuple[Any, int]:
        """The loss of each window, and in how many of them every token is told rightly."""
        import torch
        from torch.nn import functional

        logits = look(self.net.module, self.net.tokenizer, part[0]).logits
        wanted = torch.full(logits.shape[:2], SILENT, dtype=torch.long)
        for row, classes in zip(wanted, part[1], strict=True):
            row[: len(classes)] = torch.as_tensor(classes)
        wanted = wanted.to(logits.device)
        weights = None if self.weights is None else torch.from_numpy(self.weights).to(logits.device)
        losses = functional.cross_entropy(
            logits.transpose(1, 2), wanted, weights, ignore_index=SILENT, reduction="none"
        ).sum(1)
        right = ((logits.argmax(2) == wanted) | (wanted == SILENT)).all(1).sum()
        return losses / self.tokens, int(right)
