"""From one annotation to a version that has learned it and is served by every worker: seconds, and stale answers.

An annotation is submitted in the real Label Studio, which tells the backend; an automatic round begins. A stale answer
is one of an older version that was asked for after the round said that it was done. With `--peer` any other ML backend
that trains at each annotation is measured in a project of its own; of it nothing says that it is done, so what it
answers after its first new answer counts.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

from asking import Client, load, request
from grounds import label_some, workbench, write_texts
from submit_block import REGION, add

from lsal.backend.pace import Pace
from lsal.label_studio.mirror import OPEN
from lsal.settings import root_secret
from lsal.workbench import Workbench

ASKED, LONGEST_S = 60, 300.0


def main() -> None:
    """Print seconds until the first new answer and until the end of the round, and how many answers were stale."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--tasks", type=int, default=1000)
    options.add_argument("--labelled", type=int, default=100)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--peer", default="", help="the address of any running ML backend")
    chosen = options.parse_args()
    with workbench() as bench:
        table = write_texts(bench.root / "texts.jsonl", chosen.tasks)
        if chosen.peer:
            bench.new(str(table), demo=True, hold_out=0.0, title="peer")
            other = Workbench.of(bench.home)
            add(other.desk.project, chosen.peer)
        bench.new(str(table), demo=True, hold_out=0.0)
        bench.configure(refill_below=0.0, batch=chosen.labelled + 10 * chosen.rounds)
        url = bench.serve(workers=chosen.workers)["url"]
        bench.rank().wait()
        label_some(bench, chosen.labelled)
        bench.round().wait()
        backend = f"{url}/{root_secret(bench.root)}/{bench.home.slug}"
        told: dict[str, list[tuple[float, float, int]]] = {"lsal": []}
        for _ in range(chosen.rounds):
            told["lsal"].append(picked_up(bench, backend))
            if chosen.peer:
                told.setdefault("peer", []).append(turn(other, chosen.peer, lambda begun: time.perf_counter() - begun))
    for name, rows in told.items():
        first, done, stale = zip(*rows, strict=True)
        print(f"{name}: new answers after {median(first):.1f} s ({min(first):.1f} to {max(first):.1f}), ", end="")
        print(f"done after {median(done):.1f} s ({min(done):.1f} to {max(done):.1f}), ", end="")
        print(f"{sum(stale)} of {ASKED * len(stale)} stale")
    if chosen.peer:
        mine, theirs = (median(one[1] for one in told[name]) for name in ("lsal", "peer"))
        print(f"lsal takes {mine / theirs:.2f} x of it")
    print(f"{chosen.labelled} labelled, {chosen.workers} workers, {chosen.rounds} rounds; {load()}")


def picked_up(bench: Workbench, url: str) -> tuple[float, float, int]:
    """One turn of lsal: automatic rounds are on for one annotation, after the pause that follows a round."""
    last = bench.jobs()[0]
    time.sleep(Pace.of_settings().rest + last.state().seconds)
    bench.automatic(labels=1)
    try:

        def done(begun: float) -> float:
            while bench.jobs()[0].id == last.id:
                time.sleep(0.02)
            bench.jobs()[0].wait(timeout_s=LONGEST_S)
            return time.perf_counter() - begun

        return turn(bench, url, done)
    finally:
        bench.automatic(labels=0)


def turn(bench: Workbench, url: str, done: Callable[[float], float]) -> tuple[float, float, int]:
    """Seconds to the first new answer and to the end, and how many of so many answers after it were not new."""
    bench.sync()
    task = next(iter(bench.desk.mirror.ids(OPEN)))
    body = request(["class1sign3 class1sign5 word1 word2"], bench.desk.config.xml)
    before, begun = name(url, body), time.perf_counter()
    bench.desk.project.submit(task, [REGION], 1.0)
    while name(url, body) == before:
        if time.perf_counter() - begun > LONGEST_S:
            raise SystemExit(f"no new version after {LONGEST_S:.0f} s")
        time.sleep(0.01)
    first = time.perf_counter() - begun
    ended = done(begun)
    return first, ended, sum(name(url, body) == before for _ in range(ASKED))


def name(url: str, body: bytes) -> str:
    """The version that answers, by a connection of its own: any worker may get it."""
    _, results = Client(url).predict(body)
    return str(results[0].get("model_version")) if results else ""


if __name__ == "__main__":
    main()
