"""The map of a large pool in a real JupyterLab: first paint, frames while panning and zooming, bytes to the page.

python benchmarks/map.py [--tasks 100000] [--browser /usr/bin/chromium]

A home is filled as a sync and a ranking would leave it: 100,000 tasks, embeddings of 384 figures, ten
groups. The worker places them as in real use. Chromium draws by whatever WebGL the machine has,
which is named beside the figures. The page counts its own frames and long tasks.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, WebSocket, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from jupyter_server import jupyterlab, write_notebook

from lsal import scored
from lsal.home import activate, create_home
from lsal.jobs import ENDED
from lsal.label_studio.mirror import Mirror
from lsal.scored import Scored
from lsal.workbench import Workbench

STAMP = "2026-01-01T00:00:00.000000Z"
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text">'
    + "".join(f'<Choice value="class {n}"/>' for n in range(10))
    + "</Choices></View>"
)
WIDTH, LABELLED, PAGE = 384, 500, 5000
CELL = "from lsal.dashboard import Dashboard\nfrom lsal.workbench import Workbench\nDashboard(Workbench())"
FLAGS = (
    "--no-sandbox --use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader --disable-background-networking"
)
WATCH = """() => {
  window.seen = { long: [], frames: [], painted: null };
  const note = (one) => window.seen.long.push([one.startTime, one.duration]);
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ entryTypes: ["longtask"] });
  const frame = (now) => { window.seen.frames.push(now); requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  const painted = (canvas) => {
    const small = document.createElement("canvas");
    [small.width, small.height] = [64, 64];
    const pen = small.getContext("2d");
    pen.drawImage(canvas, 0, 0, 64, 64);
    const pixels = pen.getImageData(0, 0, 64, 64).data;
    const first = pixels.slice(0, 3).join();
    for (let at = 0; at < pixels.length; at += 4) {
      if (pixels[at + 3] && pixels.slice(at, at + 3).join() !== first) return true;
    }
    return false;
  };
  const look = (plot) => {
    const empty = plot.api.get("points").length < 1000;  // it is built before the points come
    if (window.seen.painted !== null || empty || !plot.api.get("isPointsDrawn")) return;
    if (painted(plot.querySelector("canvas"))) window.seen.painted = performance.now();
  };
  const watch = () => {
    window.seen.told ??= document.querySelector(".lsal-map-legend li") ? performance.now() : undefined;
    const plot = [...document.querySelectorAll(".lsal-map-plot [id]")].find((one) => one.api);
    // Looked at when something was drawn, and never else: each look at the pixels waits for all drawing.
    if (plot) plot.api.subscribe("draw", () => look(plot));
    else requestAnimationFrame(watch);
  };
  watch();
}"""
ARRIVALS = """(() => {
  window.arrived = 0;
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      const large = (one) => { if ((one.data.byteLength ?? 0) > 1e6) window.arrived = performance.now(); };
      this.addEventListener("message", large);
    }
  };
})()"""
"""The points come as one message of more than a megabyte, after the libraries that draw them."""
RENDERER = """() => {
  const gl = document.createElement("canvas").getContext("webgl");
  const told = gl.getExtension("WEBGL_debug_renderer_info");
  return gl.getParameter(told.UNMASKED_RENDERER_WEBGL);
}"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--tasks", type=int, default=100_000)
    asked.add_argument("--browser", default="/usr/bin/chromium")
    asked.add_argument("--flags", default=FLAGS)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="lsal-map-") as folder:
        bench = filled(Path(folder) / "root", given.tasks)
        told = {"tasks": given.tasks} | placed(bench)
        told |= looked(Path(folder), given.browser, given.flags.split())
    print(json.dumps(told, indent=2))


