"""The map in a real JupyterLab, seen by a real browser: drawn, pointed at, chosen from by lasso and by keyboard."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from jupyter_server import jupyterlab, write_notebook
from mapped import HOSTILE, with_pool
from playwright.sync_api import Page, expect, sync_playwright
from shots import shot
from test_browser import CELL, CHROMIUM, FLAGS, WAIT_MS, open_tab, run_first_cell, save

from lsal.dashboard.map_scatter import FRAME
from lsal.home import find_home
from lsal.workbench import Workbench

BLUE, ORANGE, INK, INK_ON_DARK = "0072b2", "e69f00", "222222", "f2f2f2"
LONG_MS = 4 * WAIT_MS
"""A process begins, loads its libraries and places 50 tasks, perhaps on a machine that has other things to do."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("maplab")


@pytest.fixture(scope="module")
def page(folder: Path) -> Iterator[Page]:
    """A notebook with the dashboard, its map open; at the end nobody outside was asked for anything."""
    with_pool(folder / "root")
    write_notebook(folder / "board.ipynb", CELL)
    expect.set_options(timeout=LONG_MS)
    with jupyterlab(folder, {"LSAL_ROOT": str(folder / "root")}) as (url, token), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS.split(), "--no-first-run"])
        page = browser.new_context(viewport={"width": 1250, "height": 1400}).new_page()
        page.set_default_timeout(LONG_MS)
        asked, wrong = list[str](), list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{url}/lab/tree/board.ipynb?token={token}")
        run_first_cell(page)
        open_tab(page, "Map")
        yield page
        browser.close()
    assert not [one for one in asked if not one.startswith((url, url.replace("http", "ws"), "data:", "blob:"))]
    assert not wrong


def bench_in(folder: Path) -> Workbench:
    return Workbench.of(find_home(folder / "root"))


Box = Mapping[str, float]
COLOURS = """canvas => {
  const { width, height } = canvas;
  const copy = Object.assign(document.createElement("canvas"), { width, height });
  const pen = copy.getContext("2d");
  pen.drawImage(canvas, 0, 0);
  const { data } = pen.getImageData(0, 0, width, height);
  const found = new Set();
  for (let at = 0; at < data.length; at += 4) {
    const hex = (one) => one.toString(16).padStart(2, "0");
    if (data[at + 3] === 255) found.add([...data.slice(at, at + 3)].map(hex).join(""));
  }
  return [...found];
}"""


def expect_drawn(page: Page, *colours: str) -> None:
    """Wait until the drawing has these colours: of labelled tasks, which nothing shines through, and of their rings."""
    canvas = page.locator(".lsal-map-plot canvas").first
    end, found = time.monotonic() + LONG_MS / 1000, set[str]()
    while not found >= set(colours):
        assert time.monotonic() < end, f"{colours} of {sorted(found)}"
        found = set(canvas.evaluate(COLOURS))
        page.wait_for_timeout(100)


def until_taken(page: Page, gesture: Callable[[Box], None], taken: Callable[[], object]) -> None:
    """Make a gesture until the map has taken it: without a GPU it may be busy drawing, and miss one."""
    end = time.monotonic() + LONG_MS / 1000
    while not taken():
        assert time.monotonic() < end
        box = page.locator(".lsal-map-plot canvas").first.bounding_box()
        assert box
        page.mouse.move(1, 1)
        gesture(box)
        page.wait_for_timeout(1500)


def test_the_map_is_drawn_by_a_process_beside_the_kernel(page: Page, folder: Path) -> None:
    shown = page.locator(".lsal-map")
    expect(shown).to_contain_text("by t-SNE of their embeddings")
    expect(shown.locator(".lsal-map-legend")).to_contain_text("labelled")
    expect(shown.locator(".lsal-map-legend button")).to_have_count(2)
    expect_drawn(page, BLUE, ORANGE, INK)
    seen = bench_in(folder).map()
    assert seen
    expect(shown).to_contain_text(f"{len(seen.task_ids)} tasks as of the last ranking")
    page.screenshot(path=shot("map-map"))


def test_the_task_under_the_pointer_is_told_and_does_no_harm(page: Page, folder: Path) -> None:
    seen = bench_in(folder).map()
    assert seen
    assert seen.places is not None
    x, y = FRAME * seen.places[int((seen.task_ids == 26).argmax())]
    card = page.locator(".lsal-map-card")

    def point(box: Box) -> None:
        side = min(box["width"], box["height"]) / 2
        at = (box["x"] + box["width"] / 2 + float(x) * side, box["y"] + box["height"] / 2 - float(y) * side)
        page.mouse.move(at[0] - 3, at[1])
        page.mouse.move(*at, steps=4)

    until_taken(page, point, lambda: re.search(r"Task \d+", card.inner_text()))
    expect(card.locator(".lsal-map-text")).not_to_be_empty()
    assert page.evaluate("window.harmed") is None
    assert page.locator(".lsal-map img, .lsal-map script").count() == 0
    assert HOSTILE[:20] in page.locator(".lsal-map-legend").inner_text()


