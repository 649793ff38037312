"""The training strip in a real browser, over a real training: its curves grow, a cancel and a reload are seen."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from jupyter_server import jupyterlab, write_notebook
from playwright.sync_api import Page, expect, sync_playwright
from prepared import HOSTILE, add_versions, prepared, publish
from shots import shot
from test_browser import CELL, CHROMIUM, FLAGS, WAIT_MS, run_first_cell, save
from text_toys import BERT

from lsal import jobs
from lsal.jobs import Job
from lsal.records import Example, Labels
from lsal.snapshots import write_snapshot
from lsal.workbench import Workbench

NETWORK = {"model": BERT, "epochs": 4000, "patience": 0, "batch": 4, "learning_rate": 0.003, "length": 32}
LINE = ".lsal-strip-now .lsal-strip-plot path"
GROWN = f"told => document.querySelector('{LINE}').getAttribute('d') !== told"
TRAINING_MS = 120_000
"""Until a process has loaded its libraries and begun."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("strip")


@pytest.fixture(scope="module")
def bench(folder: Path) -> Workbench:
    """A project with two versions and a queue, whose last job failed with something hostile."""
    made = prepared(folder / "root")
    made.configure(worker_nice=0)
    add_versions(made, [15, 19])
    publish(made, list(range(25, 50)))
    failed = jobs.create(made.home, "rank", jobs.LABEL_STUDIO)
    failed.end("failed", time.time() - 2, error=HOSTILE, fix="Try again: lsal rank")
    (failed.folder / "log.txt").write_text(f"{HOSTILE}\n\x1b[31mred\n" + "x" * 1_000_000)
    return made


@pytest.fixture(scope="module")
def page(bench: Workbench, folder: Path) -> Iterator[Page]:
    write_notebook(folder / "board.ipynb", CELL.replace("Dashboard(W", "board = Dashboard(W") + "\nboard")
    expect.set_options(timeout=WAIT_MS)
    with jupyterlab(folder, {"LSAL_ROOT": str(folder / "root")}) as (url, token), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS.split(), "--no-first-run"])
        page = browser.new_context(viewport={"width": 1250, "height": 1100}).new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{url}/lab/tree/board.ipynb?token={token}")
        run_first_cell(page)
        yield page
        browser.close()


def started(bench: Workbench) -> Job:
    """A training of a small network that would go on for minutes, in a process of its own."""
    job = jobs.create(bench.home, "train")
    control = bench.desk.handled["label"][0]
    texts = [f"{'win cash now' if number % 2 else 'see you at home'} number {number}" for number in range(24)]
    rows = [Example(number, text, Labels((control.labels[number % 2],))) for number, text in enumerate(texts)]
    parts = {"train": rows, "pool": rows}
    write_snapshot(job.folder / "snapshot" / "label", control, "transformers_text", NETWORK, 0, parts)
    (job.folder / "snapshot" / "whole").touch()
    return jobs.start(job, "lsal.worker")


def test_hostile_errors_and_logs_are_only_text(page: Page) -> None:
    row = page.locator(".lsal-strip-jobs li").first
    expect(row).to_contain_text("failed")
    expect(row).to_contain_text("from Label Studio")
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(row.locator(".lsal-strip-log")).to_be_visible()
    expect(row).to_contain_text(HOSTILE)
    expect(row).to_contain_text("Next: Try again: lsal rank")
    assert page.evaluate("window.harmed") is None
    assert page.locator(".lsal-strip img, .lsal-strip script").count() == 0
    assert row.bounding_box()["width"] <= page.locator(".lsal-dashboard").bounding_box()["width"]


def test_a_training_is_seen_as_it_goes_on_and_when_it_was_cancelled(page: Page, bench: Workbench) -> None:
    job = started(bench)
    now, strip = page.locator(".lsal-strip-now"), page.locator(".lsal-strip")
    curves = now.locator(".lsal-strip-chart")
    expect(now).to_contain_text("Retrain")
    expect(curves).to_have_count(2, timeout=TRAINING_MS)
    expect(now).to_contain_text("Step 1 of 4, train: epoch")
    expect(now).to_contain_text("left in this step")
    expect(now).to_contain_text("epochs/")
    expect(curves.first).to_contain_text("training examples")
    expect(curves.nth(1)).to_contain_text("Accuracy")
    told = page.locator(LINE).first.get_attribute("d")
    page.wait_for_function(GROWN, arg=told)
    report = bench.job_report(job.id)
    assert (report.step.unit, report.step.total) == ("epoch", 4000)
    assert report.step.rate
    assert report.gpu is None
    now.locator("summary").click()
    expect(now.locator(".lsal-strip-log")).to_be_visible()
    found = Axe().run(page, ".lsal-strip").response["violations"]
    assert not [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
    strip.screenshot(path=shot("strip-training"))
    page.get_by_role("button", name="Cancel").click()
    expect(now).to_be_hidden(timeout=TRAINING_MS)
    assert job.state().state == "cancelled"
    first = page.locator(".lsal-strip-jobs li").first
    expect(first).to_contain_text("Stopped in its step train")
    first.locator("summary").click()
    expect(first.locator(".lsal-strip-chart")).to_have_count(2)


def test_a_reload_finds_the_same_with_what_was_unfolded(page: Page) -> None:
    save(page)
    shown = page.locator(".lsal-strip-jobs")
    before = shown.inner_text()
    page.reload()
    rows = page.locator(".lsal-strip-jobs li")
    expect(rows).to_have_count(2)
    expect(rows.first.locator(".lsal-strip-chart")).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Next: Try again")
    assert shown.inner_text() == before
    page.set_viewport_size({"width": 700, "height": 1100})
    strip = page.locator(".lsal-strip")
    assert strip.evaluate("strip => strip.scrollWidth <= strip.clientWidth")
    page.screenshot(path=shot("strip-narrow"))
