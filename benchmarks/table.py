"""The queue's table with 100,000 open tasks in a real JupyterLab and a real Chromium: first paint, scrolling, bytes.

The texts are made up; all else is as a ranking leaves it: a mirror, a published batch, and arrays of what a version
said of every task. Nothing else of the dashboard is switched off.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from jupyter_server import jupyterlab, write_notebook
from open_tasks import open_tasks

from lsal.dashboard.sifting import Wish, sift
from lsal.workbench import Workbench

CELLS = (
    "from lsal.dashboard import Dashboard\nfrom lsal.workbench import Workbench\nboard = Dashboard(Workbench())",
    "board",
)
FLAGS = "--no-sandbox --disable-background-networking --disable-component-update --disable-sync --no-first-run"
WATCH = """
window.long = [];
new PerformanceObserver(list => window.long.push(...list.getEntries().map(one => one.duration)))
  .observe({type: 'longtask', buffered: true});
window.painted = {};
const first = '.lsal-queue-body .lsal-queue-';
new MutationObserver((_, observer) => {
  if (document.querySelector('.lsal-queue')) window.painted.view ??= performance.now();
  if (document.querySelector(`${first}rank:not(:empty)`)) window.painted.rows ??= performance.now();
  if (document.querySelector(`${first}text`)) window.painted.texts ??= performance.now();
  if (window.painted.texts) observer.disconnect();
}).observe(document, {childList: true, subtree: true});
"""
SCROLL = """
async ([selector, steps]) => {
  const grid = document.querySelector(selector), times = [], end = grid.scrollHeight - grid.clientHeight;
  window.long.length = 0;
  for (let step = 1; step <= steps; step += 1) {
    grid.scrollTop = end * step / steps;
    times.push(await new Promise(requestAnimationFrame));
  }
  await new Promise(done => setTimeout(done, 1500));
  const gaps = times.slice(1).map((time, n) => time - times[n]).sort((a, b) => a - b);
  return {
    frames: 1000 * gaps.length / (times.at(-1) - times[0]),
    slowest: gaps.at(-1),
    long: Math.max(0, ...window.long),
    longs: window.long.length,
  };
}
"""
RENDERER = """
() => {
  const gl = document.createElement('canvas').getContext('webgl');
  const told = gl?.getExtension('WEBGL_debug_renderer_info');
  return told ? gl.getParameter(told.UNMASKED_RENDERER_WEBGL) : 'no GPU: drawn in software';
}
"""


def main() -> None:
    """Print a small table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--tasks", type=int, default=100_000)
    options.add_argument("--steps", type=int, default=600, help="of scrolling from the first row to the last")
    options.add_argument("--gpu", action="store_true", help="let Chromium use one")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = open_tasks(Path(folder) / "root", chosen.tasks)
        told = kernel(bench) | page(Path(folder), chosen)
    width = max(map(len, told))
    for name, figure in told.items():
        print(f"{name:{width}}  {figure}")


def kernel(bench: Workbench) -> dict[str, str]:
    """How long the columns take, in this process."""
    begun = time.perf_counter()
    pool = bench.open_pool()
    read = time.perf_counter() - begun
    sorts = {}
    for sort in ("rank", "margin", "guess"):
        begun = time.perf_counter()
        sift(pool, Wish(sort=sort, cluster=3))
        sorts[sort] = time.perf_counter() - begun
    begun = time.perf_counter()
    found = len(bench.holding("charged twice when"))
    text = time.perf_counter() - begun
    return {
        "open tasks": f"{len(pool):,}",
        "kernel: read the columns": f"{read:.2f} s",
        "kernel: sort and filter": ", ".join(f"{name} {1000 * s:.0f} ms" for name, s in sorts.items()),
        f"kernel: find a text ({found:,} hold it)": f"{text:.2f} s",
    }


def page(folder: Path, chosen: argparse.Namespace) -> dict[str, str]:
    """What a browser sees."""
    write_notebook(folder / "table.ipynb", *CELLS)
    flags = [*FLAGS.split(), *([] if chosen.gpu else ["--disable-gpu"])]
    with jupyterlab(folder, {"LSAL_ROOT": str(folder / "root")}) as (url, token), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        shown = browser.new_context(viewport={"width": 1250, "height": 1100}).new_page()
        shown.set_default_timeout(120_000)
        shown.add_init_script(WATCH)
        sizes = count_bytes(shown)
        shown.goto(f"{url}/lab/tree/table.ipynb?token={token}")
        shown.get_by_text("| Idle").wait_for()
        shown.locator(".jp-CodeCell .cm-content").first.click()
        shown.keyboard.press("Shift+Enter")
        time.sleep(10)  # the dashboard reads meanwhile, as it would on a page that is not looked at
        told = paint(shown, sizes) | scroll(shown, chosen.steps, sizes)
        told |= {"browser": f"Chromium {browser.version}, {shown.evaluate(RENDERER)}"}
        browser.close()
    return told


def count_bytes(shown: Page) -> list[int]:
    """The sizes of all that comes over web sockets, as it comes."""
    sizes: list[int] = []
    shown.on("websocket", lambda one: one.on("framereceived", lambda frame: sizes.append(len(frame))))
    return sizes


def paint(shown: Page, sizes: list[int]) -> dict[str, str]:
    """From the view's arrival in the page to its rows."""
    before = sum(sizes)
    shown.keyboard.press("Shift+Enter")
    shown.wait_for_function("window.painted.texts")
    at = shown.evaluate("window.painted")
    return {
        "page: first rows": f"{at['rows'] - at['view']:.0f} ms after the table is in the page",
        "page: their texts": f"{at['texts'] - at['view']:.0f} ms",
        "bytes to the first paint, code and all": f"{(sum(sizes) - before) / 1e6:.2f} MB",
    }


def scroll(shown: Page, steps: int, sizes: list[int]) -> dict[str, str]:
    """From the first row to the last, a step at each frame."""
    before = sum(sizes)
    found = shown.evaluate(SCROLL, [".lsal-queue-grid", steps])
    last = shown.locator(".lsal-queue-grid").get_attribute("aria-rowcount")
    shown.locator(f".lsal-queue-body [aria-rowindex='{last}']:not([hidden]) .lsal-queue-text").wait_for()
    return {
        f"scrolling in {steps} steps": f"{found['frames']:.0f} frames/s, the longest gap {found['slowest']:.0f} ms",
        "longest task of the main thread": f"{found['long']:.0f} ms, {found['longs']} over 50 ms",
        "bytes while scrolling": f"{(sum(sizes) - before) / 1e6:.2f} MB",
        "bytes in all": f"{sum(sizes) / 1e6:.2f} MB",
    }


if __name__ == "__main__":
    main()
