"""The images of a training, read once and kept small; those that memory does not hold are read again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from lsal.errors import BadData
from lsal.models.pictures import read_picture
from lsal.protocols import Report
from lsal.records import Example, Progress

READERS = 4
READ_AT_ONCE = 16
MOST_BYTES = 2_000_000_000
ROOM = 1.25
"""The shorter side of a kept image, in sides of what the network sees: some of it is cut away by chance."""


def small_picture(example: Example, side: int) -> Image.Image | str:
    """The image, its shorter side no more than ROOM * `side`; or why it cannot be read."""
    if example.input is None:
        return example.problem or "the task has no image"
    try:
        image = read_picture(example.file, side, min).image
    except BadData as error:
        return error.what
    share = ROOM * side / min(image.size)
    if share >= 1:
        return image
    width, height = (max(1, round(length * share)) for length in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR)


class Shelf:
    """Images by their place; `problems` says which tasks have none, and why."""

    def __init__(self, side: int, most_bytes: int = MOST_BYTES) -> None:
        self.side, self.problems = side, dict[int, str]()
        self._examples: list[Example] = []
        self._kept: dict[int, Image.Image] = {}
        self._room = most_bytes

    def put(self, examples: Sequence[Example], report: Report) -> list[int]:
        """Read all, and give the places of those that can be read, in order."""
        places = []
        with ThreadPoolExecutor(READERS) as readers:
            for begin in range(0, len(examples), READ_AT_ONCE):
                report(Progress(0, 0, f"reading images, {begin} of {len(examples)}"))
                chunk = examples[begin : begin + READ_AT_ONCE]
                images = readers.map(lambda example: small_picture(example, self.side), chunk)
                for example, image in zip(chunk, images, strict=True):
                    if isinstance(image, str):
                        self.problems[example.task_id] = image
                    else:
                        places.append(self._take(example, image))
        return places

    def example(self, place: int) -> Example:
        """Of which example the image at a place is."""
        return self._examples[place]

    def image(self, place: int) -> Image.Image:
        """The image at a place; raises BadData if its file has changed since, and cannot be read any more."""
        image = self._kept.get(place) or small_picture(self._examples[place], self.side)
        if isinstance(image, str):
            raise BadData(image, "Put the file back, then: lsal train")
        return image

    def _take(self, example: Example, image: Image.Image) -> int:
        place = len(self._examples)
        self._examples.append(example)
        size = 3 * image.width * image.height
        if size <= self._room:
            self._kept[place] = image
            self._room -= size
        return place
