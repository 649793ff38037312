"""Windows of pages with what they teach, dealt in batches of tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from lsal.models.layoutlmv3.nets import Net
from lsal.models.layoutlmv3.windows import IGNORED, NOWHERE, Window
from lsal.models.transformers_image.deck import pixels_of
from lsal.models.transformers_image.shelf import Shelf

if TYPE_CHECKING:
    from lsal.records import Floats, Ints


@dataclass(frozen=True, slots=True)
class Hand:
    """Windows as a network takes them, and `targets` (n, tokens); `weights` (classes,) or None for all alike."""

    inputs: Mapping[str, Any]
    targets: Any
    weights: Floats | None

    def __len__(self) -> int:
        return len(self.targets)

    def losses(self, module: Any, part: slice, device: str) -> tuple[Any, float]:
        """The mean loss over the words of each of a part of the windows, and the sum of their shares of right words."""
        import torch
        from torch.nn import functional

        targets = self.targets[part].to(device)
        logits = module(**{name: tensor[part].to(device) for name, tensor in self.inputs.items()}).logits.float()
        weights = None if self.weights is None else torch.from_numpy(self.weights).to(device)
        each = functional.cross_entropy(
            logits.transpose(1, 2), targets, weights, ignore_index=IGNORED, reduction="none"
        )
        words = (targets != IGNORED).sum(dim=1).clamp(min=1)
        right = ((logits.argmax(dim=2) == targets).sum(dim=1) / words).sum()
        return each.sum(dim=1) / words, float(right)


@dataclass(frozen=True, slots=True)
class Deck:
    """`windows` with the places of their pages on the shelf, and the `classes` of each page's words."""

    shelf: Shelf
    net: Net
    windows: Sequence[tuple[int, Window]]
    classes: Mapping[int, Sequence[int]]
    weights: Floats | None = None

    def __len__(self) -> int:
        return len(self.windows)

    def shuffled(self, batch: int, seed: int, epoch: int) -> list[Ints]:
        """Batches of nearly the same size in a new order."""
        order = np.random.default_rng([seed, epoch]).permutation(len(self))
        return np.array_split(order, max(1, -(-len(self) // batch)))

    def in_order(self, batch: int) -> list[Ints]:
        """All, one batch after the other."""
        return np.array_split(np.arange(len(self)), -(-len(self) // batch))

    def dealt(self, batches: Sequence[Ints], draw: tuple[int, int] | None = None) -> Iterator[Hand]:
        """Each batch with its pixels, always the same."""
        for batch in batches:
            given = [self.windows[place] for place in batch]
            images = [self.shelf.image(page) for page, _ in given]
            inputs = inputs_of(self.net, [window for _, window in given], images)
            rows = [window.targets(self.classes[page]) for page, window in given]
            yield Hand(inputs, _filled(rows, IGNORED), self.weights)


def inputs_of(net: Net, windows: Sequence[Window], images: Sequence[Image.Image]) -> Mapping[str, Any]:
    """What a network takes, made equally long: `input_ids`, `attention_mask`, `bbox` and `pixel_values`."""
    return {
        "input_ids": _filled([window.tokens for window in windows], net.tokenizer.pad_token_id),
        "attention_mask": _filled([[1] * len(window.tokens) for window in windows], 0),
        "bbox": _filled([window.boxes for window in windows], NOWHERE),
        "pixel_values": pixels_of(net.processor, images),
    }


def _filled(rows: Sequence[Sequence[Any]], filling: Any) -> Any:
    import torch

    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *[filling] * (longest - len(row))] for row in rows], dtype=torch.long)