def filled(root: Path, tasks: int) -> Workbench:
    """A home with so many tasks, and what a ranking knew of them."""
    home = create_home(root, "http://127.0.0.1:1", 7, STAMP, "A large pool", own_server=True)
    activate(home)
    mirror, draw = Mirror(home.path("mirror.sqlite"), home.order_key), np.random.default_rng(0)
    for begin in range(1, tasks + LABELLED + 1, PAGE):
        numbers = range(begin, min(begin + PAGE, tasks + LABELLED + 1))
        mirror.keep([_row(number, number > tasks) for number in numbers])
    mirror.remember(label_config=CONFIG, watermark=STAMP)
    group = draw.integers(0, 10, tasks + LABELLED)
    vectors = draw.normal(size=(10, WIDTH))[group] + 1.2 * draw.normal(size=(tasks + LABELLED, WIDTH))
    chances = draw.dirichlet(np.full(10, 0.3), tasks).astype(np.float32)
    ordered = np.sort(chances, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    pool = Scored(
        ranking="large",
        control="label",
        version=1,
        classes=tuple(f"class {n}" for n in range(10)),
        task_ids=np.arange(1, tasks + 1),
        chances=chances,
        confidence=ordered[:, -1],
        guess=group[:tasks],
        runner_up=(group[:tasks] + 1) % 10,
        margin=margin,
        score=1 - margin,
        cluster=group[:tasks],
        embeddings=vectors[:tasks].astype(np.float32),
        labelled_ids=np.arange(tasks + 1, tasks + LABELLED + 1),
        labelled_classes=group[tasks:],
        labelled_embeddings=vectors[tasks:].astype(np.float32),
    )
    scored.keep(home, pool)
    return Workbench.of(home)


def placed(bench: Workbench) -> dict[str, Any]:
    """The worker's own seconds by step, and what the kernel needs to read the map afterwards."""
    bench.make_map()
    while (state := bench.map_making()) and state.state not in ENDED:
        time.sleep(0.5)
    assert state
    assert state.state == "done", state.error
    fresh, begun = Workbench(bench.root), time.perf_counter()
    fresh.map()
    first, begun = time.perf_counter() - begun, time.perf_counter()
    fresh.map()
    again = time.perf_counter() - begun
    return {"worker_s": state.result["seconds"], "read_s": {"first": first, "again": again}}


def looked(folder: Path, browser: str, flags: list[str]) -> dict[str, Any]:
    """What the page saw of it."""
    write_notebook(folder / "board.ipynb", CELL)
    got = [0]
    with jupyterlab(folder, {"LSAL_ROOT": str(folder / "root")}) as (url, token), sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=flags)
        page = opened.new_context(viewport={"width": 1250, "height": 1400}).new_page()
        page.set_default_timeout(120_000)
        page.add_init_script(ARRIVALS)
        page.on("websocket", lambda socket: _count(socket, got))
        page.goto(f"{url}/lab/tree/board.ipynb?token={token}")
        page.get_by_text("| Idle").wait_for()
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        page.locator(".lsal-fact").first.wait_for()
        page.wait_for_timeout(4000)
        before = got[0]
        page.evaluate(WATCH)
        begun = page.evaluate("performance.now()")
        page.locator(".lsal-dashboard").get_by_role("tab", name="Map").click()
        page.wait_for_function("window.seen.painted !== null")
        arrived = page.evaluate("window.arrived")
        page.wait_for_timeout(3000)
        seen = page.evaluate("window.seen")
        told = {
            "renderer": page.evaluate(RENDERER),
            "legend_ms": seen["told"] - begun,
            "paint_ms": seen["painted"] - begun,
            "arrived_ms": arrived - begun,
            "paint_after_data_ms": seen["painted"] - arrived,
            "megabytes": (got[0] - before) / 1e6,
        }
        told |= _moved(page)
        opened.close()
    return told


def _moved(page: Page) -> dict[str, Any]:
    """Frames and long tasks while the map is panned, zoomed, chosen from and coloured."""
    box = page.locator(".lsal-map-plot canvas").first.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    told = dict[str, Any]()
    with _watched(page, told, "pan"):
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(60):
            page.mouse.move(x + 120 * np.sin(step / 6), y + 90 * np.cos(step / 5))
            page.wait_for_timeout(16)
        page.mouse.up()
    with _watched(page, told, "zoom"):
        for step in range(30):
            page.mouse.wheel(0, -60 if step < 15 else 60)
            page.wait_for_timeout(30)
    with _watched(page, told, "hover"):
        for step in range(60):
            page.mouse.move(x + 150 * np.sin(step / 9), y + 120 * np.cos(step / 7))
            page.wait_for_timeout(16)
    with _watched(page, told, "choose"):
        page.locator(".lsal-map-legend button").first.click()
        page.locator(".lsal-map-chosen b").wait_for()
        page.wait_for_timeout(1500)
    with _watched(page, told, "colour"):
        page.get_by_role("button", name="Uncertainty").click()
        page.locator(".lsal-map-legend h4", has_text="Uncertainty").wait_for()
        page.wait_for_timeout(1500)
    return told


@contextmanager
def _watched(page: Page, told: dict[str, Any], name: str) -> Iterator[None]:
    page.wait_for_timeout(500)
    page.evaluate("() => { window.seen.long = []; window.seen.frames = []; }")
    yield
    seen = page.evaluate("window.seen")
    gaps = np.diff(seen["frames"])
    told[name] = {
        "frames_per_s": round(1000 / float(gaps.mean()), 1) if len(gaps) else None,
        "longest_frame_ms": round(float(gaps.max()), 1) if len(gaps) else None,
        "longest_task_ms": max((round(one[1]) for one in seen["long"]), default=0),
    }


def _count(socket: WebSocket, got: list[int]) -> None:
    def add(payload: str | bytes) -> None:
        got[0] += len(payload)

    socket.on("framereceived", add)


def _row(number: int, labelled: bool) -> dict[str, Any]:
    result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["class 1"]}}]
    answer = {"id": number, "completed_by": 1, "was_cancelled": False, "updated_at": STAMP, "result": result}
    data, answers = {"text": f"Message {number}: call me when you are home"}, [answer] if labelled else []
    return {"id": number, "data": data, "updated_at": STAMP, "annotations": answers}


if __name__ == "__main__":
    main()
