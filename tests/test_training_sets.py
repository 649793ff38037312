"""Training sets as folders, from a real Label Studio: ultralytics and COCO's readers find in them what was drawn."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_toys import CATEGORIES, coco
from faster_coco_eval import COCO, COCOeval_faster
from PIL import Image
from projects import annotations_digest, demo_of_texts, measure
from yolo_toys import HERE

from lsal import cli
from lsal.brushes import brush_of, mask_of
from lsal.dashboard.sheets import sheet
from lsal.datasets import Dataset
from lsal.errors import BadData, BadRequest
from lsal.geometry import upright
from lsal.kinds.shapes import write_shape
from lsal.label_studio.server import Server
from lsal.models.yolo import library
from lsal.records import Box, Brush, Polygon, Region, Regions
from lsal.sources import read_source
from lsal.testing.materials import SIDE, images, square
from lsal.workbench import Workbench
from lsal.worker.answers import measuring_tasks

Shapes = dict[int, Regions]
TILTED = Box(0.5, 0.25, 0.3, 0.2, angle=30.0)
TURNED, WIDE = 90, 91
"""Numbers of the images that are no squares: a photo that is shown turned, and one of a wide box that is tilted."""
BRUSH = (
    '<View><Image name="i" value="$image"/><BrushLabels name="b" toName="i">'
    '<Label value="dog"/><Label value="cat"/></BrushLabels></View>'
)
TWO = (
    '<View><Image name="i" value="$image"/><Choices name="scene" toName="i"><Choice value="in"/><Choice value="out"/>'
    '</Choices><RectangleLabels name="box" toName="i"><Label value="dog"/></RectangleLabels>'
    '<PolygonLabels name="ring" toName="i"><Label value="zebra"/><Label value="dog"/></PolygonLabels></View>'
)


def odd(told: dict[str, Any], folder: Path) -> None:
    """Beside the squares: a photo on its side, a wide picture, and a picture that shows nothing."""
    shown = Image.new("RGB", (48, 64), (100, 100, 100))
    shown.paste((220, 20, 20), (8, 40, 32, 60))
    exif = Image.Exif()
    exif[0x0112] = 6
    shown.transpose(Image.Transpose.ROTATE_90).save(folder / "images" / "turned.jpg", exif=exif, quality=95)
    Image.new("RGB", (200, 100), (100, 100, 100)).save(folder / "images" / "wide.webp", lossless=True)
    Image.new("RGB", (64, 64), (100, 100, 100)).save(folder / "images" / "nothing.gif")
    for number, name, size in (
        (TURNED, "turned.jpg", (48, 64)),
        (WIDE, "wide.webp", (200, 100)),
        (92, "nothing.gif", (64, 64)),
    ):
        told["images"].append({"id": number, "file_name": f"images/{name}", "width": size[0], "height": size[1]})
    dog, cat = (one["id"] for one in CATEGORIES)
    told["annotations"] += [
        {"id": 1, "image_id": TURNED, "category_id": cat, "bbox": [8, 40, 24, 20]},
        {"id": 2, "image_id": WIDE, "category_id": dog, "bbox": [10, 10, 20, 20]},
    ]


def project(root: Path, folder: Path, count: int = 24, **more: Any) -> Workbench:
    """A labelled project of a folder of COCO; a quarter of its tasks measure."""
    bench = Workbench(root).new(str(folder), with_labels=True, title=f"set {folder.parent.name}"[:50], **more)
    bench.sync()
    measure(bench, bench.desk.mirror.count() // 4)
    return bench


@pytest.fixture(scope="module")
def boxes(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """Squares and odd images, one of them with a tilted box, one that cannot be read any more."""
    folder = tmp_path_factory.mktemp("boxes") / "zoo"
    bench = project(root, coco(folder, range(22), change=lambda told: odd(told, folder)))
    tasks = {task.data["image"].rpartition("-")[2]: task.id for task in bench.desk.mirror.tasks()}
    region = {"type": "rectanglelabels", "from_name": "label", "to_name": "image", "id": "a"}
    value = write_shape(TILTED) | {"rectanglelabels": ["dog"]}
    given = [region | {"value": value, "original_width": 200, "original_height": 100, "image_rotation": 0}]
    bench.desk.project.submit(tasks["wide.webp"], given, 1.0)
    next((bench.root / "files" / bench.home.slug).rglob("*-cat0.png")).write_bytes(b"no image any more")
    return bench


def known(bench: Workbench, control: str = "label") -> Shapes:
    """What lsal knows of each labelled task that can be read."""
    found = bench.desk.labelled(control, bench.desk.mirror.labelled())
    return {one.task_id: one.target for one in found if isinstance(one.target, Regions) and not one.problem}


def loaded(made: Dataset, part: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A part as ultralytics' own loader reads it from data.yaml."""
    library.load()
    from ultralytics.data import utils
    from ultralytics.data.dataset import YOLODataset

    monkeypatch.setattr(utils, "check_font", lambda name: None)  # it would look for one on the net
    data = utils.check_det_dataset(f"{made.folder}/data.yaml", autodownload=False)
    return YOLODataset(img_path=data[part], data=data, task=made.task, augment=False, imgsz=SIDE)


