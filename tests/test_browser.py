"""The dashboard in a real JupyterLab, seen by a real browser; without Chromium these tests fail."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from jupyter_server import jupyterlab, write_notebook
from playwright.sync_api import Locator, Page, Response, expect, sync_playwright
from prepared import HOSTILE, add_versions, prepared, publish
from seen import LABELS, seen
from shots import shot

from lsal import jobs, processes
from lsal.files import write_json
from lsal.home import find_home
from lsal.label_studio.mirror import Mirror
from lsal.records import Progress

CHROMIUM = "/usr/bin/chromium"
FLAGS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
CELL = "from lsal.dashboard import Dashboard\nfrom lsal.workbench import Workbench\nDashboard(Workbench())"
BOXES = CELL.replace("Workbench()", "Workbench('boxes/.lsal')")
WAIT_MS = 120_000
"""JupyterLab, its kernel and the browser start beside whatever else the machine does."""
A_THIRD = """() => {
  const cells = [...document.querySelectorAll(".lsal-strip-bar .lsal-strip-meter")];
  const full = cells.filter(cell => cell.firstChild.getBoundingClientRect().width > 0.99 * cell.clientWidth);
  return cells.length === 9 && full.length === 3 && full[0].getBoundingClientRect().height > 4;
}"""
DISABLED = """button => {
  window.wasDisabled = false;
  new MutationObserver(() => { window.wasDisabled ||= button.disabled; }).observe(button, {attributes: true});
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def page(folder: Path) -> Iterator[Page]:
    """A notebook with the dashboard of a prepared project, in JupyterLab, run."""
    bench = prepared(folder / "root", title=HOSTILE)
    add_versions(bench, [15, 19, 24, 20, 27], held=(4,))
    publish(bench, list(range(25, 50)))
    write_notebook(folder / "board.ipynb", CELL)
    seen(folder / "boxes" / ".lsal")
    write_notebook(folder / "boxes.ipynb", BOXES)
    expect.set_options(timeout=WAIT_MS)
    with jupyterlab(folder, {"LSAL_ROOT": str(folder / "root")}) as (url, token), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS.split(), "--no-first-run"])
        page = browser.new_context(viewport={"width": 1250, "height": 1500}).new_page()
        page.set_default_timeout(WAIT_MS)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{url}/lab/tree/board.ipynb?token={token}")
        run_first_cell(page)
        yield page
        outside = [one for one in asked if not one.startswith((url, url.replace("http", "ws"), "data:", "blob:"))]
        browser.close()
    assert not outside


def run_first_cell(page: Page) -> None:
    page.get_by_text("| Idle").wait_for()
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")


def stored(response: Response) -> bool:
    """Whether it is the answer to the storing of a notebook."""
    return response.request.method == "PUT" and "/api/contents/" in response.url


def save(page: Page) -> None:
    """Save the notebook; it is on the disk then, for a reload to find."""
    with page.expect_response(stored):
        page.keyboard.press("Control+s")


def open_tab(page: Page, title: str) -> None:
    page.locator(".lsal-dashboard").get_by_role("tab", name=title).click()


def queue_row(page: Page | Locator, number: int) -> Locator:
    """A row of the queue's table, the first is 1; nodes of rows that were scrolled away are kept hidden."""
    return page.locator(f".lsal-queue-body [aria-rowindex='{number + 1}']:not([hidden])")


def test_the_curve_is_drawn_and_says_on_what_it_was_measured(page: Page) -> None:
    open_tab(page, "Curve")
    curve = page.locator(".lsal-curve")
    expect(curve.locator("[data-version]")).to_have_count(5)
    expect(curve).to_contain_text("measured on 30 tasks of the fixed random order, never trained on")
    expect(curve.locator(".lsal-curve-frame .lsal-curve-held")).to_have_count(1)
    expect(curve.locator(".lsal-curve-frame .lsal-curve-live")).to_have_count(1)
    curve.locator('[data-version="5"]').hover()
    expect(curve.locator(".lsal-curve-tip")).to_contain_text("90.0 % right")
    page.screenshot(path=shot("dashboard-dashboard"))


def test_the_queue_is_drawn_and_hostile_tasks_do_no_harm(page: Page) -> None:
    open_tab(page, "Queue")
    expect(page.locator(".lsal-queue-grid")).to_have_attribute("aria-rowcount", "37")
    expect(queue_row(page, 2)).to_contain_text(HOSTILE)
    expect(queue_row(page, 4)).to_contain_text("measuring")
    expect(page.locator(".lsal-head strong")).to_have_text(HOSTILE)
    assert page.evaluate("window.harmed") is None
    assert page.locator(".lsal-dashboard img, .lsal-dashboard script").count() == 0


