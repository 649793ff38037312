"""The tab of the learning curve in a real JupyterLab: figures switched, cells chosen, classes found, pictures saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from grown import BACK, CLASSES, HELD, LIVE, SKILLS, UNMEASURED, add, grown
from jupyter_server import jupyterlab, write_notebook
from playwright.sync_api import Page, expect, sync_playwright
from shots import shot
from test_browser import CHROMIUM, FLAGS, WAIT_MS, open_tab, run_first_cell

from lsal.files import read_json
from lsal.home import find_home
from lsal.workbench import Workbench

CELL = """from lsal.dashboard import Dashboard
from lsal.workbench import Workbench
board, chosen = Dashboard(Workbench()), []
board.curve.on_cell = lambda truth, guess: chosen.append((truth, guess))
board"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("curve")


@pytest.fixture(scope="module")
def page(folder: Path) -> Iterator[Page]:
    """The dashboard of a grown project, its tab Curve open."""
    grown(folder / "root")
    write_notebook(folder / "board.ipynb", CELL, "print(chosen)")
    expect.set_options(timeout=WAIT_MS)
    with jupyterlab(folder, {"LSAL_ROOT": str(folder / "root")}) as (url, token), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS.split(), "--no-first-run"])
        page = browser.new_context(viewport={"width": 1250, "height": 2000}).new_page()
        page.set_default_timeout(WAIT_MS)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{url}/lab/tree/board.ipynb?token={token}")
        run_first_cell(page)
        page.keyboard.press("Control+b")  # the file browser takes room
        open_tab(page, "Curve")
        yield page
        browser.close()
    assert not faults


def test_each_state_has_a_shape_and_words(page: Page) -> None:
    curve = page.locator(".lsal-curve")
    expect(curve.locator("[data-version]")).to_have_count(len(SKILLS))
    for number, shape in ((LIVE, "live"), (HELD, "held"), (BACK, "back"), (UNMEASURED, "warned")):
        expect(curve.locator(f'[data-version="{number}"] .lsal-curve-{shape}')).to_have_count(1)
    for words in ("rolled back", "held back: clearly worse", "biased", "random order, replayed", "forecast, 90 %"):
        expect(curve.locator(".lsal-curve-legend")).to_contain_text(words)
    expect(curve.locator(".lsal-curve-random, .lsal-curve-ahead")).to_have_count(4)
    expect(curve.locator(".lsal-curve-notes")).to_contain_text("saved 68 ± 21")
    expect(curve.locator(".lsal-curve-notes")).to_contain_text("a random order looks better than it is")
    expect(curve.locator(".lsal-curve-notes")).to_contain_text(
        "Version 1: cross-validation on labels that a strategy chose"
    )
    page.locator(".lsal-dashboard").screenshot(path=shot("curve-light"))


def test_arrow_keys_go_from_version_to_version_and_tell_of_each(page: Page) -> None:
    curve = page.locator(".lsal-curve")
    curve.locator(f'[data-version="{LIVE}"]').focus()
    expect(curve.locator(".lsal-curve-tip")).to_contain_text(f"Version {LIVE} of label, live")
    page.keyboard.press("ArrowRight")
    expect(curve.locator(".lsal-curve-tip")).to_contain_text(f"Version {BACK} of label, rolled back")
    page.keyboard.press("Escape")
    expect(curve.locator(".lsal-curve-tip")).not_to_be_visible()


def test_another_figure_says_which_way_is_better_and_stays_when_a_version_comes(page: Page, folder: Path) -> None:
    curve = page.locator(".lsal-curve")
    curve.get_by_label("Metric").select_option("ECE")
    expect(curve.locator(".lsal-curve-title")).to_contain_text("ECE by labels, lower is better")
    expect(curve.locator("[data-version]")).to_have_count(len(SKILLS) - 1)
    bench = Workbench.of(find_home(folder / "root"))
    kept = read_json(bench.home.path("versions", "answers", "truth-label.json"))
    add(bench, len(SKILLS) + 1, 0.9, {key: one for key, (one,) in kept.items()})
    expect(curve.locator("[data-version]")).to_have_count(len(SKILLS))
    expect(curve.locator(".lsal-curve-title")).to_contain_text("ECE")
    curve.get_by_label("Metric").select_option("accuracy")
    expect(curve.locator(f'[data-version="{len(SKILLS) + 1}"] .lsal-curve-live')).to_have_count(1)


