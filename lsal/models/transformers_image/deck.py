"""Images with what they teach, dealt in batches of pixels, made while the network still learns from those before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from lsal.models.losses import Loss
from lsal.models.transformers_image.shelf import Shelf
from lsal.models.transformers_image.wishes import Wishes

if TYPE_CHECKING:
    from lsal.records import Ints

MAKERS = 2
AHEAD = 3


@dataclass(frozen=True, slots=True)
class Hand:
    """Images as a network takes them (n, 3, height, width), and `targets` (n, units)."""

    pixels: Any
    targets: Ints
    loss: Loss

    def __len__(self) -> int:
        return len(self.pixels)

    def losses(self, module: Any, part: slice, device: str) -> tuple[Any, float]:
        """The loss of each of a part of the images, and how many are told rightly."""
        import torch

        logits = module(pixel_values=self.pixels[part].to(device)).logits
        return self.loss.of(logits.float(), torch.from_numpy(self.targets[part]).to(device))


@dataclass(frozen=True, slots=True)
class Deck:
    """`on_shelf` are the places of the images, `targets` (n, units) what each teaches."""

    shelf: Shelf
    processor: Any
    on_shelf: Sequence[int]
    targets: Ints
    wishes: Wishes
    loss: Loss = field(default_factory=lambda: Loss(several=False))

    def __len__(self) -> int:
        return len(self.on_shelf)

    def shuffled(self, batch: int, seed: int, epoch: int) -> list[Ints]:
        """Batches of nearly the same size in a new order; an image that is alone comes twice, as batches are normed."""
        order = np.random.default_rng([seed, epoch]).permutation(len(self))
        return np.array_split(np.resize(order, max(2, len(self))), max(1, -(-len(self) // batch)))

    def in_order(self, batch: int) -> list[Ints]:
        """All, one batch after the other."""
        return np.array_split(np.arange(len(self)), -(-len(self) // batch))

    def dealt(self, batches: Sequence[Ints], draw: tuple[int, int] | None = None) -> Iterator[Hand]:
        """Each batch with its pixels; changed by chance if there is a `draw`."""
        with ThreadPoolExecutor(MAKERS) as makers:
            waiting: deque[tuple[Ints, Future[Any]]] = deque()
            for batch in batches:
                waiting.append((batch, makers.submit(self._pixels, batch, draw)))
                if len(waiting) > AHEAD:
                    places, made = waiting.popleft()
                    yield Hand(made.result(), self.targets[places], self.loss)
            for places, made in waiting:
                yield Hand(made.result(), self.targets[places], self.loss)

    def _pixels(self, places: Ints, draw: tuple[int, int] | None) -> Any:
        images = [self.shelf.image(self.on_shelf[place]) for place in places]
        if draw is not None:
            draws = [np.random.default_rng([*draw, int(place)]) for place in places]
            images = [_changed(image, self.wishes, own) for image, own in zip(images, draws, strict=True)]
        return pixels_of(self.processor, images)


def pixels_of(processor: Any, images: Sequence[Image.Image]) -> Any:
    """What a network gets, a tensor (n, 3, height, width)."""
    return processor(images=list(images), return_tensors="pt")["pixel_values"]


def _changed(image: Image.Image, wishes: Wishes, draw: np.random.Generator) -> Image.Image:
    share = 1 - draw.uniform(0, wishes.crop)
    width, height = (max(1, round(side * share)) for side in image.size)
    left, top = int(draw.integers(image.width - width + 1)), int(draw.integers(image.height - height + 1))
    cut = image.crop((left, top, left + width, top + height))
    return cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if wishes.flip and draw.random() < 0.5 else cut
