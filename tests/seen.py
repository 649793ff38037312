"""A project of boxes as two trainings and a ranking would leave it: shapes on photographs, made without any of them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from prepared import STAMP

from lsal.files import write_json
from lsal.home import activate, create_home
from lsal.kinds import match
from lsal.label_studio.config import read_config
from lsal.label_studio.mirror import Mirror
from lsal.measuring.objects import BOXES
from lsal.models import MODELS
from lsal.records import Box, Entry, Prediction, Publication, Ranking, Region, Regions
from lsal.store import Store
from lsal.workbench import Workbench
from lsal.worker import answers

LABELS = ("disc", "square", "triangle")
CONFIG = (
    '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
    '<Label value="disc"/><Label value="square"/><Label value="triangle"/></RectangleLabels></View>'
)
FILLS = {"disc": (250, 235, 190), "square": (205, 190, 250), "triangle": (165, 240, 225)}
WIDTH, HEIGHT = 640, 420


def photographs() -> list[Image.Image]:
    """The two that scikit-learn ships."""
    from sklearn.datasets import load_sample_images

    return [Image.fromarray(image).resize((WIDTH, HEIGHT)) for image in load_sample_images().images]


def shapes(number: int) -> Regions:
    """What stands in image `number`: the last class in one of six alone."""
    draw, found = np.random.default_rng(number), list[Region]()
    for place in range(int(draw.integers(2, 5))):
        label = LABELS[2] if number % 6 == 0 and place == 0 else LABELS[int(draw.integers(2))]
        side = float(draw.uniform(0.14, 0.26))
        x = 0.04 + 0.23 * place + float(draw.uniform(0, 0.05))
        found.append(Region(label, Box(x, float(draw.uniform(0.05, 0.55)), min(side, 0.2), side * WIDTH / HEIGHT)))
    return Regions(tuple(found), (WIDTH, HEIGHT))


def paint(image: Image.Image, regions: Regions) -> Image.Image:
    """The shapes on a photograph."""
    painted = image.copy()
    pen = ImageDraw.Draw(painted)
    for region in regions.items:
        box = region.shape
        left, top = box.x * WIDTH, box.y * HEIGHT
        right, bottom = left + box.width * WIDTH, top + box.height * HEIGHT
        if region.label == "disc":
            pen.ellipse((left, top, right, bottom), fill=FILLS["disc"])
        elif region.label == "square":
            pen.rectangle((left, top, right, bottom), fill=FILLS["square"])
        else:
            pen.polygon(((left, bottom), (right, bottom), ((left + right) / 2, top)), fill=FILLS["triangle"])
    return painted


def guess(number: int, skill: float, seed: int = 0) -> Regions:
    """What a model of some skill, 0 to 1, says: places a little off, some missed, some mistaken."""
    draw, told = np.random.default_rng([number, seed]), list[Region]()
    for region in shapes(number).items:
        box, known = region.shape, draw.random() < skill
        off = draw.normal(0, 0.012 if known else 0.05, 2)
        label = region.label if known else LABELS[int(draw.integers(2))]
        if draw.random() < 0.6 + 0.4 * skill:
            moved = Box(max(0, box.x + off[0]), max(0, box.y + off[1]), box.width, box.height)
            told.append(Region(label, moved, round(float(draw.uniform(0.3, 0.6) + 0.35 * known), 3)))
    return Regions(tuple(sorted(told, key=lambda one: -(one.score or 0))), (WIDTH, HEIGHT))


def seen(root: Path, tasks: int = 40, labelled: int = 24, skills: tuple[float, ...] = (0.35, 0.8)) -> Workbench:
    """A project of lsal's own server, which does not run: versions of such skills, the last one's batch published."""
    home = create_home(root, "http://127.0.0.1:1", 9, STAMP, "Shapes on photographs", own_server=True)
    activate(home)
    files, pictures = root / "files" / home.slug, photographs()
    files.mkdir(parents=True)
    rows = []
    for number in range(1, tasks + 1):
        paint(pictures[number % 2], shapes(number)).save(files / f"{number:03d}.jpg", quality=90)
        rows.append(_row(number, f"/data/local-files/?d={home.slug}/{number:03d}.jpg", number <= labelled))
    mirror = Mirror(home.path("mirror.sqlite"), home.order_key)
    mirror.keep(rows)
    mirror.remember(label_config=CONFIG, watermark=STAMP)
    bench = Workbench.of(home)
    bench.configure(measuring_share=0.5)
    for number, skill in enumerate(skills, start=1):
        _version(bench, skill, of=number / len(skills))
    _publish(bench, list(range(labelled + 1, tasks + 1)), skills[-1])
    return bench


def control() -> Any:
    """The control of the project, and its kind."""
    return match(read_config(CONFIG).controls)[0]["label"]


def _row(number: int, image: str, labelled: bool) -> dict[str, Any]:
    drawn, kind = control()
    result = kind.result(drawn, Prediction(number, shapes(number), np.zeros((0, 4), np.float32)))
    facts = {"completed_by": 1, "was_cancelled": False, "updated_at": STAMP, "result": result}
    annotations = [{"id": number, **facts}] if labelled else []
    return {"id": number, "data": {"image": image}, "updated_at": STAMP, "annotations": annotations}


def _version(bench: Workbench, skill: float, of: float) -> None:
    """A version that says what `guess` says about the measuring tasks; its weights know nothing."""
    desk, (drawn, _) = bench.desk, control()
    measured = list(desk.labelled("label", answers.measuring_tasks(desk)))
    truth = {one.key: BOXES.plain(one.target) for one in measured}
    said = {one.key: BOXES.plain(guess(one.task_id, skill)) for one in measured}
    found = BOXES.measure(said, truth, LABELS)
    regions = int(60 * of)
    version = Store(bench.home).add(
        MODELS["random"](drawn).save,
        family="yolo",
        control="label",
        metrics=found.facts(),
        examples={"count": regions, "measuring": 0, "ids": [], "digest": "", "by_label": {"disc": regions}},
        labels=LABELS,
        shape=drawn.shape,
        promoted=True,
        reason="the first version of this control",
    )
    answers.note(desk, version.number, said)
    answers.note_truth(desk, drawn, measured)
    Store(bench.home).make_current({"label": version.number})


def _publish(bench: Workbench, tasks: list[int], skill: float) -> None:
    live = Store(bench.home).current()
    entries = tuple(_entry(task, skill, place % 8 == 3) for place, task in enumerate(tasks))
    publication = Publication("lsal-queue-test", live, tuple(tasks), tuple(e.task_id for e in entries if e.measuring))
    write_json(bench.home.path("rankings", "lsal-queue-test.json"), asdict(Ranking(entries, "auto", live, 0.0)))
    write_json(bench.home.path("publication.json"), asdict(publication))


def _entry(task: int, skill: float, measuring: bool) -> Entry:
    if measuring:
        return Entry(task, 0.0, True)
    drawn, kind = control()
    told = Prediction(task, guess(task, skill), np.zeros((0, 4), np.float32))
    return Entry(task, 0.5, result={"label": kind.result(drawn, told)}, guess=told.target.text, chance=told.confidence)
