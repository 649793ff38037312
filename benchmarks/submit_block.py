"""How long a person waits after Submit in the real Label Studio, with the backend attached and without one.

Both projects lie on one server, and their submits alternate. With `--peer` a third one has any other ML backend.
"""

import argparse
import time
from pathlib import Path
from statistics import median

from asking import load, ratio
from grounds import workbench, write_texts

from lsal.home import Home, open_home
from lsal.label_studio.project import Project
from lsal.workbench import Workbench

REGION = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["c0"]}}


def main() -> None:
    """Print the median seconds of a submit in each project, and the ratios to the one without a backend."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--submits", type=int, default=15, help="in each project, in a round")
    options.add_argument("--peer", default="", help="the address of any running ML backend")
    options.add_argument("--root", type=Path, help="of the Label Studio that the peer knows: see predict_in_fit.py")
    chosen = options.parse_args()
    count, names = (chosen.rounds + 1) * chosen.submits, ["none", "lsal", *(["peer"] if chosen.peer else [])]
    with workbench(chosen.root) as bench:
        homes: dict[str, Home] = {}
        for name in names:
            table = write_texts(bench.root / f"{name}.jsonl", count)
            bench.new(str(table), demo=True, hold_out=0.0, title=f"backend {name}")
            bench.configure(refill_below=0.0)
            homes[name] = bench.home
            if name == "lsal":
                bench.serve()
        projects = {name: Workbench.of(open_home(home.folder)).desk.project for name, home in homes.items()}
        if chosen.peer:
            add(projects["peer"], chosen.peer)
        measure(projects, chosen.rounds, chosen.submits)


def add(project: Project, url: str) -> None:
    """Connect a backend as a person does."""
    project.connection.post("/api/ml/", {"url": url, "title": "peer", "project": project.number})


def measure(projects: dict[str, Project], rounds: int, submits: int) -> None:
    """Submit in turns, and print."""
    tasks = {name: [row["id"] for rows in one.tasks([], "id") for row in rows] for name, one in projects.items()}
    medians: dict[str, list[float]] = {name: [] for name in projects}
    for turn in range(rounds + 1):
        seconds: dict[str, list[float]] = {name: [] for name in projects}
        for number in range(submits):
            for name in sorted(projects, reverse=bool(number % 2)):
                begun = time.perf_counter()
                projects[name].submit(tasks[name].pop(), [REGION], 1.0)
                seconds[name].append(time.perf_counter() - begun)
        if turn:  # the first warms up
            for name, each in seconds.items():
                medians[name].append(median(each))
    for name, each in medians.items():
        against = "" if name == "none" else f"   {ratio(each, medians['none'])} of no backend"
        print(f"backend {name:5} {median(each):.3f} s{against}")
    print(f"medians of {rounds} rounds of {submits} submits; {load()}")


if __name__ == "__main__":
    main()
