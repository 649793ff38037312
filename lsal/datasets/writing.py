"""Writing a training set: what can be read and learned goes in, the rest is named with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

from lsal.datasets.classes import Classes
from lsal.datasets.coco import Coco
from lsal.datasets.record import COCO, NOTE, PARTS, TRAIN, VAL, YOLO, Dataset
from lsal.datasets.yolo import Yolo
from lsal.errors import BadData, BadRequest
from lsal.files import write_json
from lsal.models.pictures import Header, read_picture
from lsal.models.yolo.wishes import CLASSIFY, task_of
from lsal.phrases import counted
from lsal.protocols import Report
from lsal.records import Control, Example, Progress

DRAFT = 320
READERS = 4
AHEAD = 64
NO_VAL = {
    YOLO: "val is train once more: figures on it say nothing about new images",
    COCO: "annotations_val.json is empty",
}

Parted = tuple[str, Example]


class Layout(Protocol):
    """How one format lays its files out, and how many images it wrote anew, and regions it left out."""

    anew: int
    dropped: int

    def put(self, part: str, example: Example, header: Header) -> int:
        """Take an image in; returns how many regions came with it. Raises BadData before anything is written."""

    def end(self, has_val: bool) -> None:
        """Write what tells of all images."""


@dataclass(slots=True)
class Tally:
    """What came into which part; `silent` tasks say nothing about the control."""

    images: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))
    regions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))
    empty: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))
    left_out: dict[int, str] = field(default_factory=dict)
    silent: int = 0


def learned(control: Control, format: str) -> str:
    """What there is to learn from a control; raises BadRequest where the format cannot hold it."""
    if control.object_tag != "Image":
        what = f"{format} holds images, and '{control.name}' is about {control.object_tag}"
        raise BadRequest(what, "Export its annotations: lsal export annotations")
    if control.several:
        what = f"{format} holds one class of an image, and '{control.name}' takes several"
        raise BadRequest(what, "Export its annotations: lsal export annotations")
    task = task_of(control)
    if task == CLASSIFY and format == COCO:
        what = f"coco holds objects in images, and '{control.name}' gives whole images a class"
        raise BadRequest(what, "Export the layout for classes: lsal export yolo")
    return task


def write(
    folder: Path, final: Path, format: str, control: Control, examples: Iterable[Parted], total: int, report: Report
) -> Dataset:
    """Fill an empty folder, which will be `final`; raises BadData if nothing is left to train on."""
    task, tally = learned(control, format), Tally()
    layout = _layout(folder, format, task, control)
    for number, looked_at in enumerate(_looked_at(examples)):
        report(Progress(number, total, "placing images"))
        _take(layout, tally, *looked_at)
    if not tally.images[TRAIN]:
        raise _nothing(control, tally)
    layout.end(bool(tally.images[VAL]))
    made = Dataset(
        folder=str(final),
        format=format,
        task=task,
        control=control.name,
        labels=control.labels,
        images=tally.images,
        regions=tally.regions,
        empty=tally.empty,
        anew=layout.anew,
        left_out=tally.left_out,
        notes=tuple(_notes(layout, tally, format, control)),
    )
    write_json(folder / NOTE, made)
    return made


def _layout(folder: Path, format: str, task: str, control: Control) -> Layout:
    if task == CLASSIFY:
        return Classes(folder, control.labels)
    return Yolo(folder, control, task) if format == YOLO else Coco(folder, control.labels, task)


def _take(layout: Layout, tally: Tally, part: str, example: Example, header: Header | BadData) -> None:
    if example.target is None and not example.problem:
        tally.silent += 1
        return
    try:
        if isinstance(header, BadData):
            raise header
        drawn = layout.put(part, example, header)
    except BadData as error:
        tally.left_out[example.task_id] = error.what.removeprefix(f"task {example.task_id}: ")
        return
    tally.images[part] += 1
    tally.regions[part] += drawn
    tally.empty[part] += not drawn


def _looked_at(examples: Iterable[Parted]) -> Iterator[tuple[str, Example, Header | BadData]]:
    """Every image decoded once, a few at a time: a broken one would stop a training later."""
    rest = iter(examples)
    with ThreadPoolExecutor(READERS) as readers:
        while chunk := list(islice(rest, AHEAD)):
            headers = readers.map(_header, [example for _, example in chunk])
            yield from ((part, example, header) for (part, example), header in zip(chunk, headers, strict=True))


def _header(example: Example) -> Header | BadData:
    if example.input is None or example.problem:
        return BadData(example.problem or "the task has no image")
    try:
        return read_picture(example.file, DRAFT).header
    except BadData as error:
        return error


def _nothing(control: Control, tally: Tally) -> BadData:
    what = f"Nothing to train on is labelled for '{control.name}'"
    if val := tally.images[VAL]:
        what += f", only {counted(val, 'measuring task')}"
    if tally.left_out:
        what += f"; {len(tally.left_out)} left out, the first: {next(iter(tally.left_out.values()))}"
    return BadData(what, "Label more tasks first")


def _notes(layout: Layout, tally: Tally, format: str, control: Control) -> Iterator[str]:
    if not tally.images[VAL]:
        yield f"No measuring task is labelled yet; {NO_VAL[format]}."
    if layout.dropped:
        told, are = counted(layout.dropped, "region has", "regions have"), "is" if layout.dropped == 1 else "are"
        yield f"{told} no class, or no area in the image, and {are} left out."
    if tally.silent:
        yield f"{counted(tally.silent, 'labelled task says', 'labelled tasks say')} nothing about '{control.name}'."
    if layout.anew:
        told = counted(layout.anew, "image was", "images were")
        yield f"{told} written anew, upright and opaque: programs would not see what people saw."
