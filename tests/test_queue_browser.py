"""The table of all open tasks in a real JupyterLab: scrolled, sifted, ticked by mouse and by keys, in two views."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyter_server import jupyterlab, write_notebook
from open_tasks import open_tasks
from playwright.sync_api import Locator, Page, expect, sync_playwright
from prepared import HOSTILE, STAMP
from shots import shot
from test_browser import CHROMIUM, FLAGS, WAIT_MS, queue_row, run_first_cell

from lsal.workbench import Workbench

TASKS, BATCH = 3000, 40
HARMFUL = 2
CELL = (
    "from lsal.dashboard import Dashboard\nfrom lsal.workbench import Workbench\nboard = Dashboard(Workbench())\nboard"
)
ONLY = "board.queue.only([5, 7, 9], why='<b>map</b> selection')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("table")


@pytest.fixture(scope="module")
def bench(folder: Path) -> Workbench:
    made = open_tasks(folder / "root", TASKS, BATCH)
    row = {"id": HARMFUL, "data": {"text": HOSTILE + "\u202e\x07" + "x" * 1_000_000}}
    made.desk.mirror.keep([{**row, "updated_at": STAMP, "annotations": []}])
    return made


@pytest.fixture(scope="module")
def sizes() -> list[int]:
    """Of all that came over web sockets."""
    return []


@pytest.fixture(scope="module")
def page(folder: Path, bench: Workbench, sizes: list[int]) -> Iterator[Page]:
    write_notebook(folder / "table.ipynb", CELL, ONLY, "import time; time.sleep(3600)", "board")
    expect.set_options(timeout=WAIT_MS)
    with jupyterlab(folder, {"LSAL_ROOT": str(folder / "root")}) as (url, token), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS.split(), "--no-first-run"])
        page = browser.new_context(viewport={"width": 1250, "height": 1500}).new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("websocket", lambda one: one.on("framereceived", lambda frame: sizes.append(len(frame))))
        page.goto(f"{url}/lab/tree/table.ipynb?token={token}")
        run_first_cell(page)
        expect(queue_row(page, 1)).to_contain_text("Message")
        yield page
        browser.close()


def told(page: Page, until: Callable[[str], bool]) -> str:
    """The sentence of what is shown, once it is as it should be."""
    counted = page.locator(".lsal-queue-counted").first
    end = time.monotonic() + WAIT_MS / 1000
    while not until(counted.inner_text()):
        assert time.monotonic() < end, counted.inner_text()
        time.sleep(0.05)
    return counted.inner_text()


def grid(page: Page) -> Locator:
    return page.locator(".lsal-queue-grid").first


def scroll(page: Page, share: float) -> None:
    grid(page).evaluate("(one, share) => { one.scrollTop = share * (one.scrollHeight - one.clientHeight); }", share)


def test_it_is_a_grid_with_the_rows_in_sight_alone(page: Page) -> None:
    expect(grid(page)).to_have_attribute("aria-rowcount", str(TASKS + 1))
    expect(grid(page).locator("[role=columnheader]:visible")).to_have_count(10)
    expect(grid(page).locator("[aria-sort=ascending]")).to_have_text("#")
    assert 10 < grid(page).locator("[aria-rowindex]").count() < 60
    expect(queue_row(page, 5)).to_contain_text("not shown")
    expect(queue_row(page, 1)).to_contain_text("random")
    page.locator(".lsal-queue").first.screenshot(path=shot("queue-table"))


def test_it_is_scrolled_to_the_end_and_back(page: Page, bench: Workbench, sizes: list[int]) -> None:
    before = sum(sizes)
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        scroll(page, share)
    last = queue_row(page, TASKS)
    expect(last).to_contain_text("Message")
    expect(last).to_contain_text("–")
    assert grid(page).locator("[aria-rowindex]:not([hidden])").count() < 40
    scroll(page, 0)
    expect(queue_row(page, 1)).to_contain_text("Message")
    assert sum(sizes) - before < 300_000
    assert len(bench.open_pool()) == TASKS


def test_headers_sort_and_filters_sift(page: Page) -> None:
    by_margin = grid(page).get_by_role("button", name="Margin")
    by_margin.click()
    expect(grid(page).locator("[aria-sort=ascending]")).to_have_text("Margin")
    by_margin.click()
    expect(grid(page).locator("[aria-sort=descending]")).to_have_text("Margin")
    expect(queue_row(page, 1).locator(".lsal-queue-margin")).to_contain_text("9")
    page.get_by_role("button", name="Batch").click()
    told(page, lambda text: text == f"{BATCH} of {TASKS:,} open tasks")
    page.get_by_role("button", name="Whole pool").click()
    page.get_by_label("Words in a task").fill("#17")
    told(page, lambda text: text.startswith("1 of"))
    expect(queue_row(page, 1)).to_contain_text("Message 17:")
    page.get_by_label("Words in a task").fill("")
    page.get_by_label("Guessed class").fill("fees")
    page.get_by_label("Group").select_option("3")
    told(page, lambda text: "," not in text.partition(" of")[0] and int(text.split()[0]) < 60)
    expect(queue_row(page, 1).locator(".lsal-queue-guess")).to_have_text("fees")
    expect(queue_row(page, 1).locator(".lsal-queue-cluster")).to_have_text("4")
    page.get_by_label("Guessed class").fill("")
    page.get_by_label("Group").select_option("-1")
    grid(page).get_by_role("button", name="#").click()
    told(page, lambda text: text.startswith(f"{TASKS:,} of"))


def test_hostile_tasks_do_no_harm(page: Page) -> None:
    page.get_by_label("Words in a task").fill("harmed")
    told(page, lambda text: text.startswith("1 of"))
    expect(queue_row(page, 1)).to_contain_text("<script>window.harmed = 'script'</script>")
    assert len(queue_row(page, 1).inner_text()) < 600
    assert page.evaluate("window.harmed") is None
    page.get_by_label("Words in a task").fill("")
    told(page, lambda text: text.startswith(f"{TASKS:,} of"))


def test_keys_move_tick_and_act(page: Page, bench: Workbench) -> None:
    expect(queue_row(page, 1)).to_contain_text("random")
    queue_row(page, 2).locator(".lsal-queue-task").click()
    page.keyboard.press("ArrowDown")
    expect(queue_row(page, 3)).to_have_class("lsal-queue-row lsal-queue-current")
    pointed = grid(page).get_attribute("aria-activedescendant")
    assert queue_row(page, 3).get_attribute("id") == pointed
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator(".lsal-queue-chosen")).to_have_text(
        "3 tasks ticked, of which 1 for measuring: nothing is done with those"
    )
    expect(queue_row(page, 5)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("End")
    expect(queue_row(page, TASKS)).to_contain_text("Message")
    page.keyboard.press("Home")
    expect(queue_row(page, 3)).to_have_attribute("aria-selected", "true")
    queue_row(page, 8).click(modifiers=["Shift"])
    expect(page.locator(".lsal-queue-chosen")).to_contain_text("6 tasks ticked")
    page.get_by_role("button", name="Pin first").click()
    expect(page.locator(".lsal-queue-later")).to_have_text("Waits for the next Re-rank: 5 pinned.")
    expect(queue_row(page, 3)).to_contain_text("pinned")
    assert len(bench.wishes().pinned) == 5
    expect(page.locator(".lsal-queue-actions").get_by_role("button", name="Re-rank")).to_be_enabled()
    grid(page).focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Untick")).to_be_disabled()


def test_it_can_be_scrolled_while_a_cell_runs_and_views_keep_step(page: Page) -> None:
    page.locator(".jp-CodeCell .cm-content").nth(1).click()
    page.keyboard.press("Shift+Enter")
    chip = page.locator(".lsal-queue-chip")
    expect(chip).to_contain_text("<b>map</b> selection, 3 tasks")
    told(page, lambda text: text.startswith("3 of"))
    page.locator(".jp-CodeCell .cm-content").nth(3).click()
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".lsal-queue")).to_have_count(2)
    second = page.locator(".lsal-queue").last
    expect(second.locator(".lsal-queue-counted")).to_have_text(f"3 of {TASKS:,} open tasks")
    second.locator(".lsal-queue-chip").click()
    told(page, lambda text: text.startswith(f"{TASKS:,} of"))
    expect(second.locator(".lsal-queue-chip")).to_be_hidden()
    page.locator(".jp-CodeCell .cm-content").nth(2).click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-CodeCell").nth(2)).to_contain_text("[*]")
    scroll(page, 0.5)
    expect(queue_row(page.locator(".lsal-queue").first, TASKS // 2).locator(".lsal-queue-open")).to_have_text(
        re.compile(r"\d")
    )
    page.get_by_role("button", name="Interrupt the kernel").click()
