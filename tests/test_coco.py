"""COCO's files as sources: boxes and outlines are read as they were drawn, and what is broken is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_toys import Told, coco
from faster_coco_eval.core import mask as rle
from PIL import Image

from lsal.brushes import mask_of
from lsal.errors import BadData, BadRequest
from lsal.kinds.writing import drawn, taking
from lsal.label_studio.config import read_config
from lsal.records import Box, Polygon, Region, Regions
from lsal.rehearsal import rehearse
from lsal.rehearsal import source as rehearsal
from lsal.runs import runs_of
from lsal.sources import Source, Wanted, read_source
from lsal.testing.materials import SIDE, square

FIX = "leave such rows out: --skip-bad"


def read(path: Path, skip_bad: bool = False, **wanted: Any) -> Source:
    return read_source(str(path), path, Wanted(**wanted), skip_bad=skip_bad)


def pixels(box: Box, width: int, height: int) -> list[float]:
    return [box.x * width, box.y * height, box.width * width, box.height * height]


def test_boxes_are_those_of_the_file(tmp_path: Path) -> None:
    source = read(coco(tmp_path / "zoo", range(6)))
    assert (source.title, source.kind, source.labels) == ("zoo", "boxes", ("dog", "cat"))
    (control,) = read_config(source.config).controls
    assert (control.tag, control.name, control.data_key) == ("RectangleLabels", "label", "image")
    assert control.labels == ("dog", "cat"), "the order of the categories"
    for number, row in enumerate(source.rows):
        left, top, side = square(number)
        assert row.data == {"image": tmp_path / "zoo" / "images" / f"{'cat' if number % 2 == 0 else 'dog'}{number}.png"}
        assert row.objects is not None
        assert row.objects.size == (SIDE, SIDE)
        (one,) = row.objects.items
        assert one.label == ("cat", "dog")[number % 2]
        assert pixels(one.shape, SIDE, SIDE) == pytest.approx([left, top, side, side])


def test_outlines_are_taken_where_every_object_has_one(tmp_path: Path) -> None:
    source = read(coco(tmp_path / "zoo", range(3), outlines=True))
    assert (source.kind, read_config(source.config).controls[0].tag) == ("outlines", "PolygonLabels")
    left, top, side = square(0)
    corners = ((left, top), (left + side, top), (left + side, top + side), (left, top + side))
    shares = tuple((x / SIDE, y / SIDE) for x, y in corners)
    assert source.rows[0].objects == Regions((Region("cat", Polygon(shares)),))

    def forget(told: Told) -> None:
        del told["annotations"][1]["segmentation"]

    assert read(coco(tmp_path / "one without", range(3), outlines=True, change=forget)).kind == "boxes"
    assert read(tmp_path / "zoo", outlines=False).kind == "boxes", "a config of one's own may ask for boxes"


def test_a_folders_test_file_is_kept_for_testing(tmp_path: Path) -> None:
    coco(tmp_path / "zoo", range(4))
    coco(tmp_path / "zoo", range(4, 6), "annotations_test.json")
    assert read(tmp_path / "zoo").found.splits == ("train",) * 4 + ("test",) * 2
    one = read(tmp_path / "zoo" / "annotations_test.json")
    assert (one.title, one.found.splits) == ("annotations_test", ("train",) * 2)
    given = rehearsal.read_source(tmp_path / "zoo", "text", "label")
    assert [len(part) for part in given.pool_and_test(0)] == [4, 2]
    assert (given.family, given.by.metric, given.control.tag) == ("yolo", "mAP50", "RectangleLabels")


def test_a_folder_of_classes_can_be_rehearsed_too(tmp_path: Path) -> None:
    for number in range(20):
        folder = tmp_path / ("dark", "light")[number % 2]
        folder.mkdir(exist_ok=True)
        Image.new("L", (16, 16), 20 + number + 200 * (number % 2)).save(folder / f"{number}.png")
    given = rehearsal.read_source(tmp_path, "text", "label")
    assert (given.family, given.by.metric, given.control.labels) == ("image_features", "accuracy", ("dark", "light"))
    assert len(rehearse(tmp_path, start=4, batch=4, budget=8, seeds=1, family="random").results) == 3


def test_an_image_without_objects_is_an_answer_and_one_nobody_looked_at_is_none(tmp_path: Path) -> None:
    def empty(told: Told) -> None:
        del told["annotations"][0]

    def unlabelled(told: Told) -> None:
        del told["annotations"]

    first = read(coco(tmp_path / "zoo", range(3), change=empty)).rows[0]
    assert first.target == Regions()
    source = read(coco(tmp_path / "new", range(3), change=unlabelled))
    assert (source.labels, source.kind, source.found.labelled) == (("dog", "cat"), "boxes", 0)
    assert [row.target for row in source.rows] == [None] * 3


def test_parts_of_an_object_become_one_outline(tmp_path: Path) -> None:
    def part(told: Told) -> None:
        told["annotations"][0]["segmentation"] = [[0, 0, 10, 0, 10, 10, 0, 10], [20, 0, 30, 0, 30, 10, 20, 10]]

    (one,) = read(coco(tmp_path / "zoo", range(2), outlines=True, change=part)).rows[0].objects.items
    corners = [(round(x * SIDE), round(y * SIDE)) for x, y in one.shape.points]
    assert set(corners) == {(0, 0), (10, 0), (10, 10), (0, 10), (20, 0), (30, 0), (30, 10), (20, 10)}
    assert shoelace(corners) == 200, "the line between them has no width"


def shoelace(corners: list[tuple[int, int]]) -> float:
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    return abs(sum(x * q - p * y for (x, y), (p, q) in pairs)) / 2


def test_a_drawing_that_leaves_its_image_by_rounding_is_cut(tmp_path: Path) -> None:
    def widen(told: Told) -> None:
        told["annotations"][0]["bbox"] = [-0.4, 0, SIDE + 0.9, SIDE]

    (one,) = read(coco(tmp_path / "zoo", range(2), change=widen)).rows[0].objects.items
    assert one.shape == Box(0.0, 0.0, 1.0, 1.0)


def of_first(**more: Any) -> Callable[[Told], None]:
    return lambda told: told["annotations"][0].update(more)


def image(**more: Any) -> Callable[[Told], None]:
    return lambda told: told["images"][0].update(more)


BROKEN = {
    "outside": (
        of_first(bbox=[50, 2, 20, 9]),
        r"annotation 100, whose box leaves the image's 64 x 64 pixels at 70, 11",
    ),
    "no width": (of_first(bbox=[5, 5, 0, 9]), "annotation 100, whose bbox is no left, top, width and height"),
    "no box": (of_first(bbox=None), "annotation 100, whose bbox is no left"),
    "words": (of_first(bbox=["1", 2, 3, 4]), "annotation 100, whose bbox is no left"),
    "category": (of_first(category_id=9), "annotation 100 of category 9, which the file does not list"),
    "list as category": (of_first(category_id=[7]), r"annotation 100 of category \[7\]"),
    "crowd": (of_first(iscrowd=1, segmentation={"counts": [1], "size": [2, 2]}), "annotation 100, which is a crowd"),
    "image": (image(file_name="images/none.png"), "none.png of .* is not there"),
    "no name": (image(file_name=None), "Image 0 of .* has no file_name"),
    "size": (image(width=60), "has 64 x 64 pixels, and not the 60 x 64 that are stated"),
    "same id": (lambda told: told["images"].insert(1, told["images"][0]), "has the id of another"),
    "no image": (of_first(image_id=99), "Annotation 100 of .* is of an image that the file does not list"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named_by_image_and_file(tmp_path: Path, name: str) -> None:
    change, why = BROKEN[name]
    folder = coco(tmp_path / "zoo", range(4), change=change)
    with pytest.raises(BadData, match=why) as caught:
        read(folder)
    assert "annotations_train.json" in caught.value.what
    assert FIX in caught.value.fix
    left = read(folder, skip_bad=True)
    assert (left.kind, left.found.bad_count) == ("boxes", 1)
    assert left.found.count == (4 if name in ("same id", "no image") else 3)


@pytest.mark.parametrize(
    ("segmentation", "why"),
    [
        ({"counts": "abc", "size": [64, 64]}, "is a run-length code and no polygon"),
        ([[1, 2, 3, 4]], "is no list of polygons"),
        ([[1, 2, 3, 4, 5]], "is no list of polygons"),
        ("x", "is no list of polygons"),
        ([[1, 2, 3, 4, 5, 90]], "outline leaves the image's 64 x 64 pixels at 5, 90"),
        ([[1, 2, 1, 4, 1, 9]], "outline holds nothing of the image"),
    ],
)
def test_a_broken_outline_is_named(tmp_path: Path, segmentation: Any, why: str) -> None:
    folder = coco(tmp_path / "zoo", range(3), outlines=True, change=of_first(segmentation=segmentation))
    with pytest.raises(BadData, match=why):
        read(folder)
    assert read(folder, skip_bad=True).found.count == 2


def masks(told: Told) -> None:
    """Squares as run-length codes, compressed and not."""
    for number, one in enumerate(told["annotations"]):
        left, top, width, height = one["bbox"]
        mask = np.zeros((SIDE, SIDE), bool)
        mask[top : top + height, left : left + width] = True
        packed = rle.encode(np.asfortranarray(mask, dtype=np.uint8))
        short = {"counts": bytes(packed["counts"]).decode(), "size": [SIDE, SIDE]}
        one["segmentation"] = short if number % 2 else {"counts": runs_of(mask), "size": [SIDE, SIDE]}


def test_run_length_codes_are_masks(tmp_path: Path) -> None:
    source = read(coco(tmp_path / "zoo", range(4), change=masks))
    assert (source.kind, read_config(source.config).controls[0].tag) == ("masks", "BrushLabels")
    for number, row in enumerate(source.rows):
        assert row.objects is not None
        (one,), (left, top, side) = row.objects.items, square(number)
        mask = mask_of(one.shape)
        assert mask[top : top + side, left : left + side].all()
        assert mask.sum() == side * side
    assert read(tmp_path / "zoo", outlines=False).kind == "boxes", "a config of one's own may ask for boxes"


@pytest.mark.parametrize(
    ("segmentation", "why"),
    [
        ({"counts": [4000, 96], "size": [32, 128]}, r"is of height and width \[32, 128\], and not \[64, 64\]"),
        ({"counts": [4000, 97], "size": [64, 64]}, "is no run-length code of 64 x 64 pixels"),
        ({"counts": "0h", "size": [64, 64]}, "is no run-length code of 64 x 64 pixels: '0h'"),
        ({"counts": {}, "size": [64, 64]}, "is no run-length code"),
        ({"counts": [4096], "size": [64, 64]}, "mask holds nothing of the image"),
    ],
)
def test_a_broken_run_length_code_is_named(tmp_path: Path, segmentation: Any, why: str) -> None:
    def spoil(told: Told) -> None:
        masks(told)
        told["annotations"][0]["segmentation"] = segmentation

    with pytest.raises(BadData, match=f"has annotation 100.* {why}"):
        read(coco(tmp_path / "zoo", range(3), change=spoil))


def test_an_image_that_cannot_be_read_or_is_shown_turned_is_named(tmp_path: Path) -> None:
    folder = coco(tmp_path / "zoo", range(3))
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.open(folder / "images" / "dog1.png").save(folder / "images" / "dog1.png", exif=turned)
    with pytest.raises(BadData, match=r"dog1\.png of .* is turned by its EXIF data"):
        read(folder)
    (folder / "images" / "dog1.png").write_bytes(b"")
    with pytest.raises(BadData, match=r"dog1\.png of .* is no image that can be read"):
        read(folder)


def test_images_that_lie_elsewhere_are_found(tmp_path: Path) -> None:
    folder = coco(
        tmp_path / "zoo", range(3), change=lambda told: [one.update(file_name="x.png") for one in told["images"]]
    )
    with pytest.raises(BadData, match="3 rows cannot be taken") as caught:
        read(folder)
    assert "--files" in caught.value.fix
    there = folder / "images" / "cat0.png"
    assert read(folder, find=lambda name: there if name == "x.png" else None).rows[0].data == {"image": there}


def test_classes_may_be_chosen_and_are_never_missing(tmp_path: Path) -> None:
    folder = coco(tmp_path / "zoo", range(3))
    assert read(folder, labels=("eel", "cat", "dog")).labels == ("eel", "cat", "dog")
    with pytest.raises(BadData, match="has the label 'dog', which is not among cat, eel"):
        read(folder, labels=("cat", "eel"))

    def nothing(told: Told) -> None:
        told["annotations"], told["categories"] = [], []

    with pytest.raises(BadRequest, match="tells no classes"):
        read(coco(tmp_path / "none", range(3), change=nothing))


@pytest.mark.parametrize(
    "content", ["[]", '{"images": 3}', '{"images": [], "annotations": [3]}', "{", '{"images": [], "categories": [{}]}']
)
def test_a_folders_file_that_is_none_of_cocos_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "annotations_train.json").write_text(content)
    with pytest.raises(BadData, match=r"annotations_train\.json"):
        read(tmp_path)


def test_other_json_stays_what_it_was(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"text": "a", "label": "x"}))
    assert read(tmp_path / "t.json", labels=("x", "y")).kind == "text"


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "kind", "labels", "rows", "objects", "test"),
    [
        ("bccd", "boxes", ("RBC", "WBC", "Platelets"), 364, 4886, 72),
        ("raccoon", "boxes", ("raccoon",), 200, 217, 40),
        ("nuclei_fluor", "outlines", ("nucleus",), 200, 5652, 50),
    ],
)
def test_real_sets_are_read_whole(
    shared_data: Path, name: str, kind: str, labels: tuple[str, ...], rows: int, objects: int, test: int
) -> None:
    source = read(shared_data / name)
    assert (source.title, source.kind, source.labels) == (name, kind, labels)
    assert (source.found.count, source.found.bad_count, source.found.splits.count("test")) == (rows, 0, test)
    assert sum(len(row.objects.items) for row in source.rows if row.objects) == objects
    control, of = taking(read_config(source.config).controls, source.tool) or pytest.fail("no kind handles it")
    known = {
        one["file_name"]: one
        for one in json.loads((shared_data / name / "annotations_test.json").read_bytes())["images"]
    }
    for row in source.rows:
        result = drawn(of, control, row.objects)
        assert of.target(control, result).names == row.objects.names
        told = known.get(f"images/{row.data['image'].name}") if row.split == "test" else None
        assert told is None or row.objects.size == (told["width"], told["height"])
