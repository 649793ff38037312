"""A training set that was exported, as a sheet."""

from __future__ import annotations

from lsal.dashboard.tables import Sheet
from lsal.datasets import COCO, TRAIN, Dataset
from lsal.phrases import counted

NAMED = 3
"""So many of the tasks that were left out are named; the folder's lsal.json names all."""


def dataset_sheet(shown: Dataset) -> Sheet:
    """A line for each part, how to train with it, and what is not in it."""
    title = f"{counted(sum(shown.images.values()), 'image')} of '{shown.control}' as {shown.format.upper()}"
    facts = [("folder", shown.folder), ("classes", ", ".join(shown.labels))]
    facts += [("read it with", _use(shown))]
    classes = shown.task == "classify"
    columns = ("part", "images") if classes else ("part", "images", "regions", "showing nothing")
    rows = [
        tuple(f"{one}" for one in (part, count, shown.regions[part], shown.empty[part]))[: len(columns)]
        for part, count in shown.images.items()
    ]
    return Sheet(title, tuple(facts), columns, tuple(rows), (*_left_out(shown), *shown.notes))


def _use(shown: Dataset) -> str:
    if shown.format == COCO:
        return f"{shown.folder}/annotations_{TRAIN}.json and images/"
    data = shown.folder if shown.task == "classify" else f"{shown.folder}/data.yaml"
    return f"yolo {shown.task} train data={data}"


def _left_out(shown: Dataset) -> tuple[str, ...]:
    if not shown.left_out:
        return ()
    named = [f"task {task}: {why}" for task, why in list(shown.left_out.items())[:NAMED]]
    more = "; the others are named in lsal.json" if len(shown.left_out) > NAMED else ""
    return (f"Left out {counted(len(shown.left_out), 'task')}: {'; '.join(named)}{more}.",)