def of_task(file: str) -> int:
    return int(Path(file).name.partition("-")[0])


def expected(region: Region, size: tuple[int, int]) -> list[float]:
    assert isinstance(region.shape, Box)
    left, top, right, bottom = upright(region.shape, size)
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


# Boxes ----------------------------------------------------------------------------


def test_ultralytics_reads_the_boxes_that_were_drawn(
    boxes: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = annotations_digest(boxes)
    made = boxes.export("yolo", out=tmp_path / "set")
    assert isinstance(made, Dataset)
    assert annotations_digest(boxes) == before
    truth, measured = known(boxes), {task.id for task in measuring_tasks(boxes.desk)}
    assert len(truth) == 24
    assert measured & truth.keys()
    for part, tasks in (("train", truth.keys() - measured), ("val", truth.keys() & measured)):
        read = loaded(made, part, monkeypatch)
        assert read.data["names"] == {0: "dog", 1: "cat"}, "the order of the label config"
        assert {of_task(one["im_file"]) for one in read.labels} == tasks
        for one in read.labels:
            regions = truth[of_task(one["im_file"])]
            size = one["shape"][::-1]
            assert len(one["bboxes"]) == len(regions.items)
            for box, column, region in zip(one["bboxes"], one["cls"], regions.items, strict=True):
                assert box.tolist() == pytest.approx(expected(region, size), abs=0.001)
                assert read.data["names"][int(column[0])] == region.label
        assert made.images[part] == len(tasks)
        assert made.regions[part] == sum(len(truth[task].items) for task in tasks)
    assert sum(made.empty.values()) == 1
    files = [*Path(made.folder).rglob("images/*/*.*")]
    texts = {path.stem: path.read_text() for path in Path(made.folder).rglob("*.txt")}
    assert {path.stem for path in files} == texts.keys(), "an image that shows nothing has an empty file"
    assert list(texts.values()).count("") == 1
    assert all(path.stat().st_nlink > 1 for path in files if path.suffix in (".jpg", ".webp"))


def test_a_tilted_box_becomes_the_upright_one_around_it(boxes: Workbench, tmp_path: Path) -> None:
    made = boxes.export("yolo", out=tmp_path / "set")
    (told,) = [path.read_text().split() for path in Path(made.folder).rglob("*-wide.txt")]
    middle = np.array([100 + (60 * np.cos(np.pi / 6) - 20 * np.sin(np.pi / 6)) / 2, 0.0])
    assert float(told[1]) * 200 == pytest.approx(middle[0], abs=0.2)
    assert float(told[3]) * 200 == pytest.approx(60 * np.cos(np.pi / 6) + 20 * np.sin(np.pi / 6), abs=0.2)
    assert float(told[4]) * 100 == pytest.approx(60 * np.sin(np.pi / 6) + 20 * np.cos(np.pi / 6), abs=0.2)


def test_in_a_photo_that_is_shown_turned_the_box_is_where_the_object_is(
    boxes: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = boxes.export("yolo", out=tmp_path / "set")
    found = [(read, n) for read in (loaded(made, part, monkeypatch) for part in ("train", "val"))
             for n, one in enumerate(read.labels) if "turned" in one["im_file"]]  # fmt: skip
    ((read, n),) = found
    label, (pixels, *_) = read.labels[n], read.load_image(n)
    red = pixels[:, :, 2].astype(int) - pixels[:, :, 0] > 100
    rows, columns = np.nonzero(red)
    height, width = red.shape
    (x, y, w, h) = label["bboxes"][0].tolist()
    seen = [columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height]
    assert (width, height) == (48, 64)
    assert [x - w / 2, y - h / 2, x + w / 2, y + h / 2] == pytest.approx(seen, abs=0.03)


def test_what_cannot_be_read_is_left_out_and_named(boxes: Workbench, tmp_path: Path) -> None:
    made = boxes.export("yolo", out=tmp_path / "set")
    ((task, why),) = made.left_out.items()
    assert "holds no image that can be read" in why
    assert not [*Path(made.folder).rglob(f"{task}-*")]
    assert json.loads((tmp_path / "set" / "lsal.json").read_text())["left_out"] == {str(task): why}
    assert made.anew == 1, "the GIF, which trainers would pass over"
    told = sheet(made)
    assert told.title == "24 images of 'label' as YOLO"
    assert ("read it with", f"yolo detect train data={made.folder}/data.yaml") in told.facts
    assert [row[0] for row in told.rows] == ["train", "val"]
    assert f"Left out 1 task: task {task}" in told.notes[0]


def test_coco_is_read_back_as_it_was_drawn(boxes: Workbench, tmp_path: Path) -> None:
    made = boxes.export("coco", out=tmp_path / "set")
    truth = known(boxes)
    source = read_source(made.folder, tmp_path)
    assert (source.kind, source.labels) == ("boxes", ("dog", "cat"))
    assert source.found.splits.count("train") == made.images["train"]
    assert len(source.rows) == len(truth)
    for row in source.rows:
        target = truth[of_task(str(row.data["image"]))]
        assert row.objects is not None
        for mine, drawn in zip(row.objects.items, target.items, strict=True):
            size = row.objects.size
            assert size
            assert upright(mine.shape, size) == pytest.approx(upright(drawn.shape, size), abs=0.001)
            assert mine.label == drawn.label
    turned = next(Path(made.folder).rglob("*-turned.jpg"))
    with Image.open(turned) as image:
        assert (image.size, image.getexif().get(0x0112, 1)) == ((48, 64), 1)
    again = Workbench(boxes.root).new(made.folder, with_labels=True, title="again")
    again.sync()
    assert sum(len(one.items) for one in known(again).values()) == sum(made.regions.values())


def scored(folder: str, part: str, by: str) -> float:
    """The average precision of a file against itself."""
    told = COCO(f"{folder}/annotations_{part}.json", print_function=lambda *_: None)
    answers = [{**one, "score": 1.0} for one in told.dataset["annotations"]]
    if by == "bbox":
        answers = [{key: value for key, value in one.items() if key != "segmentation"} for one in answers]
    evaluation = COCOeval_faster(told, told.loadRes(answers), by, print_function=lambda *_: None)
    evaluation.run()
    return float(evaluation.stats[0])


def test_cocos_own_evaluation_takes_the_files(boxes: Workbench, tmp_path: Path) -> None:
    made = boxes.export("coco", out=tmp_path / "set")
    for part in ("train", "val"):
        told = json.loads((tmp_path / "set" / f"annotations_{part}.json").read_text())
        assert len({one["id"] for one in told["annotations"]}) == len(told["annotations"]) == made.regions[part]
        assert {one["image_id"] for one in told["annotations"]} <= {one["id"] for one in told["images"]}
        assert all((tmp_path / "set" / "images" / one["file_name"]).is_file() for one in told["images"])
        assert all(one["area"] > 0 and one["iscrowd"] == 0 for one in told["annotations"])
        assert scored(made.folder, part, "bbox") == pytest.approx(1.0)


def test_ultralytics_trains_with_the_folder_wherever_it_lies(boxes: Workbench, tmp_path: Path) -> None:
    boxes.export("yolo", out=tmp_path / "set")
    (tmp_path / "set").rename(tmp_path / "moved")
    ultralytics = library.load()
    from ultralytics.data import utils

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "check_font", lambda name: None)
        network = ultralytics.YOLO(str(HERE / "tiny.yaml"))
        settings = {"epochs": 1, "imgsz": 64, "batch": 8, "workers": 0, "plots": False, "device": "cpu"}
        network.train(data=str(tmp_path / "moved" / "data.yaml"), project=str(tmp_path), name="run", **settings)
    assert (tmp_path / "run" / "weights" / "last.pt").is_file()


# Outlines and masks ---------------------------------------------------------------


def test_outlines_come_out_as_outlines(
    label_studio: Server, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = project(root, coco(tmp_path / "zoo", range(12), outlines=True))
    truth = known(bench)
    made = bench.export("yolo", out=tmp_path / "yolo")
    assert made.task == "segment"
    for part in ("train", "val"):
        for one in loaded(made, part, monkeypatch).labels:
            (region,), (segment,) = truth[of_task(one["im_file"])].items, one["segments"]
            assert isinstance(region.shape, Polygon)
            assert segment.tolist() == [pytest.approx(point, abs=0.001) for point in region.shape.points]
    made = bench.export("coco", out=tmp_path / "coco")
    source = read_source(made.folder, tmp_path)
    assert source.kind == "outlines"
    for row in source.rows:
        (mine,), (drawn,) = row.objects.items, truth[of_task(str(row.data["image"]))].items
        assert [*mine.shape.points] == [pytest.approx(point, abs=0.001) for point in drawn.shape.points]
    told = json.loads((tmp_path / "coco" / "annotations_train.json").read_text())
    assert all(one["area"] == pytest.approx(one["bbox"][2] * one["bbox"][3], abs=1) for one in told["annotations"])
    assert scored(made.folder, "train", "segm") == pytest.approx(1.0)


def strokes(number: int) -> Any:
    """A mask in two parts, one of them with a hole."""
    mask = np.zeros((SIDE, SIDE), bool)
    left, top, side = square(number)
    mask[top : top + side, left : left + side] = True
    mask[top + 6 : top + 10, left + 6 : left + 12] = False
    mask[0:8, 0:8] = True
    return mask


def test_masks_come_out_pixel_by_pixel_and_as_outlines(
    label_studio: Server, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "brush.xml").write_text(BRUSH)
    coco(tmp_path / "zoo", range(8), change=lambda told: told.update(annotations=[]))
    bench = Workbench(root).new(str(tmp_path / "zoo"), config=str(tmp_path / "brush.xml"), title="strokes")
    bench.sync()
    measure(bench, 2)
    for number, task in enumerate(bench.desk.mirror.ids()):
        value = write_shape(brush_of(strokes(number))) | {"brushlabels": ["cat"]}
        region = {"type": "brushlabels", "from_name": "b", "to_name": "i", "id": "a", "value": value}
        bench.desk.project.submit(task, [region | {"original_width": SIDE, "original_height": SIDE}], 1.0)
    bench.sync()
    truth = known(bench, "b")
    assert len(truth) == 8
    made = bench.export("coco", out=tmp_path / "coco")
    source = read_source(made.folder, tmp_path)
    assert (source.kind, source.tool) == ("masks", "Brush")
    for row in source.rows:
        (mine,), (drawn,) = row.objects.items, truth[of_task(str(row.data["image"]))].items
        assert isinstance(mine.shape, Brush)
        assert (mask_of(mine.shape) == mask_of(drawn.shape)).all()
    assert scored(made.folder, "train", "segm") == pytest.approx(1.0)
    again = Workbench(root).new(made.folder, with_labels=True, title="strokes again")
    again.sync()
    assert len(known(again)) == 8
    outlines = bench.export("yolo", out=tmp_path / "yolo")
    from ultralytics.data.utils import polygon2mask

    for one in loaded(outlines, "train", monkeypatch).labels:
        drawn = mask_of(truth[of_task(one["im_file"])].items[0].shape)
        (segment,) = one["segments"]
        filled = polygon2mask((SIDE, SIDE), [(segment * SIDE).ravel()], downsample_ratio=1) > 0
        assert (filled & drawn).sum() / drawn.sum() > 0.95, "both parts; holes are filled"


# Classes, controls, refusals ------------------------------------------------------


def test_classes_of_images_become_folders(label_studio: Server, root: Path, tmp_path: Path) -> None:
    for number in range(16):
        name = ("cat", "a/b dog")[number % 2]
        folder = tmp_path / "zoo" / name.replace("/", "_")
        folder.mkdir(parents=True, exist_ok=True)
        images(folder, ("cat", "dog")[number % 2], number)
    bench = Workbench(root).new(
        str(tmp_path / "zoo"), with_labels=True, title="classes", labels=["cat", "a_b dog", "eel"]
    )
    bench.sync()
    measure(bench, 5)
    made = bench.export("yolo", out=tmp_path / "set")
    library.load()
    from ultralytics.data.utils import check_cls_dataset

    told = check_cls_dataset(tmp_path / "set")
    assert told["names"] == {0: "a_b dog", 1: "cat", 2: "eel"}
    measured = {task.id for task in measuring_tasks(bench.desk)}
    found = {part: {of_task(str(path)) for path in Path(told[part]).rglob("*.png")} for part in ("train", "val")}
    assert found["val"] == measured
    assert len(found["train"] | measured) == 16
    assert all(path.name.partition("-")[2].partition("-")[2].startswith(path.parent.name[:3].replace("a_b", "dog"))
               for path in (tmp_path / "set").rglob("*.png"))  # fmt: skip
    assert sheet(made).columns == ("part", "images")
    with pytest.raises(BadRequest, match="gives whole images a class"):
        bench.export("coco", out=tmp_path / "coco")
    bench.configure(measuring_share=0.0)
    alone = bench.export("yolo", out=tmp_path / "alone")
    assert "val is train once more" in alone.notes[0]
    assert len([*Path(check_cls_dataset(tmp_path / "alone")["val"]).rglob("*.png")]) == 16


def test_of_several_controls_one_is_named(label_studio: Server, root: Path, tmp_path: Path) -> None:
    (tmp_path / "two.xml").write_text(TWO)
    coco(tmp_path / "zoo", range(3), change=lambda told: told.update(annotations=[]))
    bench = Workbench(root).new(str(tmp_path / "zoo"), config=str(tmp_path / "two.xml"), title="several")
    bench.configure(measuring_share=0.0)
    bench.sync()
    with pytest.raises(BadRequest, match="coco holds one control, and there are box, ring") as caught:
        bench.export("coco", out=tmp_path / "set")
    assert "--control box" in caught.value.fix
    with pytest.raises(BadRequest, match="learns no control 'rings'"):
        bench.export("coco", out=tmp_path / "set", control="rings")
    with pytest.raises(BadData, match="Nothing to train on is labelled for 'ring'"):
        bench.export("coco", out=tmp_path / "set", control="ring")
    assert sorted(path.name for path in tmp_path.iterdir() if "set" in path.name) == []
    ring = {"type": "polygonlabels", "from_name": "ring", "to_name": "i", "id": "a", "original_width": SIDE}
    value = write_shape(Polygon(((0.1, 0.1), (0.9, 0.1), (0.5, 0.8)))) | {"polygonlabels": ["dog"]}
    bench.desk.project.submit(min(bench.desk.mirror.ids()), [ring | {"value": value, "original_height": SIDE}], 1.0)
    made = bench.export("coco", out=tmp_path / "set", control="ring")
    assert (made.images["train"], made.regions["train"]) == (1, 1)
    told = json.loads((tmp_path / "set" / "annotations_train.json").read_text())
    assert told["categories"][told["annotations"][0]["category_id"] - 1]["name"] == "dog"
    with pytest.raises(BadRequest, match="annotations are exported of all controls"):
        bench.export(control="ring", out=tmp_path / "out.json")


def test_texts_make_no_set_of_images(label_studio: Server, root: Path, tmp_path: Path) -> None:
    bench = demo_of_texts(root, tmp_path, count=20)
    for what in ("yolo", "coco"):
        with pytest.raises(BadRequest, match=f"{what} holds images, and 'label' is about Text") as caught:
            bench.export(what, out=tmp_path / "set")
        assert "lsal export annotations" in caught.value.fix
    with pytest.raises(BadRequest, match="takes no --format"):
        bench.export("yolo", "csv")


def test_only_an_export_is_ever_replaced(boxes: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "thesis.txt").write_text("years")
    for force in (False, True):
        with pytest.raises(BadRequest, match="is not empty, and no export of lsal"):
            boxes.export("yolo", out=work, force=force)
    boxes.export("yolo", out=tmp_path / "set")
    with pytest.raises(BadRequest, match="is there already") as caught:
        boxes.export("coco", out=tmp_path / "set")
    assert "--force" in caught.value.fix
    (tmp_path / "set" / "labels" / "train.cache").write_text("of a trainer")
    boxes.export("coco", out=tmp_path / "set", force=True)
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == [
        "annotations_train.json",
        "annotations_val.json",
        "images",
        "lsal.json",
    ]
    (tmp_path / "set" / "runs").mkdir()
    with pytest.raises(BadRequest, match="holds 'runs' beside the export"):
        boxes.export("coco", out=tmp_path / "set", force=True)

    def breaks(*_: Any, **__: Any) -> Any:
        raise OSError("the disk is full")

    monkeypatch.setattr("lsal.datasets.coco.place", breaks)
    with pytest.raises(OSError, match="disk is full"):
        boxes.export("coco", out=tmp_path / "half")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name not in ("set", "work", "root")) == []


def test_the_shell_writes_a_set_and_says_what_is_in_it(
    boxes: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LSAL_ROOT", str(boxes.root))
    monkeypatch.chdir(tmp_path)
    which = ["--project", str(boxes.home.project)]
    assert cli.main(["export", "yolo", *which]) == 0
    told = capsys.readouterr().out
    assert "24 images of 'label' as YOLO" in told
    assert (tmp_path / "yolo" / "data.yaml").is_file()
    assert cli.main(["export", "coco", "--out", "somewhere/set", "--json", *which]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["folder"] == str(tmp_path / "somewhere" / "set")
    assert sum(told["images"].values()) == 24
    assert cli.main(["export", "yolo", *which]) == 1
    assert "--force" in capsys.readouterr().err
