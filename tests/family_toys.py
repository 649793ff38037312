"""A toy for every registered family and every kind that names it, with a network that learns it in a blink.

A family that is added later comes by itself, with its defaults; one whose defaults need weights gets a line in
`SMALL`. A kind that is added later gets a line in `TOYS`, and the tests say so until it has one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from text_toys import BERT, encoder

from lsal.kinds import KINDS
from lsal.models import MODELS
from lsal.records import Control, Example
from lsal.testing import layouts, materials, regions, spans

HERE = Path(__file__).parent / "architectures"
SINGLE_IMAGE = Control("c", "x", "Choices", "Image", "x", materials.CLASSES)


def _regions(control: Control, folder: Path) -> list[Example]:
    return [regions.example_of(folder, control, number) for number in range(12)]


TOYS: Mapping[str, tuple[Control, Callable[[Path], Sequence[Example]]]] = {
    "text_choices": (materials.SINGLE, partial(materials.toy, materials.texts)),
    "image_choices": (SINGLE_IMAGE, partial(materials.toy, materials.images)),
    "image_boxes": (regions.BOXES, partial(_regions, regions.BOXES)),
    "image_masks": (regions.OUTLINES, partial(_regions, regions.OUTLINES)),
    "text_spans": (spans.SPANS, lambda folder: [spans.example_of(folder, number) for number in range(12)]),
    "document_layout": (layouts.PAGES, lambda folder: [layouts.page_example(folder, n) for n in range(12)]),
}
QUICK = {"epochs": 1, "patience": 0, "batch": 4}
SMALL: Mapping[str, Mapping[str, Any]] = {
    "transformers_text": {"model": BERT, **QUICK},
    "transformers_tokens": {"model": BERT, **QUICK},
    "transformers_image": {"model": str(HERE / "tiny-vit.json"), "size": 32, **QUICK},
    "layoutlmv3": {"model": str(HERE / "tiny-layoutlmv3.json"), **QUICK},
    "yolo": {"size": 64, **QUICK},
}
NETS = {"image_choices": "tiny-cls.yaml", "image_boxes": "tiny.yaml", "image_masks": "tiny-seg.yaml"}


@dataclass(frozen=True, slots=True)
class Toy:
    """A family at one kind: its control, twelve labelled examples, and the options of a small network."""

    family: str
    kind: str
    control: Control
    examples: Sequence[Example]
    options: Mapping[str, Any]


def toys(folder: Path) -> Iterator[Toy]:
    """One for each family of the registry and each kind that names it; files go below `folder`."""
    for family in MODELS:
        kinds = [name for name in KINDS if family in KINDS[name].families]
        assert kinds, f"no kind names the family {family}"
        for kind in kinds:
            assert kind in TOYS, f"give the kind {kind} a line in TOYS"
            control, make = TOYS[kind]
            place = folder / family / kind
            place.mkdir(parents=True)
            yield Toy(family, kind, control, make(place), _small(family, kind, place))


def _small(family: str, kind: str, folder: Path) -> Mapping[str, Any]:
    if family == "yolo":
        return {**SMALL[family], "model": str(HERE / NETS[kind])}
    if family == "embedded_text":
        return {"model": encoder(folder / "encoder")}
    return SMALL.get(family, {})
