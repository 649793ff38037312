"""A network that answers: from examples to predictions, a few images at a time, broken ones told apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from lsal.errors import BadData
from lsal.models.pictures import Picture, read_picture
from lsal.models.yolo import library
from lsal.models.yolo.mirrored import disagreement, mirrored
from lsal.models.yolo.naming import Meaning
from lsal.models.yolo.nets import Net
from lsal.models.yolo.reading import Reader
from lsal.models.yolo.telling import classes, regions, unreadable
from lsal.models.yolo.wishes import CLASSIFY, Wishes
from lsal.records import Control, Example, Prediction

if TYPE_CHECKING:
    from lsal.records import Floats

CPU_CHUNK = 8
GPU_CHUNK = 32
READERS = 4


@dataclass(slots=True)
class Answering:
    """A network, what its names mean among the control's labels, and how it is asked.

    `prior` are the chances of the classes of an image that cannot be read.
    """

    control: Control
    wishes: Wishes
    net: Net
    meaning: Meaning
    prior: Floats
    _reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        device = library.device(self.wishes.train.get("device"))
        self._reader = Reader(self.net, self.wishes.size, self.meaning.columns, device)

    def predictions(
        self, examples: Sequence[Example], threshold: float, shown: float = 0.0, looks_twice: bool = False
    ) -> list[Prediction]:
        """One per example, in order; chances of regions from a confidence of `threshold` on, and those `shown`.

        Where it `looks_twice`, each has its disagreement with the mirrored image; an unreadable one has none at all: 0.
        """
        told: list[Prediction] = []
        step = CPU_CHUNK if self._reader.device == "cpu" else GPU_CHUNK
        with ThreadPoolExecutor(READERS) as readers:
            for begin in range(0, len(examples), step):
                chunk = examples[begin : begin + step]
                told += self._tell(chunk, list(readers.map(self._picture, chunk)), threshold, shown, looks_twice)
        nothing = np.zeros(self._reader.width if any(one.embedding is None for one in told) else 0, np.float32)
        return [one if one.embedding is not None else replace(one, embedding=nothing) for one in told]

    def embeddings(self, examples: Sequence[Example]) -> Floats:
        """Float32 (n, d)."""
        rows = [told.embedding for told in self.predictions(examples, 1.0) if told.embedding is not None]
        return np.stack(rows) if rows else np.zeros((0, self._reader.width), np.float32)

    def _tell(
        self,
        examples: Sequence[Example],
        pictures: Sequence[Picture | str],
        threshold: float,
        shown: float,
        looks_twice: bool,
    ) -> list[Prediction]:
        good = [each for each in pictures if isinstance(each, Picture)]
        found = self._reader.read(good, threshold)
        again = self._reader.read([mirrored(each) for each in good], threshold) if looks_twice else []
        apart = iter([disagreement(*pair) for pair in zip(found, again, strict=True)] if again else [])
        every, told = iter(found), []
        tell: Callable[..., Prediction] = classes if self.net.task == CLASSIFY else regions
        for example, picture in zip(examples, pictures, strict=True):
            if isinstance(picture, str):
                one = unreadable(self.control, example, picture, self.prior)
            else:
                one = tell(self.control, example, picture, next(every), self.meaning, self.wishes.points, shown)
            told.append(replace(one, disagreement=0.0 if one.problem else next(apart)) if looks_twice else one)
        return told

    def _picture(self, example: Example) -> Picture | str:
        """The image, or why it cannot be read."""
        if example.input is None:
            return example.problem or "the task has no image"
        try:
            return read_picture(example.file, self.wishes.size, min if self.net.task == CLASSIFY else max)
        except BadData as error:
            return error.what
