"""One person's sitting: the dashboard in a real JupyterLab beside Label Studio's own pages, both in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from jupyter_server import jupyterlab, write_notebook
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from projects import annotations_digest, demo_of_texts
from served import wait_until
from shots import shot
from slow_jobs import slow_job
from test_browser import CHROMIUM, FLAGS, WAIT_MS, open_tab, run_first_cell, save

from lsal.label_studio import server
from lsal.workbench import Workbench

CELL = "from lsal.dashboard import Dashboard\nfrom lsal.workbench import Workbench\nDashboard(Workbench(project={!r}))"
WORK_MS = 120_000
"""For what trains or ranks: this only guards against hanging."""
BATCH = 6


@pytest.fixture(scope="module")
def bench(label_studio: server.Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A published first batch of a project that knows nothing yet."""
    made = demo_of_texts(root, tmp_path_factory.mktemp("data"), count=90, batch=BATCH)
    made.rank().wait()
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS.split(), "--no-first-run"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """Every address that one of the pages asked for."""
    return []


@pytest.fixture(scope="module")
def page(bench: Workbench, browser: Browser, folder: Path, root: Path, asked: list[str]) -> Iterator[Page]:
    """The dashboard, alive."""
    write_notebook(folder / "live.ipynb", CELL.format(bench.home.slug))
    with jupyterlab(folder, {"LSAL_ROOT": str(root)}) as (url, token):
        page = browser.new_context(viewport={"width": 1250, "height": 1500}).new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{url}/lab/tree/live.ipynb?token={token}")
        run_first_cell(page)
        yield page


@pytest.fixture(scope="module")
def editor(bench: Workbench, browser: Browser, asked: list[str]) -> Page:
    """Label Studio's own page, signed in."""
    email, password = bench.login()
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(WAIT_MS)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{bench.desk.url}/user/login/")
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.locator("button[type=submit]").click()
    page.wait_for_url(lambda url: "/user/login" not in url)
    return page


def test_one_label_by_hand_moves_the_counters_within_seconds(page: Page, editor: Page, bench: Workbench) -> None:
    expect(fact(page, "Labelled")).to_contain_text("0")
    stream(editor, bench)
    expect(editor.get_by_text(first_of_queue(page))).to_be_visible()
    editor.get_by_text(re.compile(r"^animal")).first.click()
    with editor.expect_response(re.compile(r"/api/tasks/\d+/annotations")) as stored:
        editor.get_by_role("button", name="Submit current annotation").click()
    assert stored.value.ok
    expect(fact(page, "Labelled").locator("b")).to_have_text("1", timeout=WAIT_MS)
    expect(fact(page, "Open in queue").locator("b")).to_have_text(str(BATCH - 1))


def test_a_round_shows_its_progress_and_the_curve_grows(page: Page, bench: Workbench) -> None:
    for versions in (1, 2):
        bench.label()
        bench.sync()
        expect(fact(page, "Open in queue").locator("b")).to_have_text("0")
        button(page, "Round").click()
        expect(button(page, "Cancel")).to_be_enabled()
        expect(fact(page, "Live version").locator("b")).to_have_text(str(versions), timeout=WORK_MS)
        expect(button(page, "Round")).to_be_enabled(timeout=WORK_MS)
        open_tab(page, "Curve")
        expect(page.locator(".lsal-curve-frame [data-version]")).to_have_count(versions)


def test_a_re_rank_changes_the_queue_here_and_in_label_studio(page: Page, editor: Page, bench: Workbench) -> None:
    open_tab(page, "Queue")
    before = bench.status().queue["name"]
    bench.configure(strategy="random", seed=7)
    button(page, "Re-rank").click()
    wait_until(lambda: bench.status().queue["name"] != before, WORK_MS / 1000)
    expect(button(page, "Re-rank")).to_be_enabled(timeout=WORK_MS)
    expect(head_of_queue(page)).to_contain_text(bench.queue(1)[0].shown[0])
    stream(editor, bench)
    expect(editor.get_by_text(first_of_queue(page))).to_be_visible()
    assert bench.verify().exact


