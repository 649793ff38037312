"""Pages in the loop on a real Label Studio: a project of boxes goes over to LayoutLMv3, learns, and answers."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from switches import do
from test_layoutlmv3 import LEARNS
from yolo_toys import SHORT

from lsal.errors import BadRequest
from lsal.label_studio.mirror import OPEN
from lsal.label_studio.server import Server
from lsal.records import Layout, Page
from lsal.testing.layouts import HEIGHT, SAID, WIDTH, block_of, page
from lsal.workbench import Workbench


def write_pages(folder: Path, count: int) -> Path:
    """A COCO file of letters, each block with its text, and what nobody labels as a class of its own."""
    images, annotations = [], list[dict[str, Any]]()
    for number in range(count):
        label = ("cat", "dog")[number % 2]
        made = page(folder, label, number)
        images.append({"id": number, "file_name": made.image.name, "width": WIDTH, "height": HEIGHT})
        lines = {box.y: [] for box in made.boxes}  # type: dict[float, list[str]]
        for word, box in zip(made.words, made.boxes, strict=True):
            lines[box.y].append(word)
        for words in lines.values():
            box = block_of(made, words)
            sides = [box.x * WIDTH, box.y * HEIGHT, box.width * WIDTH, box.height * HEIGHT]
            category = {"cat": 1, "dog": 2}[label] if words[0] in SAID[label] else 3
            told = {"id": len(annotations), "image_id": number, "category_id": category}
            annotations.append({**told, "bbox": sides, "text": " ".join(words)})
    categories = [{"id": n, "name": name} for n, name in enumerate(("cat", "dog", "rest"), 1)]
    told_of_all = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "coco.json").write_text(json.dumps(told_of_all))
    return folder / "coco.json"


def earlier(bench: Workbench) -> None:
    """A version of boxes, as one that was trained on the images is kept."""
    control, _ = bench.desk.handled["label"]
    version = bench.desk.store.add(
        lambda folder: (folder / "weights.txt").write_text("none"),
        family="yolo",
        control="label",
        metrics={"metric": "mAP50", "mAP50": 0.5, "interval": [0.1, 0.9], "tasks": 3, "measured_on": "3 tasks"},
        examples={"count": 3, "ids": [], "by_label": {}, "skipped": {}, "pool": 0, "measuring": 0},
        labels=control.labels,
        shape=control.shape,
    )
    bench.desk.store.make_current({"label": version.number})


def test_a_project_of_pages_learns_by_their_words(label_studio: Server, root: Path, tmp_path: Path) -> None:
    # So many that both those that measure and those that do not are among them, and left after a batch.
    bench = Workbench(root).new(str(write_pages(tmp_path, 40)), demo=True, hold_out=0.0, title="letters")
    bench.configure(batch=16, measuring_share=0.25, refill_below=0.0, options={"label": SHORT})
    bench.sync()
    assert any("layoutlmv3" in told for told in bench.status().warnings)
    earlier(bench)
    with pytest.raises(BadRequest, match="layoutlmv3 has no option"):
        bench.configure(family={"label": "layoutlmv3"})
    bench.configure(family={"label": "layoutlmv3"}, options={"label": LEARNS})
    # What was learned of the images says nothing about words: it is asked no more, and that is told.
    task = next(bench.desk.mirror.tasks(OPEN))
    assert bench.predict(bench.desk.config.xml, [{"id": task.id, "data": task.data}]) == []
    assert any("is RectangleLabels on Image, by its words; it answers no more" in t for t in bench.status().warnings)
    assert bench.status().controls["label"] == "RectangleLabels on Image, layoutlmv3"
    do(bench, "rank")
    bench.label()
    last = do(bench, "round")
    assert last["exact"]
    old, made = bench.curve()
    assert (old.metric, made.metric) == ("mAP50", "word F1")
    assert made.value is not None
    assert made.value > 0.72, "it knows lines from each other by their words"
    assert bench.compare(1, 2)
    task = next(task for task in bench.desk.mirror.tasks(OPEN) if task.place >= 0.25)
    (told,) = bench.predict(bench.desk.config.xml, [{"id": task.id, "data": task.data}])
    assert told["model_version"] == "lsal-label.v2"
    check(bench, task.id, task.data, told["result"])
    bench.configure(family={"label": "yolo"}, options={"label": SHORT})
    assert bench.predict(bench.desk.config.xml, [{"id": task.id, "data": task.data}]) == []
    assert bench.status()
    assert len(bench.curve()) == 2


def check(bench: Workbench, number: int, data: dict[str, Any], result: list[dict[str, Any]]) -> None:
    """Each region is valid, of the image's size, and around words that it gives a label."""
    from label_studio_sdk.label_interface import LabelInterface

    xml = bench.desk.config.xml
    assert LabelInterface(xml).validate_prediction({"result": result, "score": 0.5}, return_errors=True) == []
    (example,) = bench.desk.examples("label", bench.desk.mirror.tasks(ids=[number]))
    assert isinstance(example.input, Page)
    with Image.open(example.file) as image:
        assert {(one["original_width"], one["original_height"]) for one in result} == {image.size}
    control, kind = bench.desk.handled["label"]
    target = kind.target(control, result, example)
    assert isinstance(target, Layout)
    assert all(target.words), "every word of these letters has a class, and lies in a region of it"
    assert data["words"] == list(example.input.words)
