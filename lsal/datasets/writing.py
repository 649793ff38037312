"""Writing a training set: what can be read and learned goes in, the rest is named with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
ONLY_TRAIN = "No measuring task is labelled yet: val is train once more, and figures on it say nothing about new images"

Parted = tuple[str, Example]


class Layout(Protocol):
    """How one format lays its files out; `put` returns how many regions came in, and may raise BadData.

    `put` writes nothing of what it raises for.
    """

    anew: int
    nameless: int

    def put(self, part: str, example: Example, header: Header) -> int: ...

    def end(self, has_val: bool) -> None: ...


def learned(control: Control, format: str) -> str:
    """What there is to learn from a control; raises BadRequest where the format cannot hold it."""
    task = task_of(control) if control.object_tag == "Image" else ""
    if not task:
        what = f"{format} holds images, and '{control.name}' is about {control.object_tag}"
        raise BadRequest(what, "Export its annotations: lsal export annotations")
    if task == CLASSIFY and format == COCO:
        what = f"coco holds objects in images, and '{control.name}' gives whole images a class"
        raise BadRequest(what, "Export the layout for classes: lsal export yolo")
    return task


def write(
    folder: Path, final: Path, format: str, control: Control, examples: Iterable[Parted], total: int, report: Report
) -> Dataset:
    """Fill an empty folder, which will be `final`; raises BadData if nothing is left to train on."""
    task = learned(control, format)
    layout = _layout(folder, format, task, control)
    images, regions, empty = (dict.fromkeys(PARTS, 0) for _ in range(3))
    left_out, silent = dict[int, str](), 0
    for number, (part, example, header) in enumerate(_looked_at(examples)):
        report(Progress(number, total, "placing images"))
        silent += example.target is None and not example.problem
        try:
            if isinstance(header, BadData):
                raise header
            if example.target is None:
                continue
            drawn = layout.put(part, example, header)
        except BadData as error:
            left_out[example.task_id] = error.what
            continue
        images[part] += 1
        regions[part] += drawn
        empty[part] += not drawn and task != CLASSIFY
    if not images[TRAIN]:
        raise _nothing(control, images[VAL], left_out)
    layout.end(bool(images[VAL]))
    notes = tuple(_notes(layout, format, control, silent, bool(images[VAL])))
    made = Dataset(
        str(final), format, task, control.name, control.labels, images, regions, empty, layout.anew, left_out, notes
    )
    write_json(folder / NOTE, made)
    return made


def _layout(folder: Path, format: str, task: str, control: Control) -> Layout:
    if task == CLASSIFY:
        return Classes(folder, control.labels)
    return Yolo(folder, control, task) if format == YOLO else Coco(folder, control.labels, task)


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
        return read_picture(Path(example.input), DRAFT).header
    except BadData as error:
        return error


def _nothing(control: Control, val: int, left_out: dict[int, str]) -> BadData:
    why = f"; {len(left_out)} left out, the first: {next(iter(left_out.values()))}" if left_out else ""
    measuring = f"; {counted(val, 'measuring task')}, on which nothing trains" if val else ""
    return BadData(f"Nothing to train on is labelled for '{control.name}'{measuring}{why}", "Label more tasks first")


def _notes(layout: Layout, format: str, control: Control, silent: int, has_val: bool) -> Iterator[str]:
    if not has_val:
        yield (
            f"{ONLY_TRAIN}." if format == YOLO else "No measuring task is labelled yet: annotations_val.json is empty."
        )
    if layout.nameless:
        told = counted(
            layout.nameless, "region without a class, or outside of its image, is", "regions without a class"
        )
        yield f"{told}{', or outside of their image, are' if layout.nameless > 1 else ''} left out."
    if silent:
        yield f"{counted(silent, 'labelled task says', 'labelled tasks say')} nothing about '{control.name}'."
    if layout.anew:
        told = counted(layout.anew, "image was", "images were")
        yield f"{told} written anew, upright and opaque, as trainers would not see what people saw."
