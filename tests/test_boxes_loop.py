"""Boxes in the loop on a real Label Studio: it learns, and images as people have them stop nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from projects import annotations_digest
from switches import do
from yolo_toys import SHORT, weights

from lsal import publishing
from lsal.errors import BadRequest
from lsal.label_studio.mirror import OPEN
from lsal.label_studio.server import Server
from lsal.testing.materials import SIDE, square, squares
from lsal.workbench import Workbench

CATEGORIES = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
ORIENTATION = 0x0112


def write_coco(folder: Path, count: int, odd: Callable[[Path], dict[str, tuple[int, int]]] = lambda _: {}) -> Path:
    """A COCO file of squares, red cats and blue dogs, and of the `odd` images with their sizes, which show nothing."""
    images, annotations = [], []
    for n in range(count):
        path, (left, top, side) = squares(folder, ("cat", "dog")[n % 2], n), square(n)
        images.append({"id": n, "file_name": path.name, "width": SIDE, "height": SIDE})
        box = {"bbox": [left, top, side, side], "area": side * side, "iscrowd": 0}
        annotations.append({"id": n, "image_id": n, "category_id": 1 + n % 2, **box})
    for n, (name, (width, height)) in enumerate(odd(folder).items(), count):
        images.append({"id": n, "file_name": name, "width": width, "height": height})
    told = {"images": images, "annotations": annotations, "categories": CATEGORIES}
    (folder / "coco.json").write_text(json.dumps(told))
    return folder / "coco.json"


def demo(root: Path, source: Path, **options: Any) -> Workbench:
    bench = Workbench(root).new(str(source), demo=True, hold_out=0.0, title=f"boxes {source.parent.name}"[:50])
    bench.configure(refill_below=0.0, family={"label": "yolo"}, options={"label": {**SHORT, **options}})
    bench.sync()
    return bench


def test_two_rounds_learn_where_the_squares_are(label_studio: Server, root: Path, tmp_path: Path) -> None:
    bench = demo(root, write_coco(tmp_path, 80), epochs=25, threshold=0.25)  # both parts are left after two batches
    bench.configure(batch=24, measuring_share=0.25)
    do(bench, "rank")
    bench.label()
    first = do(bench, "round")
    bench.label()
    before = annotations_digest(bench)
    second = do(bench, "round")
    assert annotations_digest(bench) == before
    assert (first["exact"], second["exact"]) == (True, True)
    assert "most doubtful boxes" in second["why"] or "sure of an object" in second["why"], second["why"]
    one, two = bench.curve()
    assert (one.metric, two.metric, one.tasks) == ("mAP50", "mAP50", two.tasks)
    assert two.value is not None
    assert two.value > 0.3, "one that has learned nothing finds none"
    examples = bench.versions()[1].examples
    assert sum(examples["by_label"].values()) == examples["count"], "one square in each"
    compared = bench.compare(1, 2)
    assert compared.first.metric == "mAP50"
    assert "mAP50" in compared.comparison
    guesses = {row.guess for row in bench.queue() if not row.measuring}
    assert guesses & {"1 cat", "1 dog"}, guesses
    told = bench.predict(bench.desk.config.xml, [{"id": 0, "data": next(bench.desk.mirror.tasks(OPEN)).data}])
    assert told[0]["model_version"] == "lsal-label.v2"
    bench.configure(strategy="flip_disagreement")
    assert "read differently when mirrored" in do(bench, "rank")["why"]
    assert {"disagreement", "boxes"} == bench.queue()[1].parts.keys() | bench.queue()[0].parts.keys()


def test_the_threshold_of_the_settings_decides_what_is_shown(
    label_studio: Server, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = demo(root, write_coco(tmp_path, 16), epochs=1)
    bench.configure(batch=8, measuring_share=0.0)
    do(bench, "rank")
    bench.label()
    do(bench, "round")
    task = next(bench.desk.mirror.tasks(OPEN))
    shown = {}
    for threshold in (0.0, 1.0):
        bench.configure(options={"label": {**SHORT, "threshold": threshold}})
        (told,) = bench.predict(bench.desk.config.xml, [{"id": task.id, "data": task.data}])
        shown[threshold] = told["result"]
    assert len(shown[0.0]) > 0
    assert shown[1.0] == []
    assert all({"score", "original_width", "value"} <= region.keys() for region in shown[0.0])
    before = bench.home.settings()
    for wrong in ({"threshold": "low"}, {"threshold": 2}, {"size": 97}, {"no_such": 1}):
        with pytest.raises(BadRequest, match="The options of 'label' cannot be: yolo"):
            bench.configure(options={"label": wrong})
    assert bench.home.settings() == before
    monkeypatch.chdir(tmp_path)
    Path("given.pt").touch()
    bench.configure(options={"label": {"model": "given.pt"}})
    assert bench.desk.options("label") == {"model": str(tmp_path / "given.pt")}, "a round may start elsewhere"


TWO = """<View><Image name="image" value="$image"/>
<RectangleLabels name="first" toName="image"><Label value="cat"/><Label value="dog"/></RectangleLabels>
<RectangleLabels name="second" toName="image"><Label value="Car" predicted_values="car, lorry"/></RectangleLabels>
</View>"""


def test_given_weights_suggest_before_the_first_version(
    label_studio: Server, root: Path, tmp_path: Path, client: Callable[..., Any]
) -> None:
    """In all controls: by the names that they know, without a class where they know none."""
    (tmp_path / "two.xml").write_text(TWO)
    bench = Workbench(root).new(str(write_coco(tmp_path, 6)), config=str(tmp_path / "two.xml"), title="two controls")
    given = {**SHORT, "model": weights(tmp_path), "threshold": 0.05}
    bench.configure(batch=4, measuring_share=0.0, refill_below=0.0, options={"first": given, "second": given})
    bench.sync()
    do(bench, "rank")
    for row in bench.queue():
        (told,) = client("GET", "/api/predictions/", params={"task": row.task_id}).json()
        named = {"first": set[str](), "second": set[str]()}
        for region in told["result"]:
            named[region["from_name"]].update(region["value"].get("rectanglelabels", []))
        assert named == {"first": set(), "second": {"Car"}}
        assert {region["from_name"] for region in told["result"]} == {"first", "second"}


def odd_images(folder: Path) -> dict[str, tuple[int, int]]:
    """Images as people have them, each of which some library stumbles over, with their sizes as people see them."""
    noise = np.random.default_rng(0).integers(90, 110, (48, 64, 3)).astype(np.uint8)
    plain = Image.fromarray(noise)
    plain.convert("L").save(folder / "grey.png")
    Image.fromarray(noise[:, :, 0].astype(np.uint16) * 256).save(folder / "sixteen.png")
    plain.convert("RGBA").save(folder / "clear.png")
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    plain.save(folder / "turned.jpg", exif=exif)
    frames = [Image.fromarray(np.roll(noise, step, axis=1)) for step in range(3)]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    Image.new("L", (10_000, 10_000), 100).save(folder / "huge.png")
    for name in ("cut.jpg", "gone.png"):
        plain.save(folder / name)
    whole = {"grey.png", "sixteen.png", "clear.png", "moving.gif", "cut.jpg", "gone.png"}
    return {**dict.fromkeys(sorted(whole), (64, 48)), "turned.jpg": (48, 64), "huge.png": (10_000, 10_000)}


def test_odd_images_among_200_are_learned_from_or_named_and_none_is_lost(
    label_studio: Server, root: Path, tmp_path: Path
) -> None:
    bench = demo(root, write_coco(tmp_path, 192, odd_images), epochs=1)
    tasks = {task.id: task.data["image"] for task in bench.desk.mirror.tasks()}
    assert len(tasks) == 200
    files = next((bench.root / "files").glob(f"{bench.home.slug}"))
    cut, gone = next(files.glob("*-cut.jpg")), next(files.glob("*-gone.png"))
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    gone.unlink()
    bad = {number for number, address in tasks.items() if "cut.jpg" in address or "gone.png" in address}
    bench.configure(batch=80, measuring_share=0.1)
    told = do(bench, "rank")
    published = publishing.live_publication(bench.home)
    assert published
    assert {int(task) for task in told["problems"]} <= bad
    bench.label()
    told = do(bench, "round", batch=200)
    version = bench.versions()[0]
    labelled = {task.id for task in bench.desk.mirror.labelled()}
    skipped = {int(task) for task in version.examples["skipped"]}
    measured = version.metrics["tasks"]
    named = {int(task) for task in told["problems"]} | skipped
    assert named <= bad, "only what is broken is left out"
    assert version.examples["count"] + measured + len(skipped & labelled) >= len(labelled) - len(bad & labelled)
    queue = publishing.live_publication(bench.home)
    assert queue
    assert set(queue.task_ids) | labelled | named == set(tasks)
    assert all(f"task {task}" in why for task, why in told["problems"].items())
    assert told["exact"]
