"""What a user may ask of the family: its options, read and checked, and the task that a control sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lsal.errors import BadRequest
from lsal.models.choosing import Fits, check_options, whole
from lsal.records import Control

DETECT, SEGMENT, CLASSIFY = "detect", "segment", "classify"
TASKS = {"Rectangle": DETECT, "Polygon": SEGMENT, "Brush": SEGMENT}
SUFFIXES = {DETECT: "", SEGMENT: "-seg", CLASSIFY: "-cls"}
SIZES = {DETECT: 640, SEGMENT: 640, CLASSIFY: 224}
STRIDE = 32
OURS = ("data", "model", "task", "mode", "resume", "project", "name", "save_dir", "save", "plots", "pretrained", "seed")
OWN = {"imgsz": "size", "epochs": "epochs", "batch": "batch", "patience": "patience"}
"""Settings of ultralytics that lsal makes, and those for which the family has options of its own."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of the family.

    `model` is a yaml (random weights), the path of a `.pt`, or the name of one that is here; `size`
    the side of the square that images are scaled into; `batch` 0 means: what fits; `patience` the
    epochs without a better one after which training ends; `threshold` the confidence from which a
    region is shown; `points` the most corners of a predicted outline; `train` goes to ultralytics.
    `chosen` is no option: whether the user named a model.
    """

    model: str
    size: int
    epochs: int = 50
    batch: int = 0
    patience: int = 20
    threshold: float = 0.25
    points: int = 40
    train: Mapping[str, Any] = field(default_factory=dict)
    chosen: bool = False

    @property
    def weights(self) -> bool:
        """Whether `model` is a file of weights, not an architecture."""
        return self.model.lower().endswith(".pt")


def tool_of(control: Control) -> str:
    """The tag that draws the control's regions, without `Labels`; "" for classes of a whole image."""
    if control.drawn_by:
        return next(iter(control.drawn_by))
    return control.tag.removesuffix("Labels") if control.tag.endswith("Labels") else ""


def task_of(control: Control) -> str:
    """The task of a control; raises BadRequest for one that no YOLO network learns."""
    tool = tool_of(control)
    if tool:
        if tool not in TASKS:
            fix = f"Draw with one of: {', '.join(TASKS)}"
            raise BadRequest(f"yolo learns no regions of {tool}, which '{control.name}' draws", fix)
        return TASKS[tool]
    if control.several:
        what = f"yolo tells one class of an image, and '{control.name}' takes several"
        others = "image_features or transformers_image"
        raise BadRequest(what, f'Take {others}: lsal set \'family={{"{control.name}": "image_features"}}\'')
    return CLASSIFY


def read_wishes(control: Control, options: Mapping[str, Any]) -> Wishes:
    """The options, completed and checked; raises BadRequest with what there is to choose from."""
    task = task_of(control)
    wishes = Wishes(f"yolo11n{SUFFIXES[task]}.yaml", SIZES[task])
    check_options("yolo", options, _FITS)
    taken = {**{name: getattr(wishes, name) for name in _FITS}, **options}
    return Wishes(**{**taken, "model": str(taken["model"])}, chosen="model" in options)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) and not set(value) & {*OURS, *OWN}


_FITS: Fits = {
    "model": ("the name of a yaml such as yolo11s.yaml, or the path of a .pt", lambda value: bool(str(value))),
    "size": ("pixels, a multiple of 32, at least 64", lambda value: whole(2 * STRIDE)(value) and value % STRIDE == 0),
    "epochs": ("a whole number, at least 1", whole(1)),
    "batch": ("a whole number of images, 0 for what fits", whole(0)),
    "patience": ("a whole number of epochs, 0 for never", whole(0)),
    "threshold": ("a share from 0 to 1", lambda value: isinstance(value, int | float) and 0 <= value <= 1),
    "points": ("a whole number of corners, at least 3", whole(3)),
    "train": (f"settings of ultralytics that are not lsal's ({', '.join([*OURS, *OWN])})", _is_mapping),
}
