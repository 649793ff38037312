"""Publishing a batch of 200 into a small project and into a large one of the same server, in turn: seconds by part."""

import argparse
import random
import time
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from grounds import WORDS, workbench, write_texts

from lsal.label_studio import importing, queue
from lsal.label_studio.project import Project
from lsal.records import Entry, Publication

CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text">'
    '<Choice value="c0"/><Choice value="c1"/></Choices></View>'
)
BATCH, AT_ONCE = 200, 10_000
PARTS = ("write", "switch", "verify")


def main() -> None:
    """Print the median seconds of each part for both sizes, and the large one's multiple of the small one."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tasks", type=int, nargs=2, default=[1000, 100_000])
    options.add_argument("--rounds", type=int, default=7)
    chosen = options.parse_args()
    with workbench() as bench:
        bench.new(str(write_texts(bench.root / "texts.jsonl", 20)), demo=True, hold_out=0.0)
        connection = bench.desk.connection
        projects = [filled(Project.create(connection, f"{count}", CONFIG), count) for count in chosen.tasks]
        print("recounts every task at each import:", [importing.recounts_all(project) for project, _ in projects])
        took: list[list[list[float]]] = [[], []]
        for number in range(chosen.rounds):
            for (project, ids), rows in zip(projects, took, strict=True):
                rows.append(published(project, ids, number))
    print(f"{'':8}" + "".join(f"{count:>12,}" for count in chosen.tasks))
    for place, part in enumerate((*PARTS, "all")):
        small, large = ([row[place] for row in rows] for rows in took)
        ratios = [a / b for a, b in zip(large, small, strict=True)]
        figures = f"{median(small):10.2f} s{median(large):10.2f} s"
        print(f"{part:8}{figures}   {median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f})")


def filled(project: Project, count: int) -> tuple[Project, Sequence[int]]:
    """A project with so many texts, and their ids."""
    draw, ids = random.Random(0), list[int]()
    for begin in range(0, count, AT_ONCE):
        ids += project.add_tasks(
            [{"text": " ".join(draw.choices(WORDS, k=12))} for _ in range(min(AT_ONCE, count - begin))]
        )
    return project, ids


def published(project: Project, ids: Sequence[int], number: int) -> list[float]:
    """Publish a batch as a round does; the seconds of each part, and of all."""
    region = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["c0"]}}
    tasks = random.Random(number).sample(ids, BATCH)
    entries = [Entry(task, place / BATCH, {"label": [region]}) for place, task in enumerate(tasks)]
    name, times = queue.new_name({"label": number}), [time.perf_counter()]
    queue.write(project, name, entries)
    times.append(time.perf_counter())
    queue.switch(project, name)
    times.append(time.perf_counter())
    checked = queue.verify(project, Publication(name, {"label": number}, tuple(tasks), (), "margin", "", time.time()))
    times.append(time.perf_counter())
    assert checked.exact, checked.faults
    return [after - before for before, after in pairwise(times)] + [times[-1] - times[0]]


if __name__ == "__main__":
    main()
