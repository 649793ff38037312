"""How far a network is from what people said: of one class among others, or of each label by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

LARGEST_WEIGHT = 10.0


@dataclass(frozen=True, slots=True)
class Loss:
    """Cross-entropy. `weights` (classes,) of a class, or, of several labels, of its presence; None for all alike."""

    several: bool
    weights: Floats | None = None

    def of(self, logits: Any, targets: Any) -> tuple[Any, int]:
        """The loss of each image (n,), and how many are told rightly; `targets` (n, units)."""
        import torch
        from torch.nn import functional

        weights = None if self.weights is None else torch.from_numpy(self.weights).to(logits.device)
        if not self.several:
            right = int((logits.argmax(dim=1) == targets[:, 0]).sum())
            return functional.cross_entropy(logits, targets[:, 0], weights, reduction="none"), right
        each = functional.binary_cross_entropy_with_logits(
            logits, targets.to(logits.dtype), pos_weight=weights, reduction="none"
        )
        return each.mean(dim=1), int(((logits > 0) == (targets > 0)).all(dim=1).sum())


def balancing(targets: Ints, several: bool, classes: int) -> Floats:
    """Weights by which rare classes count as much as frequent ones, at most LARGEST_WEIGHT."""
    if several:
        present = targets.sum(axis=0)
        weights = (len(targets) - present) / np.maximum(present, 1)
        weights[present == 0] = 1.0
    else:
        counts = np.bincount(targets[:, 0], minlength=classes)
        weights = len(targets) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    balanced: Floats = np.clip(weights, 1 / LARGEST_WEIGHT, LARGEST_WEIGHT).astype(np.float32)
    return balanced


def chances_of(logits: Any, several: bool) -> Any:
    """Float32 (n, units, classes), rows sum to 1: (n, 1, classes), or (n, labels, 2) with several labels."""
    import torch

    logits = logits.float()
    if not several:
        return torch.softmax(logits, dim=1)[:, None]
    return torch.stack([torch.sigmoid(-logits), torch.sigmoid(logits)], dim=2)
