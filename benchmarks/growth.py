"""A round's seconds and its worker's memory as the project grows: in a real Label Studio, and in the mirror alone."""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grounds import WORDS, label_some, workbench, write_texts

from lsal.desk import Desk
from lsal.home import create_home, open_home
from lsal.jobs import create
from lsal.label_studio import tally
from lsal.worker import pool_kept, queueing
from lsal.worker.learning import learn, write_snapshots
from lsal.worker.steps import Steps

CLASSES, LABELLED, BATCH, PAGE = 4, 200, 200, 20_000
EVERY_S = 0.05
STAMP = "2026-01-01T00:00:00.000000Z"
VALUES = "".join(f'<Choice value="c{k}"/>' for k in range(CLASSES))
CONFIG = f'<View><Text name="text" value="$text"/><Choices name="label" toName="text">{VALUES}</Choices></View>'
COLUMNS = ("tasks", "where", "train", "rank", "rank again", "round", "processor", "a look", "own memory", "with files")


def main() -> None:
    """Print a row for each size; with `--figure` also draw them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--real", type=int, nargs="*", default=[1000, 10_000, 100_000], help="in a Label Studio")
    options.add_argument("--mirror", type=int, nargs="*", default=[1000, 10_000, 100_000, 1_000_000])
    options.add_argument("--ten-million", action="store_true", help="in the mirror too: 30 minutes, 15 GB of disk")
    options.add_argument("--figure", type=Path, help="a PNG, SVG or PDF file")
    options.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.worker:
        return work(chosen.worker)
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS), flush=True)
    rows = []
    for row in measured(chosen.real, [*chosen.mirror, *[10_000_000] * chosen.ten_million]):
        rows.append(row)
        print("| " + " | ".join(told(name, row.get(name)) for name in COLUMNS) + " |", flush=True)
    if chosen.figure:
        draw(rows, chosen.figure)


def measured(real: list[int], alone: list[int]) -> Iterator[dict[str, Any]]:
    """A row for each size, each in folders of its own that are removed after it."""
    for tasks in real:
        with workbench() as bench:
            bench.new(str(write_texts(bench.root / "texts.jsonl", tasks)), demo=True, hold_out=0.0)
            bench.configure(batch=BATCH, refill_below=0.0)
            bench.rank().wait()
            label_some(bench, 100)
            bench.round().wait()
            label_some(bench, 20)
            job = bench.round()
            pid = json.loads((job.folder / "process.json").read_bytes())["pid"]
            memory = watched(pid, lambda job=job: job.state().state not in ("running", "waiting"))
            took = job.wait()["seconds"]
            again, begun = bench.rank().wait()["seconds"], time.perf_counter()
            bench.sync()
            look = time.perf_counter() - begun
            train = took["snapshot"] + took["train"] + took["measure"]
            ranked = {"rank": took["score"] + took["rank"], "rank again": again["score"] + again["rank"]}
            yield {"tasks": tasks, "where": "Label Studio", "train": train, **ranked, **memory} | {
                "round": sum(took.values()),
                "a look": look,
            }
    for tasks in alone:
        with tempfile.TemporaryDirectory() as folder:
            home = filled(Path(folder), tasks)
            command = [sys.executable, __file__, "--worker", str(home)]
            worker = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"})
            memory = watched(worker.pid, lambda worker=worker: worker.poll() is not None)
            assert worker.stdout
            yield {"tasks": tasks, "where": "mirror", **json.loads(worker.stdout.read()), **memory}


def filled(root: Path, tasks: int) -> Path:
    """The folder of a home whose mirror is as a first sync leaves it, with the first tasks labelled."""
    home = create_home(root, "http://127.0.0.1:1", 1, STAMP, "growth")
    home.change_settings(batch=BATCH)
    mirror, draw = Desk(home).mirror, random.Random(0)
    for begin in range(1, tasks + 1, PAGE):
        mirror.keep([_row(number, draw) for number in range(begin, min(begin + PAGE, tasks + 1))])
    mirror.remember(label_config=CONFIG, watermark=STAMP, since={})
    return home.folder


def _row(number: int, draw: random.Random) -> dict[str, Any]:
    label = draw.randrange(CLASSES)
    telling = [f"class{label}sign{draw.randrange(30)}" for _ in range(2)]
    result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [f"c{label}"]}}]
    answer = {"id": number, "completed_by": 1, "was_cancelled": False, "updated_at": STAMP, "result": result}
    return {
        "id": number,
        "data": {"text": " ".join(telling + draw.choices(WORDS, k=10))},
        "created_at": STAMP,
        "updated_at": STAMP,
        "annotations": [answer] if number <= LABELLED else [],
    }


def work(folder: Path) -> None:
    """A round in the mirror alone, as the worker does it, less what is asked of a server; its seconds as JSON."""
    desk = Desk(open_home(folder))
    job = create(desk.home, "round")
    steps, begun = Steps(job, total=6), time.perf_counter()
    with steps.step("snapshot"):
        write_snapshots(desk, job.folder / "snapshot", steps.report)
    lessons, _ = learn(desk, job, steps, job.folder / "snapshot")
    learned = time.perf_counter()
    live = {name: lesson.version.number for name, lesson in lessons.items()}
    made = queueing.rank(desk, steps, live)
    pool_kept.keep(desk.home, made.pool, "growth")
    ranked = time.perf_counter()
    del made
    queueing.rank(desk, steps, live)
    again = time.perf_counter()
    desk.mirror.count(), tally.totals(desk.mirror), tally.by_person(desk.mirror)  # what a sync that finds nothing asks
    took = {"train": learned - begun, "rank": ranked - learned, "rank again": again - ranked}
    took |= {"round": ranked - begun, "a look": time.perf_counter() - again, "steps": steps.seconds}
    print(json.dumps(took))


def watched(pid: int, ended: Any) -> dict[str, float]:
    """Bytes of memory of a process at its peak, its own, and with the files it has mapped; its processor seconds."""
    own = whole = 0
    processor = 0.0
    while not ended():
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        except OSError:
            break
        processor = max(processor, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"))
        facts = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith(" kB")}
        own, whole = max(own, facts.get("RssAnon", 0)), max(whole, facts.get("VmHWM", 0))
        time.sleep(EVERY_S)
    return {"own memory": own, "with files": whole, "processor": processor}


def told(name: str, value: Any) -> str:
    """A cell of the table."""
    if name in ("tasks", "where"):
        return f"{value:,}" if name == "tasks" else value
    if "memory" in name or "files" in name:
        return f"{value / 1e6:,.0f} MB"
    return f"{value:,.3f} s" if value < 1 else f"{value:,.1f} s"


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Seconds and memory by tasks, both axes logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    seconds, memory = figure.subplots(1, 2)
    for where, style in (("Label Studio", "o-"), ("mirror", "s--")):
        some = [row for row in rows if row["where"] == where]
        for name in ("train", "rank", "rank again"):
            seconds.loglog([row["tasks"] for row in some], [row[name] for row in some], style, label=f"{name}, {where}")
        memory.loglog([row["tasks"] for row in some], [row["own memory"] / 1e6 for row in some], style, label=where)
    for axes, unit in ((seconds, "seconds"), (memory, "MB of the worker's own memory")):
        axes.set(xlabel="tasks", ylabel=unit)
        axes.legend(fontsize=7)
    figure.savefig(path)


if __name__ == "__main__":
    main()
