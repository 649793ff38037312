"""COCO's JSON: images, categories, and annotations that draw boxes or outlines in pixels.

Lin et al. 2014, Microsoft COCO. A file is one object, so it is read as a whole; it is read anew for
each pass over its rows, and not kept in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from lsal.errors import BadData
from lsal.records import Regions
from lsal.sources.drawings import Drawn, outlined, region, upright_size
from lsal.sources.pages import has_text, words_in
from lsal.sources.rows import Bad, Row, Rows, Wanted
from lsal.sources.tables import unknown

TRAIN, VAL, TEST = "annotations_train.json", "annotations_val.json", "annotations_test.json"
"""What a folder's COCO files are called; the images of the last are kept for testing."""
PARTS = ("images", "annotations", "categories")
BOM = b"\xef\xbb\xbf"

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One COCO file, and the split that its images belong to."""

    path: Path
    split: str


@dataclass(frozen=True, slots=True)
class Glance:
    """The classes that the files name, in their order; whether every object has an outline, and is a mask of pixels."""

    classes: tuple[str, ...]
    outlines: bool
    masks: bool


def parts_of(path: Path) -> list[Part]:
    """The COCO files that a path leads to; none if it leads to something else."""
    if path.is_dir():
        files = [Part(path / TRAIN, "train"), Part(path / VAL, "val"), Part(path / TEST, "test")]
        return [part for part in files if part.path.is_file()] if files[0].path.is_file() else []
    return [Part(path, "train")] if is_coco(path) else []


def glance(parts: Sequence[Part]) -> Glance:
    """What there is to learn. Raises BadData for a file that is not written as COCO is."""
    classes, outlines, masks = dict[str, None](), list[bool](), list[bool]()
    for part in parts:
        told = _read(part.path)
        classes |= dict.fromkeys(_names(told, part.path).values())
        single = [one for one in told["annotations"] or () if not one.get("iscrowd")]
        outlines += [outlined(one) for one in single]
        masks += [isinstance(one.get("segmentation"), dict) for one in single]
    return Glance(tuple(classes), bool(outlines) and all(outlines), bool(masks) and all(masks))


def coco_rows(parts: Sequence[Part], wanted: Wanted, kind: str) -> Rows:
    """The images with their objects: `boxes`, `outlines` or `masks`."""

    def rows() -> Iterator[Row | Bad]:
        for part in parts:
            yield from _rows(part, wanted, kind)

    return rows


def _rows(part: Part, wanted: Wanted, kind: str) -> Iterator[Row | Bad]:
    told, found = _read(part.path), defaultdict[int | str, list[Item]](list)
    for annotation in told["annotations"] or ():
        found[_key(annotation.get("image_id"))].append(annotation)
    names = {number: wanted.aliases.get(name, name) for number, name in _names(told, part.path).items()}
    drawn = None if told["annotations"] is None else Drawn(names, kind)
    seen = set()
    for image in told["images"]:
        number, name = _key(image.get("id")), image.get("file_name")
        where = f"Image {name or number} of {part.path}"
        if number in seen:
            yield Bad(where, f"has the id of another ({number})", "Correct the file")
        elif not isinstance(name, str):
            yield Bad(where, "has no file_name", "Correct the file")
        else:
            yield _row(image, found[number], drawn, part, wanted, where)
        seen.add(number)
    for number in [number for number in found if number not in seen]:
        where = f"Annotation {found[number][0].get('id')} of {part.path}"
        yield Bad(where, f"is of an image that the file does not list ({number})", "Correct the file")


def _row(
    image: Item, annotations: Sequence[Item], drawn: Drawn | None, part: Part, wanted: Wanted, where: str
) -> Row | Bad:
    """One image with what is `drawn` in it, nothing known where that is None."""
    field = next(iter(wanted.fields or ["image"]))
    try:
        file = _file(image["file_name"], part.path.parent, wanted)
        size = upright_size(file, (image.get("width"), image.get("height")))
        objects = None if drawn is None else Regions(tuple(region(one, drawn, size) for one in annotations), size)
    except BadData as error:
        return Bad(where, error.what, error.fix)
    boxes = drawn is not None and drawn.kind == "boxes" and has_text(annotations)
    told = words_in(annotations, objects) if boxes and objects is not None else {}
    row = Row({field: file, **told}, split=part.split, objects=objects, where=where)
    return unknown(where, row.classes, wanted, "take its annotations out") or row


def _file(name: str, folder: Path, wanted: Wanted) -> Path:
    beside = next((path for path in (folder / name, folder / "images" / name) if path.is_file()), None)
    found = beside or wanted.find(name)
    if found is None:
        raise BadData("is not there", "Give the folder that holds the images: --files FOLDER")
    return found


def is_coco(path: Path) -> bool:
    """Whether a file is a JSON object with images, and what names or draws something in them."""
    if path.suffix.lower() != ".json":
        return False
    try:
        with path.open("rb") as file:
            if not file.read(64).removeprefix(BOM).lstrip().startswith(b"{"):
                return False
        told = orjson.loads(path.read_bytes().removeprefix(BOM))
    except (OSError, ValueError):
        return False  # whoever reads it as something else says what is wrong
    return isinstance(told.get("images"), list) and ("annotations" in told or "categories" in told)


def _read(path: Path) -> dict[str, Any]:
    """The three lists of a file; None instead of annotations where it has no such list at all."""
    fix = "Give COCO's JSON: images, annotations, categories"
    try:
        told = orjson.loads(path.read_bytes().removeprefix(BOM))
    except (OSError, ValueError) as error:
        raise BadData(f"{path} cannot be read as JSON ({error})", fix) from None
    if not isinstance(told, dict):
        raise BadData(f"{path} is no object with images, annotations and categories", fix)
    told = {name: told.get(name, None if name == "annotations" else []) for name in PARTS}
    for name, items in told.items():
        if items is not None and not (isinstance(items, list) and all(isinstance(one, dict) for one in items)):
            raise BadData(f"The {name} of {path} are no list of objects", fix)
    return told


def _names(told: Mapping[str, Any], path: Path) -> dict[int | str, str]:
    """The categories by their ids, in the order of the file."""
    for category in told["categories"]:
        if not isinstance(category.get("name"), str) or not category["name"] or "id" not in category:
            raise BadData(f"A category of {path} has no id or no name: {category!r:.60}", "Correct the file")
    return {_key(category["id"]): category["name"] for category in told["categories"]}


def _key(number: Any) -> int | str:
    """An id, which may be anything that JSON can hold."""
    return number if isinstance(number, int | str) else repr(number)
