"""How much cheaper a second sync is than the first, and how much memory a first one takes."""

import argparse
import multiprocessing
import threading
import time
from pathlib import Path

import psutil
from grounds import label_some, workbench, write_texts

from lsal.home import open_home
from lsal.label_studio.mirror import Mirror
from lsal.label_studio.sync import SETTLED_S, Synced, sync
from lsal.workbench import Workbench


def main() -> None:
    """Print the ratio at `--tasks` and the memory at `--many`."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tasks", type=int, default=10_000)
    options.add_argument("--many", type=int, default=100_000)
    chosen = options.parse_args()
    with workbench() as bench:
        bench.new(str(write_texts(bench.root / "texts.jsonl", chosen.tasks)), demo=True, hold_out=0.0)
        time.sleep(SETTLED_S + 1)  # tasks imported seconds ago would be read once more
        first = bench.sync()
        bench.rank().wait()
        label_some(bench, 1)
        second = bench.sync()
        print(f"first sync of {first.read} tasks   {first.seconds:8.2f} s")
        ratio = first.seconds / second.seconds
        print(f"second, {second.read} changed             {second.seconds:8.2f} s   1/{ratio:.0f}")
        bench.new(str(write_texts(bench.root / "many.jsonl", chosen.many)), demo=True, hold_out=0.0)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            synced, peak = pool.apply(measure_memory, (bench.home.folder,))
        print(f"first sync of {synced.read} tasks  {synced.seconds:8.2f} s   peak {peak / 1e6:.0f} MB above the start")


def measure_memory(home: Path) -> tuple[Synced, int]:
    """A first sync in a fresh process; its result, and bytes of memory at the peak above the start."""
    bench = Workbench.of(open_home(home))
    mirror = Mirror(home / "again.sqlite", bench.home.order_key)
    me, ended = psutil.Process(), threading.Event()
    project = bench.desk.project
    project.read()
    start = peak = me.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.02):
            peak = max(peak, me.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    synced = sync(mirror, project)
    ended.set()
    watcher.join()
    return synced, peak - start


if __name__ == "__main__":
    main()