def test_the_forecast_is_of_the_target_that_was_typed(page: Page) -> None:
    curve = page.locator(".lsal-curve")
    curve.get_by_label("Target").press_sequentially("0.99")
    expect(curve.locator(".lsal-curve-notes")).to_contain_text("0.99")


def test_a_cell_lists_its_tasks_and_the_kernel_hears_of_it(page: Page) -> None:
    matrix = page.locator(".lsal-matrix")
    expect(matrix.locator(".lsal-matrix-title")).to_have_text(f"What version {len(SKILLS) + 1} confuses")
    expect(matrix.locator("thead th")).to_have_text(list(CLASSES))
    matrix.locator('button[data-row=":ham"][data-column=":ham"]').focus()
    page.keyboard.press("ArrowRight")
    wrong = matrix.locator("button:focus")
    _, guess = (wrong.get_attribute(f"data-{side}")[1:] for side in ("row", "column"))
    count = int(wrong.inner_text())
    page.keyboard.press("Enter")
    expect(matrix.locator(".lsal-matrix-says")).to_contain_text(f"people said ham, version {len(SKILLS) + 1} {guess}")
    expect(matrix.locator("li")).to_have_count(count)
    expect(wrong).to_have_attribute("aria-pressed", "true")
    matrix.get_by_role("button", name="Close").click()
    expect(matrix.locator("li")).to_have_count(0)
    page.locator(".jp-CodeCell .cm-content").nth(1).click()
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-OutputArea-output pre").last).to_contain_text(f"[('ham', {guess!r}), ('', '')]")


def test_classes_are_found_by_name_and_hostile_ones_are_text(page: Page) -> None:
    small = page.locator(".lsal-small")
    expect(small.locator("figure")).to_have_count(len(CLASSES))
    small.get_by_label("Find a class").fill("script")
    expect(small.locator("figure")).to_have_count(1)
    expect(small.locator(".lsal-small-label")).to_have_text(CLASSES[2])
    expect(small.locator(".lsal-small-title")).to_contain_text("1 of 4 classes")
    small.get_by_label("Find a class").fill("")
    expect(small.locator("figure")).to_have_count(len(CLASSES))
    small.get_by_label("Order").select_option("config")
    expect(small.locator(".lsal-small-label")).to_have_text(list(CLASSES))
    assert page.evaluate("window.harmed") is None


@pytest.mark.parametrize("part", ["curve", "small", "matrix"])
def test_pictures_are_saved_whole(page: Page, folder: Path, part: str) -> None:
    saved = []
    for kind in ("SVG", "PNG"):
        with page.expect_download() as coming:
            page.locator(f".lsal-{part}").get_by_role("button", name=f"Save this picture as {kind}").click()
        saved.append(folder / f"{part}.{kind.lower()}")
        coming.value.save_as(saved[-1])
    drawn = ElementTree.parse(saved[0])
    texts = " ".join(one.text or "" for one in drawn.iter("{http://www.w3.org/2000/svg}text"))
    assert "fixed random order" in texts
    assert not re.search(r"var\(|class=|<style", saved[0].read_text()), "it needs no stylesheet"
    assert saved[1].read_bytes().startswith(b"\x89PNG")


def test_it_can_be_read_in_a_narrow_window(page: Page) -> None:
    page.set_viewport_size({"width": 700, "height": 2000})
    page.wait_for_function("document.querySelector('.lsal-curve-frame > svg').viewBox.baseVal.width < 640")
    wide = page.locator(".lsal-curve-frame").bounding_box()
    assert wide
    assert wide["x"] + wide["width"] <= 700
    page.locator(".lsal-dashboard").screenshot(path=shot("curve-narrow"))