def faults(page: Page) -> str:
    """Serious faults of accessibility in the dashboard as it is open now."""
    found = Axe().run(page, ".lsal-dashboard").response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    told = [f"{one['id']}: {node['html'][:200]} ({node['failureSummary']})" for one in serious for node in one["nodes"]]
    return "\n".join(told)


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_axe_finds_no_serious_fault_in_any_tab(page: Page, theme: str) -> None:
    page.locator(".lm-MenuBar-itemLabel", has_text="Settings").click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Theme$")).click()
    page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{theme}$")).click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    for title in page.locator(".lsal-dashboard").get_by_role("tab").all_inner_texts():
        open_tab(page, title)
        assert not faults(page), title
        page.locator(".lsal-dashboard").screenshot(path=shot(f"{theme.split()[-1].lower()}-{title.lower()}"))
    open_tab(page, "Queue")


def test_it_can_be_read_at_700_pixels(page: Page) -> None:
    before = page.viewport_size
    assert before
    page.keyboard.press("Control+b")  # the file browser goes, the notebook has all of the width
    page.set_viewport_size({"width": 700, "height": 1500})
    board = page.locator(".lsal-dashboard")
    for title in board.get_by_role("tab").all_inner_texts():
        open_tab(page, title)
        assert board.evaluate("board => board.scrollWidth - board.clientWidth") <= 0, title
        board.screenshot(path=shot(f"narrow-{title.lower()}"))
    page.set_viewport_size(before)
    page.keyboard.press("Control+b")
    open_tab(page, "Queue")


def test_tabs_are_changed_by_keyboard(page: Page) -> None:
    tabs = page.locator(".lsal-dashboard").get_by_role("tab")
    open_tab(page, "Queue")
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".lsal-curve")).to_be_visible()
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    open_tab(page, "Queue")


def test_a_switch_is_previewed_in_place_and_what_is_kept_stays(page: Page, folder: Path) -> None:
    open_tab(page, "Versions")
    versions = page.locator(".lsal-versions")
    expect(versions.locator("tbody > tr")).to_have_count(5)
    expect(versions.locator("tr.lsal-versions-live")).to_contain_text("90.0 %")
    promote = versions.get_by_role("button", name="Promote version 4")
    promote.focus()
    page.keyboard.press("Enter")
    preview = versions.locator(".lsal-versions-preview")
    expect(preview).to_contain_text("version 4 for label in place of version 5")
    expect(preview).to_contain_text("worse: 1 gained, 9 lost on 30 tasks. It goes live all the same.")
    expect(preview).to_contain_text("Measured on")
    expect(versions.locator("tbody > tr").nth(2)).to_contain_text("Promote version 4?")
    assert not faults(page)
    preview.get_by_role("button", name="Keep as it is").press("Enter")
    expect(preview).to_have_count(0)
    expect(promote).to_be_focused()
    versions.get_by_label("Compare version").select_option("1")
    versions.get_by_label("With version").select_option("2")
    versions.get_by_role("button", name="Compare").click()
    expect(versions.locator(".lsal-versions-compared")).to_contain_text("Versions 1 and 2 of label")
    assert not jobs.jobs(find_home(folder / "root"))
    page.screenshot(path=shot("dashboard-versions"))


def test_settings_are_typed_and_set_and_people_are_counted(page: Page, folder: Path) -> None:
    home, dashboard = find_home(folder / "root"), page.locator(".lsal-dashboard")
    dashboard.get_by_role("button", name="Settings").click()
    dashboard.get_by_label("Strategy").select_option("margin")
    expect(dashboard).to_contain_text("margin: The tasks whose two likeliest classes are closest.")
    dashboard.get_by_label("Random share").fill("0.2")
    page.keyboard.press("Tab")
    expect(dashboard.locator(".lsal-settings-head")).to_contain_text("20 % of it at random")
    assert home.settings().strategy == "explore=0.2:margin"
    dashboard.get_by_label("Batch").fill("0")
    page.keyboard.press("Tab")
    expect(dashboard.locator(".lsal-card")).to_contain_text("Setting 'batch' cannot be 0")
    expect(dashboard.get_by_label("Batch")).to_have_value("25")
    assert not faults(page)
    dashboard.get_by_label("Random share").fill("0")
    page.keyboard.press("Tab")
    expect(dashboard.locator(".lsal-card")).to_have_count(0)
    dashboard.get_by_role("button", name="Fewer").click()
    open_tab(page, "People")
    expect(dashboard.locator(".lsal-people-table tbody")).to_contain_text("person 1")
    expect(dashboard.locator(".lsal-people-labels")).to_contain_text("24 (100.0 %)")
    page.screenshot(path=shot("dashboard-people"))
    open_tab(page, "Queue")


