"""How soon a cell answers while a round runs and the dashboard is live in an open page.

python benchmarks/kernel.py [--browser /usr/bin/chromium]

A real JupyterLab, its dashboard open in a real browser, a demo project of texts on lsal's own Label Studio, one
round after the other; `1 + 1` is sent again and again to the page's own kernel, and timed from the request to its
result. Beside it the same without a dashboard and without a round.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
from jupyter_client.blocking.client import BlockingKernelClient
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from jupyter_server import jupyterlab, write_notebook

from lsal.workbench import Workbench

TEXTS, CELLS, PAUSE_S = 5_000, 150, 0.1
WORDS = {"good": ["great", "fine", "liked", "happy", "best"], "bad": ["awful", "poor", "broken", "sad", "worst"]}
FILLER = [f"word{n}" for n in range(400)]
BOARD = (
    "from lsal.dashboard import Dashboard; from lsal.workbench import Workbench; board = Dashboard(Workbench()); board"
)


def main() -> None:
    """Make the project, then measure beside more and more."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--browser", default="/usr/bin/chromium")
    browser = asked.parse_args().browser
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        bench = Workbench(root).new(str(write(Path(folder) / "texts.csv")), demo=True)
        try:
            bench.configure(batch=50, refill_below=0.0)
            bench.rank().wait()
            bench.label()
            with notebook(Path(folder), browser) as (page, client):
                run(client, "1 + 1")
                tell("an open notebook", measure(client, bench, rounds=False))
                page.locator(".jp-CodeCell .cm-content").first.click()
                page.keyboard.press("Shift+Enter")
                page.locator(".lsal-fact").first.wait_for()
                time.sleep(5)
                tell("a live dashboard in it", measure(client, bench, rounds=False))
                tell("a live dashboard in it, and rounds", measure(client, bench, rounds=True))
        finally:
            bench.down()


@contextmanager
def notebook(folder: Path, browser: str) -> Iterator[tuple[Page, BlockingKernelClient]]:
    """A page with a notebook whose one cell is the dashboard, not run yet, and a client of its kernel."""
    write_notebook(folder / "board.ipynb", BOARD)
    with jupyterlab(folder, {"LSAL_ROOT": str(folder / "root")}) as (url, token), sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = opened.new_page()
        page.goto(f"{url}/lab/tree/board.ipynb?token={token}")
        page.get_by_text("| Idle").wait_for(timeout=60_000)
        [connection] = (folder / "runtime").glob("kernel-*.json")
        client = BlockingKernelClient(connection_file=str(connection))
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        try:
            yield page, client
        finally:
            client.stop_channels()
            opened.close()


def write(path: Path) -> Path:
    """Labelled texts."""
    draw = random.Random(0)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        for number in range(TEXTS):
            label = list(WORDS)[number % 2]
            rows.writerow([" ".join([*draw.sample(WORDS[label], 2), *draw.sample(FILLER, 12)]), label])
    return path


def measure(client: Any, bench: Workbench, rounds: bool) -> list[float]:
    """Seconds of each answer."""
    told, job = list[float](), None
    while len(told) < CELLS:
        if rounds and (job is None or job.state().state not in ("running", "waiting")):
            bench.label()
            job = bench.round()
        begun = time.perf_counter()
        run(client, "1 + 1")
        told.append(time.perf_counter() - begun)
        time.sleep(PAUSE_S)
    if job is not None:
        job.wait(timeout_s=600)
    return told


def run(client: Any, code: str) -> None:
    """Run a cell and wait until it is done."""
    sent = client.execute(code)
    while True:
        try:
            message = client.get_iopub_msg(timeout=60)
        except Empty:
            raise SystemExit(f"the kernel did not answer: {code}") from None
        mine = message["parent_header"].get("msg_id") == sent
        if mine and message["msg_type"] == "error":
            raise SystemExit("\n".join(message["content"]["traceback"]))
        if mine and message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return


def tell(name: str, seconds: list[float]) -> None:
    """One line of the table."""
    median, high = 1000 * np.quantile(seconds, [0.5, 0.95])
    print(f"| {name} | {median:.0f} ms | {high:.0f} ms | {1000 * max(seconds):.0f} ms |", flush=True)


if __name__ == "__main__":
    print("| beside | median | 95th percentile | longest |\n|---|---|---|---|")
    main()
