"""One round at 1,000 to 10,000 tasks, 20 new annotations, a batch of 200, beside the best use of the same server."""

import argparse
import json
import time
from collections.abc import Sequence
from statistics import median

from bare_round import BareRound
from grounds import label_some, workbench, write_texts

from lsal.label_studio.project import Project
from lsal.worker.fork_server import LOOK_S

FIRST, NEW, BATCH, SAMPLE = 100, 20, 200, 20
Took = dict[str, float]


def main() -> None:
    """Print for each size a line of ratios, with their spread over the rounds, and the seconds of each step."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tasks", type=int, nargs="*", default=[1000, 5000, 10_000])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--steps", action="store_true", help="also the seconds of each step")
    options.add_argument("--alone", action="store_true", help="no backend runs, and so each job imports all it needs")
    chosen = options.parse_args()
    print("| tasks | round | with its process | best use | times the best use | documented loop, estimated | faster |")
    print("|---|---|---|---|---|---|---|")
    for tasks in chosen.tasks:
        ours, whole, best, naive = measured(tasks, chosen.rounds, not chosen.alone)
        seconds, least = [sum(took.values()) for took in ours], [sum(took.values()) for took in best]
        slow = [one * tasks for one in naive]
        times = told([a / b for a, b in zip(seconds, least, strict=True)])
        faster = told([a / b for a, b in zip(slow, seconds, strict=True)])
        parts = [f"{tasks:,}", *(f"{median(row):.2f} s" for row in (seconds, whole, least))]
        print("| " + " | ".join([*parts, times, f"{median(slow):.0f} s", faster]) + " |", flush=True)
        for rows in (ours, best) if chosen.steps else ():
            print("  " + ", ".join(f"{name} {median(took[name] for took in rows):.2f}" for name in rows[0]))


def measured(tasks: int, rounds: int, beside: bool) -> tuple[list[Took], list[float], list[Took], list[float]]:
    """Of each round, in turn: lsal's steps, the same with the start of its process, the script's steps, and the
    documented loop's seconds a task.
    """
    ours, whole, best, naive = list[Took](), list[float](), list[Took](), list[float]()
    with workbench() as bench:
        path = write_texts(bench.root / "texts.jsonl", tasks)
        bench.new(str(path), demo=True, hold_out=0.0)
        bench.configure(batch=BATCH, refill_below=0.0, worker_nice=0)  # as the script: else other work decides
        if beside:
            bench.serve()
        bench.rank().wait()
        label_some(bench, FIRST)
        bench.round().wait()
        if beside:
            time.sleep(LOOK_S * 3)  # until it has imported what the first version needs
        config = bench.desk.project.read()["label_config"]
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        project = Project.create(bench.desk.connection, "bare", config)
        truth = dict(zip(project.add_tasks([{"text": row["text"]} for row in rows]), rows, strict=True))
        submit(project, truth, list(truth)[:FIRST])
        bare = BareRound(project)
        bare.once(BATCH)
        for _ in range(rounds):
            label_some(bench, NEW)
            job = bench.round()
            ours.append(job.wait()["seconds"])
            whole.append(job.state().seconds)
            submit(project, truth, bare.queue[:NEW])
            best.append(bare.once(BATCH))
            naive.append(bare.naive(SAMPLE))
    return ours, whole, best, naive


def submit(project: Project, truth: dict[int, dict[str, str]], tasks: Sequence[int]) -> None:
    """Label some tasks of the script's project."""
    for task in tasks:
        value = {"choices": [truth[task]["label"]]}
        project.submit(task, [{"from_name": "label", "to_name": "text", "type": "choices", "value": value}], 1.0)


def told(ratios: list[float]) -> str:
    """The median of some ratios, and how far they spread."""
    return f"{median(ratios):.1f} x ({min(ratios):.1f} to {max(ratios):.1f})"


if __name__ == "__main__":
    main()
