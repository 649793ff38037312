"""What a network says, put into words: every kept region with its full class vector, and classes of images."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from lsal.models import devices
from lsal.models.pictures import Header, Picture
from lsal.models.yolo import library
from lsal.models.yolo.fitting import Fitted, centre, letterbox, shares_within
from lsal.models.yolo.nets import Net
from lsal.models.yolo.wishes import CLASSIFY, SEGMENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lsal.records import Floats

OVERLAP = 0.6
"""Of two regions that overlap by more, the less certain one is dropped, whatever their classes: one object has
one region, and its class vector holds the other class."""
MOST = 300
PATIENCE_S = 60.0
"""Later the suppression would give up and leave pictures without what was found in them."""
MASKS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in one picture.

    `boxes` (n, 4) are left, top, right, bottom in shares; `chances` (n, classes) the network's own
    figures, each from 0 to 1; `masks` (n, height, width) or None; for classes of a whole image n is
    1 and there are no boxes. `embedding` is (d,).
    """

    boxes: Floats
    chances: Floats
    embedding: Floats
    masks: NDArray[Any] | None = None


class Reader:
    """Asks one network; safe to be asked by several threads.

    `columns` are those that count, for each of the caller's classes: several that mean the same
    class count as the largest of them.
    """

    def __init__(self, net: Net, size: int, columns: Sequence[Sequence[int]], device: str = "") -> None:
        self.net, self.size, self.columns = net, size, [list(each) for each in columns]
        self.device = device or library.device()
        self._module: Any = None
        self._backbone: Any = None
        self._asking = threading.Lock()
        self._width = 0

    def read(self, pictures: Sequence[Picture], threshold: float) -> list[Found]:
        """What is found in each picture, best first, from `threshold` on."""
        fitted = [self._fit(picture) for picture in pictures]
        alike: dict[tuple[int, ...], list[int]] = {}
        for n, each in enumerate(fitted):
            # One by one on a CPU: there, others beside a picture change its last bits, and save little time.
            alike.setdefault((n,) if self.device == "cpu" else each.pixels.shape, []).append(n)
        found: dict[int, Found] = {}
        with self._asking:
            for places in alike.values():
                found |= dict(zip(places, self._ask([fitted[n] for n in places], threshold), strict=True))
        return [found[n] for n in range(len(pictures))]

    @property
    def width(self) -> int:
        """How long an embedding is."""
        if not self._width:
            square = (self.size, self.size)
            blank = Picture(Image.new("RGB", square), Header(square, "", "RGB", 1, 1, False))
            self._width = len(self.read([blank], 1.0)[0].embedding)
        return self._width

    def _ask(self, fitted: Sequence[Fitted], threshold: float) -> list[Found]:
        """One batch; in two halves if memory does not suffice."""
        import torch

        try:
            with torch.inference_mode():
                return self._forward(fitted, threshold)
        except RuntimeError as error:
            if not devices.out_of_memory(error) or len(fitted) == 1:
                raise
        devices.release()
        half = len(fitted) // 2
        return self._ask(fitted[:half], threshold) + self._ask(fitted[half:], threshold)

    def _forward(self, fitted: Sequence[Fitted], threshold: float) -> list[Found]:
        import torch

        module = self._ready()
        stacked = np.stack([each.pixels for each in fitted])
        images = torch.from_numpy(stacked).to(self.device).float()
        self._backbone.clear()
        said = module(images if self.net.task == CLASSIFY else images / 255)
        vectors = self._backbone.pop().mean(dim=(2, 3)).float().cpu().numpy()
        if self.net.task == CLASSIFY:
            folded = self._fold(said[0]).float().cpu().numpy()
            return [
                Found(np.zeros((1, 0), np.float32), row[None], vector)
                for row, vector in zip(folded, vectors, strict=True)
            ]
        raw, protos = said[0] if self.net.task == SEGMENT else (said[0], None)
        return self._regions(raw.float(), protos, vectors, fitted, threshold)

    def _regions(
        self, raw: Any, protos: Any, vectors: Floats, fitted: Sequence[Fitted], threshold: float
    ) -> list[Found]:
        import torch
        from ultralytics.utils.nms import non_max_suppression

        count = len(self.net.names)
        chances = self._fold(raw[:, 4 : 4 + count].transpose(1, 2)).transpose(1, 2)
        kept, places = non_max_suppression(
            torch.cat([raw[:, :4], chances], 1),
            threshold,
            OVERLAP,
            agnostic=True,
            nc=chances.shape[1],
            max_det=MOST,
            max_time_img=PATIENCE_S,
            return_idxs=True,
        )
        found = []
        for n, each in enumerate(fitted):
            at = places[n].view(-1).long()
            masks = None
            if protos is not None:
                masks = self._masks(protos[n], raw[n, 4 + count :, at].T, kept[n][:, :4], each)
            boxes = shares_within(kept[n][:, :4].cpu().numpy(), each.inner)
            found.append(Found(boxes, chances[n, :, at].T.cpu().numpy(), vectors[n], masks))
        return found

    def _masks(self, protos: Any, weights: Any, boxes: Any, fitted: Fitted) -> NDArray[Any]:
        from ultralytics.utils.ops import process_mask

        height, width = fitted.pixels.shape[1:]
        left, top, right, bottom = fitted.inner
        cut = [np.zeros((0, bottom - top, right - left), np.uint8)]
        for begin in range(0, len(boxes), MASKS_AT_ONCE):
            part = slice(begin, begin + MASKS_AT_ONCE)
            masks = process_mask(protos, weights[part], boxes[part], (height, width), upsample=True)
            cut.append(masks[:, top:bottom, left:right].cpu().numpy())
        return np.concatenate(cut)

    def _fold(self, chances: Any) -> Any:
        """From the network's columns (last axis) to the caller's classes."""
        import torch

        return torch.stack([chances[..., each].amax(dim=-1) for each in self.columns], dim=-1)

    def _fit(self, picture: Picture) -> Fitted:
        if self.net.task == CLASSIFY:
            return Fitted(centre(picture.image, self.size), (0, 0, 0, 0))
        return letterbox(np.asarray(picture.image), self.size)

    def _ready(self) -> Any:
        """A copy with its layers joined; its raw outputs are those with all scores, before any choice."""
        if self._module is None:
            module = deepcopy(self.net.module).float()
            if hasattr(module, "end2end"):
                module.end2end = False
            laid = library.layout(self.device)
            self._module = module.fuse(verbose=False).eval().to(self.device, memory_format=laid)
            self._backbone = []
            last = self._module.model[len(self._module.yaml["backbone"]) - 1]
            last.register_forward_hook(lambda layer, given, out: self._backbone.append(out))
        return self._module