def test_going_back_shows_what_it_changes_and_then_does_it(page: Page, bench: Workbench) -> None:
    before = fact(page, "Live version").inner_text()
    open_tab(page, "Versions")
    button(page, "Roll back").click()
    expect(page.get_by_role("button", name="Confirm")).to_be_visible()
    expect(page.locator(".lsal-versions")).to_contain_text("version 1")
    assert fact(page, "Live version").inner_text() == before
    page.get_by_role("button", name="Confirm").click()
    expect(fact(page, "Live version").locator("b")).to_have_text("1", timeout=WORK_MS)
    expect(button(page, "Round")).to_be_enabled(timeout=WORK_MS)
    assert bench.verify().exact
    held = bench.desk.project.read()["model_version"]
    assert held == bench.status().queue["name"]


def test_a_training_is_cancelled_and_leaves_what_was_live(page: Page, bench: Workbench) -> None:
    given, live = annotations_digest(bench), bench.status().live
    for job in slow_job(bench, "train"):
        button(page, "Cancel").click()
        expect(page.locator(".lsal-strip")).to_contain_text("cancelled", timeout=WORK_MS)
        expect(button(page, "Retrain")).to_be_enabled(timeout=WORK_MS)
        assert job.state().state == "cancelled"
    assert bench.status().live == live
    assert annotations_digest(bench) == given


def test_a_reload_and_a_new_kernel_find_the_same_state(page: Page) -> None:
    before = told(page)
    save(page)
    page.reload()
    expect(page.locator(".lsal-facts")).to_have_count(1)
    assert told(page) == before
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator('.lm-Menu-item[data-command="kernelmenu:restart"]').click()
    with page.expect_response(re.compile(r"/api/kernels/[^/]+/restart")):  # until then it is idle, and goes
        page.get_by_role("button", name="Confirm Kernel Restart").click()
    run_first_cell(page)
    expect(page.locator(".lsal-facts")).to_have_count(1)
    assert told(page) == before
    page.screenshot(path=shot("sitting-again"))


def fact(page: Page, name: str) -> Locator:
    """A counter of the header."""
    return page.locator(".lsal-fact", has=page.get_by_text(name, exact=True))


def button(page: Page, name: str) -> Locator:
    """One of the row of buttons; its icon is a letter of its name."""
    return page.locator(".lsal-dashboard").get_by_role("button", name=re.compile(f"{name}$")).first


def told(page: Page) -> list[str]:
    """The header's counters."""
    return page.locator(".lsal-fact").all_inner_texts()


def first_of_queue(page: Page) -> str:
    """What the dashboard says comes next, as people see it."""
    head = head_of_queue(page)
    expect(head).to_contain_text(re.compile(r"\w+ \w+"))
    return head.inner_text().strip()


def head_of_queue(page: Page) -> Locator:
    """The first row's text: the table's own row has the index 1."""
    return page.locator('.lsal-queue-row[aria-rowindex="2"] .lsal-queue-text')


def stream(editor: Page, bench: Workbench) -> None:
    """Press what hands out the queue in Label Studio."""
    editor.goto(f"{bench.desk.url}/projects/{bench.home.project}/data")
    editor.get_by_role("button", name="Label All Tasks").click()
    editor.get_by_role("button", name="Submit current annotation").wait_for()


def test_neither_page_asks_for_anything_outside(page: Page, editor: Page, bench: Workbench, asked: list[str]) -> None:
    """Nor did they in any test before: the notebook with its dashboard, and Label Studio's own pages."""
    editor.goto(f"{bench.desk.url}/projects/{bench.home.project}/data")
    editor.get_by_text("Label All Tasks").first.wait_for()
    hosts = {urlsplit(url).hostname for url in asked if urlsplit(url).scheme not in ("data", "blob")}
    assert hosts == {"127.0.0.1"}
    assert len([url for url in asked if url.startswith(str(bench.desk.url))]) > 10
