"""A set of ultralytics in a scratch folder: links to the pictures where they lie, labels in text files.

FOLDER/
├── images/train/000007.jpg  images/check/...   links, or what the loader could not read as people see it
└── labels/train/000007.txt  labels/check/...   a line for each object
For classes of whole images: train/0002/000007.jpg, a folder for each class.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from lsal.errors import BadData
from lsal.models.parting import parted
from lsal.models.pictures import Header, read_picture
from lsal.models.yolo.labels import column_of, line_of
from lsal.models.yolo.placing import place
from lsal.models.yolo.wishes import CLASSIFY
from lsal.protocols import Report
from lsal.records import Example, Labels, Progress, Regions

SMALLEST = 10
"""The loader drops pictures with a shorter side."""
READERS = 4
AHEAD = 64
REPORTED = 8
PARTS = ("train", "check")


@dataclass(slots=True)
class Written:
    """The folder, for which task and labels, and what came into it; why examples were left out, by task."""

    folder: Path
    task: str
    labels: Sequence[str]
    size: int
    train: int = 0
    check: int = 0
    regions: int = 0
    nameless: int = 0
    problems: dict[int, str] = field(default_factory=dict)

    def images(self, part: str) -> Path:
        """Where the pictures of a part lie."""
        return self.folder / part if self.task == CLASSIFY else self.folder / "images" / part

    def data(self) -> dict[str, Any]:
        """What a trainer of ultralytics wants to know of a set."""
        names = [_numbered(n) for n in range(len(self.labels))] if self.task == CLASSIFY else list(self.labels)
        check = str(self.images("check" if self.check else "train"))
        common = {"path": str(self.folder), "channels": 3, "nc": len(names), "names": dict(enumerate(names))}
        return common | {"train": str(self.images("train")), "val": check, "test": check}


def write_folder(
    written: Written, train: Sequence[Example], check: Sequence[Example], seed: int, report: Report
) -> Written:
    """Write what can be read and learned; the rest is left out, with the reasons."""
    if not check:
        train, check = parted(train, seed)
    _make_folders(written)
    parts = [*(("train", example) for example in train), *(("check", example) for example in check)]
    headers = _headers(chain(train, check), written.size)
    for number, ((part, example), header) in enumerate(zip(parts, headers, strict=True)):
        if number % REPORTED == 0:
            report(Progress(0, 0, f"reading images, {number} of {len(parts)}"))
        try:
            if isinstance(header, BadData):
                raise header
            _write(written, part, number, example, header)
        except BadData as error:
            written.problems[example.task_id] = error.what
    return written


def _make_folders(written: Written) -> None:
    """Those of classes that nobody named too: loaders number the folders that they find."""
    for part in PARTS:
        written.images(part).mkdir(parents=True)
        if written.task == CLASSIFY:
            for n in range(len(written.labels)):
                (written.images(part) / _numbered(n)).mkdir()
        else:
            (written.folder / "labels" / part).mkdir(parents=True)


def _headers(examples: Iterable[Example], size: int) -> Iterator[Header | BadData]:
    """Every picture decoded once, a few at a time: what is broken would stop the training later."""
    with ThreadPoolExecutor(READERS) as readers:
        waiting: list[Future[Header | BadData]] = []
        for example in examples:
            waiting.append(readers.submit(_header, example, size))
            if len(waiting) >= AHEAD:
                yield waiting.pop(0).result()
        for each in waiting:
            yield each.result()


def _header(example: Example, size: int) -> Header | BadData:
    if example.input is None:
        return BadData(example.problem or "the task has no image", "Check the task's data")
    try:
        return read_picture(example.file, size).header
    except BadData as error:
        return error


def _write(written: Written, part: str, number: int, example: Example, header: Header) -> None:
    """One picture and its labels, or BadData before anything is written."""
    path, target = example.file, example.target
    if min(header.size) < SMALLEST:
        raise BadData(f"{path} is {header.size[0]} x {header.size[1]} pixels, too small to learn from", "Skip the task")
    images = written.images(part)
    if written.task == CLASSIFY:
        if not isinstance(target, Labels) or not target.names:
            raise BadData("it has no class", "Label it again")
        images /= _numbered(column_of(written.labels, target.names[0]))
    else:
        lines = _lines(written, target, header.size)
        if not lines and isinstance(target, Regions) and any(not region.label for region in target.items):
            raise BadData("none of its objects has a class yet", "Name them in Label Studio")
        (written.folder / "labels" / part / f"{number:06d}.txt").write_text("\n".join(lines))
        written.regions += len(lines)
    place(path, header, images / f"{number:06d}", written.size)
    written.train += part == "train"
    written.check += part == "check"


def _lines(written: Written, target: object, size: tuple[int, int]) -> list[str]:
    regions = target.items if isinstance(target, Regions) else ()
    named = [region for region in regions if region.label]
    lines = [line_of(region, size, written.labels, written.task) for region in named]
    written.nameless += len(regions) - len(named)
    return [line for line in lines if line]


def _numbered(column: int) -> str:
    return f"{column:04d}"
