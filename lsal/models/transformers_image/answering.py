"""A network that answers: from examples to predictions, a few images at a time, broken ones told apart."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

from lsal.models import devices
from lsal.models.answers import answer
from lsal.models.losses import chances_of
from lsal.models.transformers_image.deck import pixels_of
from lsal.models.transformers_image.nets import Net
from lsal.models.transformers_image.shelf import READERS, small_picture
from lsal.models.vision_backbone import mean_state
from lsal.records import Control, Example, Prediction

if TYPE_CHECKING:
    from lsal.records import Floats

CPU_CHUNK = 8
GPU_CHUNK = 32


@dataclass(slots=True)
class Answering:
    """A network and how it is asked, also by several threads; `prior` (units, classes) for what cannot be read."""

    control: Control
    net: Net
    prior: Floats
    device: str = field(default_factory=devices.best)
    _module: Any = None
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def predictions(self, examples: Sequence[Example], mirrored: bool = False) -> list[Prediction]:
        """One per example, in order; of the images with left and right exchanged if they are to be `mirrored`."""
        told: list[Prediction] = []
        for chunk, (readable, logits, features, problems) in self._seen(examples, mirrored):
            chances = np.tile(self.prior, (len(chunk), 1, 1))
            if readable:
                chances[readable] = chances_of(logits, self.control.several).numpy()
            made = answer(self.control, chunk, chances, features)
            told += [replace(one, problem=problems.get(n)) for n, one in enumerate(made)]
        return told

    def embeddings(self, examples: Sequence[Example]) -> Floats:
        """Float32 (n, d): the mean of the last layer before the classes, of length 1; zeros for what cannot be read."""
        rows = [features for _, (_, _, features, _) in self._seen(examples)]
        return np.concatenate(rows) if rows else np.zeros((0, self._width()), np.float32)

    def _seen(self, examples: Sequence[Example], mirrored: bool = False) -> Any:
        """Chunks, each with the places of what can be read, its logits, the features of all, and the problems."""
        step = CPU_CHUNK if self.device == "cpu" else GPU_CHUNK
        with ThreadPoolExecutor(READERS) as readers:
            for begin in range(0, len(examples), step):
                chunk = examples[begin : begin + step]
                pictures = list(readers.map(lambda example: small_picture(example, self.net.size), chunk))
                images = {n: each for n, each in enumerate(pictures) if not isinstance(each, str)}
                if mirrored:
                    images = {n: ImageOps.mirror(each) for n, each in images.items()}
                problems = {n: each for n, each in enumerate(pictures) if isinstance(each, str)}
                logits, found = self._ask(list(images.values())) if images else (None, None)
                width = self._width() if found is None else found.shape[1]
                features = np.zeros((len(chunk), width), np.float32)
                if found is not None:
                    features[list(images)] = found
                yield chunk, (list(images), logits, features, problems)

    def _ask(self, images: Sequence[Image.Image]) -> tuple[Any, Floats]:
        """Logits (n, classes) and features (n, d)."""
        import torch

        pixels = [pixels_of(self.net.processor, [image]) for image in images]
        with self._asking, torch.inference_mode():
            # One by one on a CPU: there, others beside a picture change its last bits, and save little time.
            alike = pixels if self.device == "cpu" or len({each.shape for each in pixels}) > 1 else [torch.cat(pixels)]
            found = [both for each in alike for both in self._forward(each)]
        logits, features = (torch.cat([both[n] for both in found]) for n in (0, 1))
        vectors = features.numpy()
        return logits, vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    def _forward(self, pixels: Any) -> list[tuple[Any, Any]]:
        """Logits and features, on the CPU; in two halves where memory does not hold the whole."""
        try:
            out = self._ready()(pixel_values=pixels.to(self.device), output_hidden_states=True)
            states = getattr(out, "hidden_states", None)
            return [(out.logits.float().cpu(), (mean_state(states[-1]) if states else out.logits).float().cpu())]
        except RuntimeError as error:
            if not devices.out_of_memory(error) or len(pixels) == 1:
                raise
        devices.release()
        half = len(pixels) // 2
        return [*self._forward(pixels[:half]), *self._forward(pixels[half:])]

    def _width(self) -> int:
        black = Image.new("RGB", (self.net.size, self.net.size))
        return int(self._ask([black])[1].shape[1])

    def _ready(self) -> Any:
        if self._module is None:
            self._module = self.net.module.to(self.device).eval()
        return self._module
