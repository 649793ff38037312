"""A network that answers: from pages to the label of each word, and the blocks that they make up."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from lsal.errors import BadData
from lsal.models import devices
from lsal.models.layoutlmv3.deck import inputs_of
from lsal.models.layoutlmv3.learning import UNREAD
from lsal.models.layoutlmv3.nets import Net
from lsal.models.layoutlmv3.windows import Window, best_window, windows_of
from lsal.models.layoutlmv3.wishes import Wishes
from lsal.models.pictures import read_picture
from lsal.models.transformers_image.shelf import small_picture
from lsal.pages import blocks
from lsal.records import Example, Layout, Page, Prediction

if TYPE_CHECKING:
    from lsal.records import Floats

GPU_CHUNK = 16


@dataclass(slots=True)
class Answering:
    """A network and how it is asked, also by several threads."""

    net: Net
    wishes: Wishes
    device: str = field(default_factory=devices.best)
    _module: Any = None
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def predictions(self, examples: Sequence[Example]) -> list[Prediction]:
        """One per example, in order."""
        return [self._prediction(example) for example in examples]

    def embeddings(self, examples: Sequence[Example]) -> Floats:
        """Float32 (n, d): the mean of the last hidden state, of length 1; zeros for what has no words."""
        rows = [one.embedding for one in self.predictions(examples) if one.embedding is not None]
        return np.stack(rows) if rows else np.zeros((0, self._width()), np.float32)

    def _prediction(self, example: Example) -> Prediction:
        """What it says of one page; nothing of what cannot be read."""
        nothing = np.zeros((0, len(self.net.names)), np.float32)
        page, image = example.input, small_picture(example, self.net.size)
        problem = image if isinstance(image, str) else "" if isinstance(page, Page) else UNREAD
        if problem or not isinstance(page, Page) or isinstance(image, str):
            return Prediction(example.task_id, Layout(), nothing, np.zeros(self._width(), np.float32), problem)
        if not page.words:
            return Prediction(example.task_id, Layout((), _size(page)), nothing, np.zeros(self._width(), np.float32))
        chances, vector = self._read(page, image)
        best = chances.argmax(axis=1)
        labels = tuple(self.net.names[n] for n in best)
        drawn = blocks(page.boxes, labels, chances[np.arange(len(best)), best].tolist(), self.wishes.gaps)
        return Prediction(example.task_id, Layout(drawn, _size(page), labels), chances, vector)

    def _read(self, page: Page, image: Image.Image) -> tuple[Floats, Floats]:
        """Chances (words, classes) and the embedding of a page."""
        windows = windows_of(page, self.net, self.wishes.length, self.wishes.overlap)
        chances = np.zeros((len(page.words), len(self.net.names)), np.float32)
        best, vectors = best_window(windows, len(page.words)), list[Any]()
        step = 1 if self.device == "cpu" else GPU_CHUNK
        for begin in range(0, len(windows), step):
            part = windows[begin : begin + step]
            for number, (window, (rows, vector)) in enumerate(zip(part, self._ask(part, image), strict=True), begin):
                mine = [n for n, word in enumerate(window.words) if best[word] == number]
                chances[[window.words[n] for n in mine]] = rows[mine]
                vectors.append(vector)
        mean = np.mean(vectors, axis=0)
        return chances, (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)

    def _ask(self, windows: Sequence[Window], image: Image.Image) -> list[tuple[Floats, Floats]]:
        """For each window the chances of its words (words, classes), and the mean of its last hidden state."""
        import torch

        inputs = inputs_of(self.net, windows, [image] * len(windows))
        with self._asking, torch.inference_mode():
            out = self._ready()(
                **{name: each.to(self.device) for name, each in inputs.items()}, output_hidden_states=True
            )
            chances = torch.softmax(out.logits.float(), dim=2).cpu().numpy()
            states = out.hidden_states[-1].float().cpu()
        seen = inputs["attention_mask"].bool()
        means = [states[n, : seen.shape[1]][seen[n]].mean(dim=0).numpy() for n in range(len(windows))]
        return [(chances[n, window.firsts], means[n]) for n, window in enumerate(windows)]

    def _width(self) -> int:
        return int(self.net.module.config.hidden_size)

    def _ready(self) -> Any:
        if self._module is None:
            self._module = self.net.module.to(self.device).eval()
        return self._module


def _size(page: Page) -> tuple[int, int] | None:
    """The page's pixels as people see them."""
    try:
        return read_picture(page.image, 1).header.size
    except BadData:
        return None
