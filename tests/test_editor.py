"""Predicted regions in Label Studio's own editor: a real browser shows them where they belong, and gives them back."""

import io
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from playwright.sync_api import Page, Response, expect, sync_playwright
from test_browser import CHROMIUM, FLAGS, WAIT_MS

from lsal.brushes import brush_of, mask_of
from lsal.geometry import outline, upright
from lsal.kinds import match
from lsal.label_studio import queue, server
from lsal.label_studio.config import read_config
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.records import Box, Brush, Entry, Point, Polygon, Prediction, Region, Regions, Shape
from lsal.sources import place_image

CONFIG = """<View><Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image">
    <Label value="car" background="#f00"/><Label value="van" background="#ff0"/>
  </RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="roof" background="#0f0"/></PolygonLabels>
  <BrushLabels name="paint" toName="image"><Label value="lake" background="#00f"/></BrushLabels></View>"""
SIGNS = {"car": (1, -1, -1), "van": (1, 1, -1), "roof": (-1, 1, -1), "lake": (-1, -1, 1), "mark": (1, -1, 1)}
"""Which channels are above the image's grey where a class is drawn, and which below; a mark is in the image itself."""
GREY, LEAST = 128, 8
"""What counts as coloured is this far from grey: the editor fills its shapes thinly."""
MARK = (0.4, 0.1, 0.45, 0.2)
STORED, UPRIGHT, ON_ITS_SIDE = (640, 400), 1, 6
ORIENTATION = 0x0112
STROKE = 0.015
"""How far the edges of what is drawn may be from where they belong: the editor's lines have a width."""
EXACT, BY_HAND = 0.001, 0.005
STORED_AT = re.compile(r"/api/(tasks/\d+/annotations|annotations/\d+)/?(\?|$)")
HOTKEYS = {"car": "1", "van": "2", "roof": "3", "lake": "4"}
ADDED_ROOF = Polygon(((0.6, 0.46), (0.7, 0.46), (0.7, 0.53)))
DRAWN_S = 120.0
Masks = Mapping[str, NDArray[np.bool_]]
Client = Callable[..., httpx.Response]


@dataclass(frozen=True, slots=True)
class Opened:
    """A task in the editor, what was predicted of it by control, and the size of its image as people see it."""

    page: Page
    told: Mapping[str, Regions]
    size: tuple[int, int]


@pytest.fixture(scope="module")
def page(label_studio: server.Server, root: Path) -> Iterator[Page]:
    """A browser in which the session's user is signed in."""
    email, password = server.login(root)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS.split(), "--no-first-run"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{label_studio.url}/user/login/")
        page.locator("input[name=email]").fill(email)
        page.locator("input[name=password]").fill(password)
        page.locator("button[type=submit]").click()
        page.wait_for_url(lambda url: "/user/login" not in url)
        yield page
        browser.close()


