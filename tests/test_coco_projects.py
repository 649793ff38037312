"""Projects of boxes and outlines on the real Label Studio: what goes in comes out, and demos of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from coco_toys import coco
from yolo_toys import BOXES

from lsal import annotator
from lsal.commands import as_json
from lsal.dashboard.sheets import sheet
from lsal.errors import BadConfig, NotADemo
from lsal.files import read_json, write_json
from lsal.geometry import outline, upright
from lsal.kinds.shapes import read_shape
from lsal.label_studio.server import Server
from lsal.measuring import main_figure
from lsal.records import Box, Example, Labels, Polygon, Regions
from lsal.rehearsal import rehearse
from lsal.testing.materials import SIDE, square
from lsal.workbench import Workbench

Client = Callable[..., httpx.Response]
BRUSH = (
    '<View><Image name="image" value="$image"/><BrushLabels name="b" toName="image">'
    '<Label value="cat"/><Label value="dog"/></BrushLabels></View>'
)
OWN = (
    '<View><Image name="i" value="$photo"/><Rectangle name="r" toName="i"/><Choices name="animal" toName="i" '
    'perRegion="true"><Choice value="dog"/><Choice value="cat"/></Choices></View>'
)


@pytest.fixture
def bench(label_studio: Server, root: Path) -> Workbench:
    """Any workbench of the session's root."""
    return Workbench(root)


def tasks_of(bench: Workbench, client: Client) -> list[dict[str, Any]]:
    """All tasks as Label Studio itself exports them, in the order of the import."""
    where = f"/api/projects/{bench.home.project}/export"
    told = client("GET", where, params={"exportType": "JSON", "download_all_tasks": "true"}).json()
    return sorted(told, key=lambda task: task["id"])


def of_task(bench: Workbench) -> dict[int, Regions]:
    """What lsal reads of each labelled task."""
    name = next(iter(bench.desk.handled))
    found: list[Example] = list(bench.desk.labelled(name, bench.desk.mirror.labelled()))
    return {one.task_id: one.target for one in found if isinstance(one.target, Regions)}


def corners(shape: Box | Polygon) -> tuple[float, float, float, float]:
    """Its left, top, right and bottom."""
    return outline(shape.points) if isinstance(shape, Polygon) else upright(shape, (SIDE, SIDE))


def of_square(number: int) -> Any:
    left, top, side = square(number)
    return pytest.approx([value / SIDE for value in (left, top, left + side, top + side)], abs=0.001)


# With labels ----------------------------------------------------------------------


def test_boxes_come_back_as_they_were(bench: Workbench, client: Client, tmp_path: Path) -> None:
    def empty(told: dict[str, Any]) -> None:
        told["annotations"].pop()

    bench.new(str(coco(tmp_path / "zoo", range(6), change=empty)), with_labels=True).sync()
    tasks = tasks_of(bench, client)
    assert [len(task["annotations"]) for task in tasks] == [1] * 6, "an image with nothing in it is answered too"
    for number, task in enumerate(tasks[:-1]):
        (region,) = task["annotations"][0]["result"]
        assert (region["type"], region["from_name"], region["to_name"]) == ("rectanglelabels", "label", "image")
        assert (region["original_width"], region["original_height"]) == (SIDE, SIDE)
        assert region["value"]["rectanglelabels"] == [("cat", "dog")[number % 2]]
        assert corners(read_shape(region)) == of_square(number)
        assert "score" not in region
        assert not region["id"].startswith("lsal")
    assert tasks[-1]["annotations"][0]["result"] == []
    assert not any(one["ground_truth"] for task in tasks for one in task["annotations"])
    read = of_task(bench)
    assert [read[task["id"]].names for task in tasks] == [("cat",), ("dog",), ("cat",), ("dog",), ("cat",), ()]
    status = bench.status()
    assert (status.tasks, status.labelled) == (6, 6)
    assert not any("came with labels" in told for told in status.warnings)


def test_outlines_come_back_as_they_were(bench: Workbench, tmp_path: Path) -> None:
    bench.new(str(coco(tmp_path / "zoo", range(4), outlines=True)), with_labels=True).sync()
    for number, (_, target) in enumerate(sorted(of_task(bench).items())):
        (one,) = target.items
        assert isinstance(one.shape, Polygon)
        left, top, side = square(number)
        corners = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
        assert [share * SIDE for point in one.shape.points for share in point] == pytest.approx(
            [value for corner in corners for value in corner], abs=0.001 * SIDE
        )


def test_without_being_asked_the_labels_only_name_the_classes(bench: Workbench, client: Client, tmp_path: Path) -> None:
    bench.new(str(coco(tmp_path / "zoo", range(4)))).sync()
    assert not any(task["annotations"] for task in tasks_of(bench, client))
    assert next(iter(bench.desk.handled.values()))[0].labels == ("dog", "cat")
    assert any("4 items came with labels" in told for told in bench.status().warnings)


