"""The layout of YOLO's networks: images, a text file of boxes or outlines for each, and data.yaml.

FOLDER/
├── data.yaml                               classes and parts; paths count from this file, the folder may move
├── images/train/17-cat.jpg  images/val/...
└── labels/train/17-cat.txt  labels/val/... a line for each object, none for an image that shows nothing
"""

from __future__ import annotations

from pathlib import Path

from lsal.datasets.placing import name_of, place, refuse_unnamed
from lsal.datasets.record import PARTS, TRAIN, VAL
from lsal.errors import BadData
from lsal.files import to_json
from lsal.models.pictures import Header
from lsal.models.yolo import library
from lsal.models.yolo.labels import line_of
from lsal.models.yolo.wishes import tool_of
from lsal.records import Control, Example, Regions

SMALLEST = 10
"""Trainers drop pictures with a shorter side."""


class Yolo:
    """Boxes upright, outlines as they were drawn, masks by an outline around all of their parts."""

    def __init__(self, folder: Path, control: Control, task: str) -> None:
        if tool_of(control) == "Brush":
            library.load()  # it traces masks; asked here, before anything is written
        self.folder, self.labels, self.task = folder, control.labels, task
        self.anew = self.dropped = 0
        for part in PARTS:
            (folder / "images" / part).mkdir(parents=True)
            (folder / "labels" / part).mkdir(parents=True)

    def put(self, part: str, example: Example, header: Header) -> int:
        """One image with the lines of its objects."""
        path = large_enough(example, header)
        regions = example.target.items if isinstance(example.target, Regions) else ()
        lines = [line_of(each, header.size, self.labels, self.task) for each in regions if each.label]
        lines = [line for line in lines if line]
        refuse_unnamed(regions, len(lines))
        stem = self.folder / "images" / part / name_of(example.task_id, path)
        # Its loader turns photos as their EXIF data say: a link shows them upright, as people saw them.
        self.anew += place(path, header, stem, turned=True)[1]
        self.dropped += len(regions) - len(lines)
        told = "".join(f"{line}\n" for line in lines)
        (self.folder / "labels" / part / f"{stem.name}.txt").write_text(told)
        return len(lines)

    def end(self, has_val: bool) -> None:
        """Say what there is: the last file to be written."""
        names = [f"  {number}: {to_json(label).decode()}" for number, label in enumerate(self.labels)]
        val = f"val: images/{VAL}" if has_val else f"val: images/{TRAIN}  # no measuring task is labelled yet"
        told = [f"# yolo {self.task} train data=data.yaml", f"train: images/{TRAIN}", val, "names:", *names]
        (self.folder / "data.yaml").write_text("\n".join(told) + "\n", "utf-8")


def large_enough(example: Example, header: Header) -> Path:
    """The image's file; raises BadData for one that trainers would pass over in silence."""
    if min(header.size) < SMALLEST:
        what = f"{example.input} is {header.size[0]} x {header.size[1]} pixels, too small to learn from"
        raise BadData(what, "Skip the task")
    return example.file