def test_a_lasso_chooses_tasks_and_an_act_is_done_to_the_open_ones(page: Page, folder: Path) -> None:
    bench = bench_in(folder)
    page.get_by_role("button", name="Lasso").click()
    expect(page.get_by_role("button", name="Lasso")).to_have_attribute("aria-pressed", "true")
    chosen = page.locator(".lsal-map-chosen")

    def draw(box: Box) -> None:
        edges = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98), (0.02, 0.04)]
        corners = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in edges]
        page.mouse.move(*corners[0])
        page.mouse.down()
        for corner in corners[1:]:
            page.mouse.move(*corner, steps=12)
            page.wait_for_timeout(60)
        page.mouse.up()

    until_taken(page, draw, lambda: re.search(r"\d+ chosen", chosen.inner_text()))
    seen = bench.map()
    assert seen
    expect(chosen.locator("b")).to_have_text(re.compile(r"\d+ chosen"))
    tasks, left_out = (int(found) for found in re.findall(r"(\d+) (?:chosen|labelled)", chosen.inner_text()))
    assert 0.8 * len(seen.task_ids) < tasks <= len(seen.task_ids)
    still_open = tasks - left_out
    assert 0 < still_open <= int((seen.standing == 0).sum())
    page.screenshot(path=shot("map-lasso"))
    page.get_by_role("button", name=f"Look at {still_open}").click()
    expect(page.get_by_role("tab", name="Queue")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".lsal-dashboard")).to_contain_text("chosen on the map")
    open_tab(page, "Map")
    page.get_by_role("button", name=f"Prioritise {still_open}").click()
    expect(page.locator(".lsal-map-marks")).to_contain_text("to come first")
    assert len(bench.wishes().pinned) == still_open
    page.get_by_role("button", name=f"Give back {still_open}").click()
    expect(page.locator(".lsal-map-marks")).not_to_contain_text("to come first")
    assert not bench.wishes().pinned


def test_the_same_can_be_done_by_keyboard_and_read_as_a_table(page: Page, folder: Path) -> None:
    page.get_by_role("button", name="Group", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".lsal-map-legend h4")).to_have_text("Group of like tasks")
    expect(page.get_by_role("button", name="Group", exact=True)).to_be_focused()
    page.locator(".lsal-map-table summary").focus()
    page.keyboard.press("Enter")
    rows = page.locator(".lsal-map-table tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Choose the tasks of group 2").focus()
    page.keyboard.press("Enter")
    seen = bench_in(folder).map()
    assert seen
    expect(page.locator(".lsal-map-chosen b")).to_have_text(f"{int((seen.cluster == 1).sum())} chosen")
    page.screenshot(path=shot("map-table"))


def test_dark_and_narrow_it_is_still_all_there(page: Page) -> None:
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Label", exact=True).click()
    page.evaluate("document.body.style.setProperty('--jp-layout-color0', '#111111')")
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    expect(page.locator(".lsal-map-plot")).to_have_css("background-color", "rgb(17, 17, 17)")
    expect_drawn(page, BLUE, ORANGE, INK_ON_DARK)
    page.set_viewport_size({"width": 700, "height": 1400})
    expect_drawn(page, BLUE, ORANGE, INK_ON_DARK)
    page.wait_for_function("![...document.querySelectorAll('.lsal-map *')].some(one => one.scrollWidth > 700)")
    page.screenshot(path=shot("map-dark"))


def test_after_a_reload_the_same_map_is_there(page: Page) -> None:
    save(page)
    page.reload()
    expect(page.locator(".lsal-map")).to_contain_text("by t-SNE of their embeddings")
    expect_drawn(page, BLUE, ORANGE, INK)
    expect(page.locator(".lsal-map-legend h4")).to_have_text("Label")


def test_a_page_that_shows_other_points_gets_the_right_ones(page: Page) -> None:
    """As if its drawing had begun while the points came: it says that it shows two, and they are sent again."""
    page.wait_for_function(
        """[...document.querySelectorAll(".lsal-map-plot [id]")].some(({ api }) => api?.get("points").length > 2)"""
    )
    page.evaluate(
        """() => {
          const plot = [...document.querySelectorAll(".lsal-map-plot [id]")].find((one) => one.api);
          window.drawing = plot.api;
          window.shown = window.drawing.get("points");
          plot.api = { get: (name) => (name === "points" ? [0, 0] : window.drawing.get(name)) };
        }"""
    )
    page.wait_for_function("window.drawing.get('points') !== window.shown", timeout=WAIT_MS)
    assert page.evaluate("window.drawing.get('points').length === window.shown.length")
    assert page.evaluate("window.shown.length") > 2