@pytest.fixture(scope="module", params=[UPRIGHT, ON_ITS_SIDE], ids=["upright", "on its side"])
def opened(
    request: pytest.FixtureRequest,
    page: Page,
    label_studio: server.Server,
    root: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Opened:
    """A task with one prediction, written as batches are; its image's file is turned as the parameter says."""
    size = STORED if request.param == UPRIGHT else STORED[::-1]
    project = Project.create(Connection(label_studio.url, label_studio.key), "shapes", CONFIG)
    folder = server.files_folder(root) / f"shapes-{project.number}"
    placed = place_image(picture(tmp_path_factory.mktemp("shapes") / "shapes.jpg", size, request.param), folder)
    project.add_local_files(str(folder), "shapes")
    (task,) = project.add_tasks([{"image": f"/data/local-files/?d={folder.name}/{placed.name}"}])
    told = predicted(size)
    queue.write(project, "shapes", [Entry(task, 1.0, result=written(task, told))])
    queue.switch(project, "shapes")
    page.goto(f"{label_studio.url}/projects/{project.number}/data?task={task}")
    return Opened(page, told, size)


def picture(path: Path, size: tuple[int, int], orientation: int) -> Path:
    """A grey image with a mark, stored so that viewers who heed its EXIF data show it in `size`, the mark in place."""
    image = Image.new("RGB", size, (GREY,) * 3)
    ImageDraw.Draw(image).rectangle([share * side for share, side in zip(MARK, size * 2, strict=True)], fill="#f0f")
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = image.transpose(Image.Transpose.ROTATE_90) if orientation == ON_ITS_SIDE else image
    assert stored.size == STORED
    stored.save(path, exif=exif)
    return path


def predicted(size: tuple[int, int]) -> dict[str, Regions]:
    """What models could say of each control; nothing is so symmetric that it would hide a turn."""
    width, height = size
    lake = np.zeros((height, width), bool)
    lake[height * 6 // 10 : height * 8 // 10, width // 10 : width * 4 // 10] = True
    lake[height * 6 // 10 : height * 7 // 10, width * 2 // 10 : width * 4 // 10] = False
    car = Region("car", Box(0.1, 0.1, 0.2, 0.25), 0.9)
    van = Region("van", Box(0.6, 0.1, 0.25, 0.15, angle=30.0), 0.8)
    roof = Region("roof", Polygon(((0.55, 0.9), (0.75, 0.55), (0.9, 0.8))), 0.7)
    told = {"box": (car, van), "outline": (roof,), "paint": (Region("lake", brush_of(lake), 0.6),)}
    return {control: Regions(regions, size) for control, regions in told.items()}


def written(task: int, told: Mapping[str, Regions]) -> dict[str, list[dict[str, Any]]]:
    handled, _ = match(read_config(CONFIG).controls)
    chances = np.ones((1, 1), np.float32)
    return {
        name: kind.result(control, Prediction(task, told[name], chances)) for name, (control, kind) in handled.items()
    }


def edges(shape: Shape, size: tuple[int, int]) -> tuple[float, ...]:
    """Left, top, right and bottom, in shares."""
    if isinstance(shape, Box):
        return upright(shape, size)
    return outline(shape.points) if isinstance(shape, Polygon) else extent(mask_of(shape))


def extent(mask: NDArray[np.bool_]) -> tuple[float, ...]:
    """Left, top, right and bottom of what is true, in shares."""
    (rows, columns), (height, width) = np.nonzero(mask), mask.shape
    sides = columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height
    return tuple(float(side) for side in sides)


def drawn(opened: Opened) -> Masks:
    """Where the editor shows each class and the mark, in pixels of the image.

    It lays out and draws in several goes: it is done when all is there and two looks see the same.
    """
    until, before = time.monotonic() + DRAWN_S, look(opened)
    while time.monotonic() < until:
        seen = look(opened)
        if all(mask.any() and np.array_equal(mask, before.get(label)) for label, mask in seen.items()):
            return seen
        before = seen
    raise AssertionError(f"Not all is drawn, or it moves: {[label for label, mask in before.items() if mask.any()]}")


def look(opened: Opened) -> Masks:
    """Where each colour is at the moment."""
    frame, image = (opened.page.locator(selector) for selector in (".lsf-image", ".lsf-image img"))
    image.wait_for()
    places = frame.bounding_box(), image.bounding_box()
    shot = Image.open(io.BytesIO(opened.page.screenshot())).convert("RGB")
    if None in places or places != (frame.bounding_box(), image.bounding_box()):
        return {label: np.zeros((1, 1), bool) for label in SIGNS}
    within, whole = ((p["x"], p["y"], p["x"] + p["width"], p["y"] + p["height"]) for p in places)
    # The editor may cut the image's margins off; what is seen in their place is no part of it.
    bare = Image.new("RGB", shot.size, (GREY,) * 3)
    area = tuple(round(side) for side in within)
    bare.paste(shot.crop(area), area)
    off = np.asarray(bare.resize(opened.size, Image.Resampling.NEAREST, whole)).astype(int) - GREY
    signs = np.sign(off) * (np.abs(off) >= LEAST)
    return {label: (signs == sign).all(axis=2) for label, sign in SIGNS.items()}


def stores(answer: Response) -> bool:
    """Whether it is that to the request which stores an annotation: drafts are stored too, as people draw."""
    return answer.request.method in ("POST", "PATCH") and bool(STORED_AT.search(answer.url))


def submitted(opened: Opened, client: Client) -> dict[str, Regions]:
    """What the kinds read of the annotation that Label Studio stores at a click."""
    button = opened.page.locator("button[name=submit]")  # Update takes its place, when there is an annotation
    with opened.page.expect_response(stores) as stored:
        button.click()
    expect(button).to_be_disabled()  # nothing is left to save, until something is changed
    annotation = client("GET", f"/api/annotations/{stored.value.json()['id']}").raise_for_status().json()
    handled, _ = match(read_config(CONFIG).controls)
    return {name: kind.target(control, annotation["result"]) for name, (control, kind) in handled.items()}


def draw(opened: Opened, label: str, points: Sequence[Point], drag: bool = False) -> None:
    """One region as a person draws it, with clicks or in one movement; `points` are shares of the image."""
    page, mouse = opened.page, opened.page.mouse
    chosen, regions = page.locator(".lsf-label_selected"), page.locator(".lsf-outliner-item")
    whole, before = page.locator(".lsf-image img").bounding_box(), regions.count()
    assert whole
    page.keyboard.press("Escape")  # a region that is still selected would take the label
    expect(chosen).to_have_count(0)
    page.keyboard.press(HOTKEYS[label])
    expect(chosen).to_contain_text(label)
    for number, (x, y) in enumerate(points):
        mouse.move(whole["x"] + x * whole["width"], whole["y"] + y * whole["height"], steps=3)
        if not drag or number == 0:
            mouse.down()
        if not drag or number == len(points) - 1:
            mouse.up()
    expect(regions).to_have_count(before + 1)


def numbers(shape: Box | Polygon) -> list[float]:
    """All that says where it is; how far a box is turned as a share of a whole turn."""
    if isinstance(shape, Polygon):
        return [number for point in shape.points for number in point]
    return [shape.x, shape.y, shape.width, shape.height, shape.angle / 360]


def test_the_image_and_each_region_are_shown_where_they_belong(opened: Opened) -> None:
    seen = drawn(opened)
    assert extent(seen["mark"]) == pytest.approx(MARK, abs=STROKE)
    for regions in opened.told.values():
        for region in regions.items:
            where = extent(seen[region.label])
            assert where == pytest.approx(edges(region.shape, opened.size), abs=STROKE), region.label
    (lake,) = opened.told["paint"].items
    assert (seen["lake"] == mask_of(lake.shape)).mean() > 0.99


def test_what_is_submitted_unchanged_is_read_as_it_was_predicted(opened: Opened, client: Client) -> None:
    drawn(opened)
    for name, target in submitted(opened, client).items():
        told = opened.told[name]
        assert (target.size, target.names) == (opened.size, told.names)
        for got, meant in zip(target.items, told.items, strict=True):
            assert got.label == meant.label
            if isinstance(meant.shape, Brush):
                assert np.array_equal(mask_of(got.shape), mask_of(meant.shape))
            else:
                assert numbers(got.shape) == pytest.approx(numbers(meant.shape), abs=EXACT)


def test_what_a_person_adds_is_read_where_it_was_drawn(opened: Opened, client: Client) -> None:
    """With the mouse, between what was predicted."""
    drawn(opened)
    draw(opened, "car", [(0.1, 0.46), (0.2, 0.52)], drag=True)
    draw(opened, "roof", [*ADDED_ROOF.points, ADDED_ROOF.points[0]])
    draw(opened, "lake", [(0.3, 0.48), (0.45, 0.48)], drag=True)
    added = {name: target.items[-1].shape for name, target in submitted(opened, client).items()}
    assert numbers(added["box"]) == pytest.approx(numbers(Box(0.1, 0.46, 0.1, 0.06)), abs=BY_HAND)
    assert numbers(added["outline"]) == pytest.approx(numbers(ADDED_ROOF), abs=BY_HAND)
    left, top, right, bottom = extent(mask_of(added["paint"]))
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((0.375, 0.48), abs=BY_HAND)
    width, height = (right - left) * opened.size[0], (bottom - top) * opened.size[1]
    assert width - height == pytest.approx(0.15 * opened.size[0], abs=3)  # the brush is round
