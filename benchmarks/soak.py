"""The soak: five people, forty rounds that start by themselves, 2,000 annotations, a day passing between rounds.

Ends with status 1 if anything grew over the last half of the rounds by more than its limit, see `tests/soak.py`.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from showcase import run
from showcase import table as rounds_table
from soak import Look, Watcher, judged, plain, table, trends
from team import Person, attached, write

from lsal.label_studio import server
from lsal.workbench import Workbench


def main() -> int:
    """Print a row for each round and one for each trend; 0 if all is flat."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=5)
    options.add_argument("--rounds", type=int, default=40)
    options.add_argument("--labels", type=int, default=50, help="for each round")
    options.add_argument("--tasks", type=int, default=4000)
    options.add_argument("--json", type=Path, help="write all figures there")
    options.add_argument("--figure", type=Path, help="draw them into a PNG, SVG or PDF file")
    options.add_argument("--set", nargs="*", default=[], help="settings of the project, such as keep_jobs=10")
    chosen = options.parse_args()
    os.environ.setdefault("LSAL_POLL_S", "0.5")
    with tempfile.TemporaryDirectory() as folder:
        looks, told = soaked(Path(folder) / "root", chosen)
    found = trends(looks)
    print(f"{told}\n\n{table(looks)}\n\n{judged(found)}")
    if chosen.figure:
        draw(looks, chosen.figure)
    return int(not all(one.flat for one in found))


def soaked(root: Path, chosen: Any) -> tuple[list[Look], str]:
    """Run it in `root`; what was looked at after each round, and the table of the rounds."""
    rows = write(chosen.tasks)
    try:
        running = server.up(root)
        bench = attached(running, root, rows)
        bench.configure(batch=2 * chosen.labels, keep_jobs=10, keep_versions=5, keep_log_mb=1)
        for name, value in (one.split("=", 1) for one in chosen.set):
            bench.configure(**{name: json.loads(value)})
        people = [Person(running, f"person{n}@soak.local") for n in range(chosen.people)]
        begun = time.perf_counter()

        def say(job: Any) -> None:
            watcher.look(job)
            if chosen.json:  # after each round: of a run that is ended early something is left
                chosen.json.write_text(json.dumps(plain(watcher.looks, trends(watcher.looks)), indent=1))
            print(f"round {len(watcher.looks)} after {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)

        with Watcher(bench).watching() as watcher:
            told = run(bench, people, rows, chosen.rounds, chosen.labels, say)
        assert all(one.same == one.before for one in told.rounds), "an annotation was lost or changed"
        return watcher.looks, rounds_table(told, bench)
    finally:
        Workbench(root).down()


def draw(looks: list[Look], path: Path) -> None:
    """Memory of each process, the parts of the disk, and the seconds of each round."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    figure, (memory, disk, seconds) = pyplot.subplots(1, 3, figsize=(13, 3.6), layout="constrained")
    rounds = [one.round for one in looks]
    for kind in sorted({kind for one in looks for kind in one.processes}):
        shown = [(one.round, one.processes[kind].uss / 1e6) for one in looks if kind in one.processes]
        memory.plot(*zip(*shown, strict=True), label=kind)
    for part in sorted({part for one in looks for part in one.disk}, key=lambda part: -looks[-1].disk.get(part, 0))[:8]:
        disk.plot(rounds, [one.disk.get(part, 0) / 1e6 for one in looks], label=part)
    seconds.plot(rounds, [one.seconds for one in looks])
    for axes, what in ((memory, "memory of its own, MB"), (disk, "disk, MB"), (seconds, "seconds of a round")):
        axes.set(title=what, xlabel="round", ylim=(0, None))
    memory.legend(fontsize=7)
    disk.legend(fontsize=7)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    sys.exit(main())
