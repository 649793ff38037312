"""A network that answers: from examples to predictions, a few texts at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.models import devices
from lsal.models.answers import answer
from lsal.models.batches import TEXT, halved
from lsal.models.losses import chances_of
from lsal.models.texts import words_of
from lsal.models.transformers_text.reading import Windows, ask, windows_of
from lsal.models.transformers_text.wishes import Wishes
from lsal.models.transformers_training.looking import of_length_one, width
from lsal.models.transformers_training.nets import Net
from lsal.records import Control, Example, Prediction

if TYPE_CHECKING:
    from lsal.records import Floats

GPU_CHUNK = 64


@dataclass(slots=True)
class Answering:
    """A network and how it is asked, also by several threads; `prior` (units, classes) for what cannot be read."""

    control: Control
    net: Net
    prior: Floats
    wishes: Wishes
    device: str = field(default_factory=devices.best)
    _module: Any = None
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def predictions(self, examples: Sequence[Example]) -> list[Prediction]:
        """One per example, in order."""
        readable, logits, features = self._seen(examples)
        chances = np.tile(self.prior, (len(examples), 1, 1))
        if readable:
            chances[readable] = chances_of(logits, self.control.several).numpy()
        told = answer(self.control, examples, chances, features)
        return [replace(one, problem=example.problem) for one, example in zip(told, examples, strict=True)]

    def embeddings(self, examples: Sequence[Example]) -> Floats:
        """Float32 (n, d): the mean over the tokens of the last layer, of length 1; zeros where there is no text."""
        return self._seen(examples)[2]

    def _seen(self, examples: Sequence[Example]) -> tuple[list[int], Any, Floats]:
        """The rows that have a text, their logits, and the features of all."""
        import torch

        texts = [words_of(example) for example in examples]
        readable = [row for row, text in enumerate(texts) if text]
        features = np.zeros((len(texts), width(self.net.module)), np.float32)
        if not readable:
            return readable, None, features
        length = self.net.length(self.wishes)
        windows = windows_of(self.net.tokenizer, [texts[row] for row in readable], length, self.wishes.long)
        # One by one on a CPU: there, others beside a text change its last bits, and save little time.
        step = 1 if self.device == "cpu" else GPU_CHUNK
        order = sorted(range(len(windows)), key=lambda n: (len(windows[n]), len(windows[n][0])))
        with self._asking, torch.inference_mode():
            parts = [self._ask([windows[n] for n in order[b : b + step]]) for b in range(0, len(order), step)]
        logits, states = (torch.cat([both[n] for both in parts])[np.argsort(order)] for n in (0, 1))
        features[readable] = of_length_one(states.numpy())
        return readable, logits, features

    def _ask(self, texts: Sequence[Windows]) -> tuple[Any, Any]:
        """Logits and states, on the CPU; in two halves where memory does not hold the whole."""
        import torch

        try:
            logits, states = ask(self._ready(), self.net.tokenizer, texts, states=True)
            return logits.cpu(), states.cpu()
        except RuntimeError as error:
            if not devices.out_of_memory(error):
                raise
            half = halved(len(texts), self.net.length(self.wishes), self.device, error, TEXT)
        devices.release()
        both = [self._ask(part) for part in (texts[:half], texts[half:])]
        return torch.cat([both[0][0], both[1][0]]), torch.cat([both[0][1], both[1][1]])

    def _ready(self) -> Any:
        if self._module is None:
            self._module = self.net.module.to(self.device).eval()
        return self._module
