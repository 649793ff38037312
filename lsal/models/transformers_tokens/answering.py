"""A tagger that answers: from examples to predictions, a few windows at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.models import devices
from lsal.models.batches import TEXT, halved
from lsal.models.texts import text_of
from lsal.models.tokens import OUT, spans_of
from lsal.models.transformers_tokens.reading import Reading, readings_of
from lsal.models.transformers_tokens.tags import Columns
from lsal.models.transformers_tokens.wishes import Wishes
from lsal.models.transformers_training.looking import look, of_length_one, width
from lsal.models.transformers_training.nets import Net
from lsal.records import Control, Example, Prediction, Span, Spans

if TYPE_CHECKING:
    from lsal.records import Floats

GPU_CHUNK = 64


@dataclass(slots=True)
class Answering:
    """A tagger and how it is asked, also by several threads; `prior` (tags,) for tokens that the tokenizer drops."""

    control: Control
    net: Net
    prior: Floats
    wishes: Wishes
    device: str = field(default_factory=devices.best)
    _module: Any = None
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def predictions(self, examples: Sequence[Example]) -> list[Prediction]:
        """One per example, in order."""
        columns = Columns.of(self.net.names, self.control)
        readings = self._read(examples)
        rows, vectors = self._seen(readings)
        told = []
        for example, reading, vector in zip(examples, readings, vectors, strict=True):
            spans, chances = self._told(reading, [next(rows) for _ in reading.windows], columns)
            told.append(Prediction(example.task_id, spans, chances, vector, example.problem))
        return told

    def embeddings(self, examples: Sequence[Example]) -> Floats:
        """Float32 (n, d): the mean over the pieces of the last layer, of length 1; zeros where there is no word."""
        return self._seen(self._read(examples))[1]

    def _read(self, examples: Sequence[Example]) -> list[Reading]:
        texts = [text_of(example) for example in examples]
        return readings_of(self.net.tokenizer, texts, self.net.length(self.wishes))

    def _told(self, reading: Reading, rows: Sequence[Floats], columns: Columns) -> tuple[Spans, Floats]:
        """Spans, and the chances of each token; a token that the tokenizer dropped goes on with those around it."""
        chances = np.repeat(columns.collapsed(self.prior[None])[0], len(reading.tokens), axis=0)
        seen = [n for n, place in enumerate(reading.places) if place is not None]
        if not seen:
            return Spans(), chances
        places = [place for place in reading.places if place is not None]
        chances[seen], begun = columns.collapsed(np.stack([rows[window][piece] for window, piece in places]))
        shared = [n > 0 and place == places[n - 1] for n, place in enumerate(places)]
        spans = []
        for label, first, last in spans_of(self._tags(chances[seen], begun, shared)):
            score = chances[seen[first:last], self.control.labels.index(label)].min()
            start, end = reading.tokens[seen[first]].start, reading.tokens[seen[last - 1]].end
            spans.append(Span(start, end, label, float(score)))
        return Spans.of(spans), chances

    def _tags(self, chances: Floats, begun: Floats, shared: Sequence[bool]) -> list[str]:
        """The likeliest tag of each token that is in a span with the chance that is asked for.

        Two tokens of one piece cannot begin a span each: the second goes on.
        """
        best, tags = chances[:, :-1].argmax(axis=1), list[str]()
        for row, column in enumerate(best.tolist()):
            if 1 - chances[row, -1] < self.wishes.threshold:
                tags.append(OUT)
                continue
            begins = 2 * begun[row, column] > chances[row, column] and not shared[row]
            tags.append(f"{'B' if begins else 'I'}-{self.control.labels[column]}")
        return tags

    def _seen(self, readings: Sequence[Reading]) -> tuple[Iterator[Floats], Floats]:
        """The chances (pieces, tags) of every window in order, and what is seen in each text (n, d)."""
        import torch

        flat = [(n, window) for n, reading in enumerate(readings) for window in reading.windows]
        features, sizes = np.zeros((len(readings), width(self.net.module)), np.float32), np.zeros((len(readings), 1))
        rows: list[Any] = [None] * len(flat)
        order = sorted(range(len(flat)), key=lambda n: len(flat[n][1]))
        # One by one on a CPU: there, others beside a text change its last bits, and save little time.
        step = 1 if self.device == "cpu" else GPU_CHUNK
        with self._asking, torch.inference_mode():
            for begin in range(0, len(order), step):
                part = order[begin : begin + step]
                for place, chances, state in zip(part, *self._ask([flat[n][1] for n in part]), strict=True):
                    owner, window = flat[place]
                    rows[place] = chances[: len(window)]
                    features[owner] += state
                    sizes[owner] += len(window)
        return iter(rows), of_length_one(features / np.maximum(sizes, 1, dtype=np.float32))

    def _ask(self, windows: Sequence[list[int]]) -> tuple[Sequence[Floats], Floats]:
        """Chances of each piece, and the sum of the last states; in two halves where memory does not hold the whole."""
        try:
            return self._looked(windows)
        except RuntimeError as error:
            if not devices.out_of_memory(error):
                raise
            half = halved(len(windows), self.net.length(self.wishes), self.device, error, TEXT)
        devices.release()
        (one, first), (other, second) = (self._ask(part) for part in (windows[:half], windows[half:]))
        return [*one, *other], np.concatenate([first, second])

    def _looked(self, windows: Sequence[list[int]]) -> tuple[Any, Floats]:
        import torch

        seen = look(self._ready(), self.net.tokenizer, windows, states=True)
        chances = torch.softmax(seen.logits, 2).cpu().numpy()
        if seen.states is None:
            return chances, np.zeros((len(windows), width(self.net.module)), np.float32)
        return chances, (seen.states.float() * seen.mask[:, :, None]).sum(1).cpu().numpy()

    def _ready(self) -> Any:
        if self._module is None:
            self._module = self.net.module.to(self.device).eval()
        return self._module