def test_a_config_of_ones_own_gets_the_boxes(bench: Workbench, client: Client, tmp_path: Path) -> None:
    (tmp_path / "own.xml").write_text(OWN)
    source, more = coco(tmp_path / "zoo", range(4), outlines=True), {"config": str(tmp_path / "own.xml")}
    bench.new(str(source), with_labels=True, **more).sync()
    for number, task in enumerate(tasks_of(bench, client)):
        box, name = task["annotations"][0]["result"]
        assert (box["type"], name["type"], box["id"]) == ("rectangle", "choices", name["id"])
        assert corners(read_shape(box)) == of_square(number)
        assert task["data"].keys() == {"photo"}
    assert [target.names for _, target in sorted(of_task(bench).items())] == [("cat",), ("dog",)] * 2
    (tmp_path / "brush.xml").write_text(BRUSH)
    with pytest.raises(BadConfig, match=r"no control that takes boxes \(Rectangle\)"):
        bench.new(str(coco(tmp_path / "other", range(4))), with_labels=True, config=str(tmp_path / "brush.xml"))


# Demos ----------------------------------------------------------------------------


@pytest.mark.parametrize("outlines", [False, True], ids=["boxes", "outlines"])
def test_the_simulated_annotator_draws_what_is_true(
    bench: Workbench, client: Client, tmp_path: Path, outlines: bool
) -> None:
    folder = coco(tmp_path / "zoo", range(10), outlines=outlines)
    coco(folder, range(10, 13), "annotations_test.json", outlines)
    bench.new(str(folder), demo=True).sync()
    held = annotator.held_out(bench.home)
    assert [one.input.name for one in held if isinstance(one.input, Path)] == ["cat10.png", "dog11.png", "cat12.png"]
    assert all(corners(one.target.items[0].shape) == of_square(10 + n) for n, one in enumerate(held))
    bench.configure(batch=5, refill_below=0.0)
    bench.rank().wait(240)
    assert bench.label().served == 5
    bench.sync()
    known, read = annotator.truth(bench.home), of_task(bench)
    assert len(known) == 10
    assert len(read) == 5
    for task, target in read.items():
        (one,), (true,) = target.items, known[task].items
        assert one.label == true.label
        assert corners(one.shape) == pytest.approx(corners(true.shape), abs=0.001)
        assert target.size == (SIDE, SIDE)
    regions = [one for task in tasks_of(bench, client) for a in task["annotations"] for one in a["result"]]
    assert len(regions) == len({region["id"] for region in regions}) == 5
    assert not any("score" in region for region in regions)


def test_a_project_that_is_no_demo_is_refused(bench: Workbench, tmp_path: Path) -> None:
    bench.new(str(coco(tmp_path / "zoo", range(4)))).sync()
    with pytest.raises(NotADemo):
        bench.label(1)


def test_demos_from_before_there_were_regions_are_read(bench: Workbench, tmp_path: Path) -> None:
    from projects import demo_of_texts

    made = demo_of_texts(bench.root, tmp_path, count=20)
    known, held = annotator.truth(made.home), annotator.held_out(made.home)
    names = {task: target.names[0] for task, target in known.items()}
    rows = [{"text": one.input, "label": one.target.names[0]} for one in held if one.target]
    write_json(made.home.path("demo.json"), {"truth": names, "held_out": rows})
    assert annotator.truth(made.home) == known
    assert annotator.held_out(made.home) == held
    made.rank().wait(240)
    assert made.label().served > 0
    made.sync()
    said = {one.task_id: one.target for one in made.desk.labelled("label", made.desk.mirror.labelled())}
    assert said
    assert all(known[task] == target for task, target in said.items())
    assert isinstance(next(iter(known.values())), Labels)
    assert "control" not in read_json(made.home.path("demo.json"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty images, and eight to test on."""
    made = coco(tmp_path_factory.mktemp("squares"), range(30))
    return coco(made, range(30, 38), "annotations_test.json")


def test_a_demo_of_boxes_is_measured_by_their_ruler(label_studio: Server, root: Path, folder: Path) -> None:
    try:
        demo = Workbench(root).demo(str(folder), rounds=1, batch=8, seeds=1, options=BOXES)
    finally:
        Workbench(root).stop()  # other tests' projects would be warned of a backend that is not theirs
    assert demo.metric == "mAP50"
    assert [one["labels"] for one in demo.rounds] == [8, 16]
    assert demo.test_tasks == 8
    assert demo.test_value is not None
    assert 0.3 < demo.test_value <= 1
    assert 0 <= demo.random["test_value"] <= 1
    assert demo.queue["served"] == demo.queue["in_order"] == demo.queue["published"] == 16
    last = Workbench(root).versions()[-1]
    assert main_figure(last.metrics)[0] == "mAP50"
    told = sheet(demo)
    assert told.columns[2:4] == ("mAP50", "held-out")
    assert any(name == "held-out mAP50" and "8 items that are in no task" in what for name, what in told.facts)
    assert "mAP50 is measured on" in told.notes[0]
    assert json.loads(as_json(demo))["metric"] == "mAP50"


def test_a_rehearsal_of_boxes_speaks_of_its_metric(folder: Path) -> None:
    told = rehearse(folder, strategies=("object_doubt", "random"), start=6, batch=6, budget=12, seeds=1, options=BOXES)
    assert all(0 <= value <= 1 for result in told.results for value in result["metric"])
    assert max(result["metric"][-1] for result in told.results) > 0.3
    assert {row["measured_on"] for row in told.summary} == {"mAP50 on 8 tasks that were never in the pool"}
    assert "points of mAP50 from random at 12 labels" in told.verdict
    assert "mAP50" in sheet(told).columns
