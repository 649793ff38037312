"""How soon a cell answers while a round runs and the dashboard is live: `python benchmarks/kernel.py`.

A kernel of its own, a demo project of texts on lsal's own Label Studio, one round after the other; `1 + 1` is
sent again and again, and timed from the request to its result. Beside it the same without a dashboard and without
a round.
"""

from __future__ import annotations

import csv
import random
import tempfile
import time
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
from jupyter_client.manager import start_new_kernel

from lsal.settings import child_environment
from lsal.workbench import Workbench

TEXTS, CELLS, PAUSE_S = 5_000, 150, 0.1
WORDS = {"good": ["great", "fine", "liked", "happy", "best"], "bad": ["awful", "poor", "broken", "sad", "worst"]}
FILLER = [f"word{n}" for n in range(400)]
BOARD = (
    "from lsal.dashboard import Dashboard; from lsal.workbench import Workbench; board = Dashboard(Workbench()); board"
)


def main() -> None:
    """Make the project, then measure both ways."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        bench = Workbench(root).new(str(write(Path(folder) / "texts.csv")), demo=True)
        try:
            bench.configure(batch=50, refill_below=0.0)
            bench.rank().wait()
            bench.label()
            manager, client = start_new_kernel(env=child_environment(LSAL_ROOT=str(root)))
            try:
                run(client, "1 + 1")
                tell("nothing else", measure(client, bench, rounds=False))
                run(client, BOARD)
                time.sleep(5)
                tell("a live dashboard", measure(client, bench, rounds=False))
                tell("a live dashboard and rounds", measure(client, bench, rounds=True))
            finally:
                client.stop_channels()
                manager.shutdown_kernel(now=True)
        finally:
            bench.down()


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