def test_what_people_label_moves_the_counters(page: Page, folder: Path) -> None:
    home = find_home(folder / "root")
    mirror = Mirror(home.path("mirror.sqlite"), home.order_key)
    (task,) = mirror.tasks(ids=[25])
    answer = {"id": 99, "completed_by": 1, "was_cancelled": False, "updated_at": "2026-01-02T00:00:00Z", "result": []}
    mirror.keep([{"id": task.id, "data": task.data, "updated_at": answer["updated_at"], "annotations": [answer]}])
    expect(page.locator(".lsal-fact", has_text="Labelled")).to_contain_text("25")
    expect(queue_row(page, 1)).to_contain_text("<script>")


def test_a_running_job_is_seen_with_a_bar_and_the_time_left(page: Page, folder: Path) -> None:
    job = jobs.create(find_home(folder / "root"), "round")
    write_json(job.folder / "process.json", processes.mark())
    job.report(Progress(3, 9, "score"))
    now = page.locator(".lsal-strip-now")
    expect(now).to_contain_text("Step 4 of 9, score")
    expect(now).to_contain_text("left")
    expect(now.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "33")
    page.wait_for_function(A_THIRD)
    page.screenshot(path=shot("dashboard-running"))
    job.end("cancelled", 0.0)
    expect(page.locator(".lsal-strip-jobs li").first).to_contain_text("cancelled")
    expect(now).to_be_hidden()


def test_a_click_without_label_studio_shows_a_card_with_the_next_step(page: Page) -> None:
    expect(page.get_by_role("button", name="Cancel")).to_be_disabled()
    button = page.get_by_role("button", name="Re-rank")
    button.evaluate(DISABLED)  # for a moment only: whoever looks now and then may miss it
    button.click()
    card = page.locator(".lsal-card")
    expect(card).to_contain_text(re.compile(r"Re-rank failed at [\d:]+: lsal's own Label Studio is not running"))
    expect(card).to_contain_text("Next: Start it: lsal up")
    expect(button).to_be_enabled()
    assert page.evaluate("window.wasDisabled")
    page.screenshot(path=shot("dashboard-error"))


def test_a_notebook_opened_without_a_kernel_shows_a_picture_and_a_table(page: Page, folder: Path) -> None:
    still = page.locator('[class^="lsal-still"]')
    expect(still.locator("img")).to_have_count(1)
    expect(still).to_be_hidden()
    text, until = "", time.monotonic() + WAIT_MS / 1000
    while "data:image/png" not in text:
        assert time.monotonic() < until, "the picture was not saved"
        with page.expect_response(stored):
            page.get_by_role("button", name="Save and create checkpoint").click()
        text = (folder / "board.ipynb").read_text()
    (cell,) = [one for one in nbformat.reads(text, 4).cells if one.source == CELL]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "dead.ipynb")
    dead = page.context.new_page()
    dead.set_default_timeout(WAIT_MS)
    dead.goto(f"{page.url.partition('/lab')[0]}/lab/workspaces/dead/tree/dead.ipynb")
    still = dead.locator('[class^="lsal-still"]')
    expect(still.locator("img")).to_be_visible()
    assert still.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 500
    expect(still.locator("table").last.locator("tr")).to_have_count(11)
    expect(still).to_contain_text("Run the cell again to bring the dashboard to life")
    expect(still).to_contain_text(HOSTILE)
    assert dead.evaluate("window.harmed") is None
    dead.screenshot(path=shot("dashboard-still"))
    dead.close()


def test_boxes_are_seen_on_their_images_beside_their_classes(page: Page) -> None:
    boxes = page.context.new_page()
    boxes.set_viewport_size({"width": 1250, "height": 2600})
    boxes.set_default_timeout(WAIT_MS)
    boxes.goto(f"{page.url.partition('/lab')[0]}/lab/workspaces/boxes/tree/boxes.ipynb")
    run_first_cell(boxes)
    first = queue_row(boxes, 1)
    expect(first.locator("img")).to_have_count(1)
    image, region = first.locator("img"), first.locator(".lsal-queue-region").first
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    expect(region).to_contain_text(re.compile(r"\d (disc|square|triangle)"))
    colour = region.locator(".lsal-queue-colour").evaluate("mark => getComputedStyle(mark).backgroundColor")
    expect(queue_row(boxes, 4)).to_contain_text("measuring")
    expect(queue_row(boxes, 4).locator("img")).to_have_count(1)
    assert not queue_row(boxes, 4).locator("img").get_attribute("title")
    open_tab(boxes, "Curve")
    table = boxes.locator(".lsal-classes")
    expect(table.locator("tbody th")).to_have_text(["all", *LABELS])
    marks = table.locator("tbody i").evaluate_all("marks => marks.map(mark => getComputedStyle(mark).backgroundColor)")
    assert len(set(marks)) == len(LABELS)
    assert colour in marks
    boxes.locator(".lsal-dashboard").screenshot(path=shot("dashboard-objects"))
    boxes.close()
