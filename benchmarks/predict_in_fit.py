"""/predict while a training runs, against the same backend idle: errors, and how much slower.

One client asks about one text at a time and thinks for 20 ms in between, as long as a training takes; idle phases
lie in between. With `--peer` the same is measured on any other ML backend: it is told of an annotation in a project of
Label Studio with the same questions, one more each time, and trains for as long as that request takes. It has to read
them: `lsal up` in a folder, start the peer with the address and key of that Label Studio, give `--root FOLDER/.lsal`.
"""

import argparse
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from asking import CONTROL, TREC, XML, Client, examples, load, percentile, questions, ratio, request, served
from grounds import add_labelled, labelled_project, teach

from lsal import jobs, snapshots
from lsal.home import Home
from lsal.workbench import Workbench

THINK_S, IDLE = 0.02, 400
"""Between an answer and the next question; questions of an idle phase."""
Backends = dict[str, tuple[str, Callable[[], Callable[[], None]]]]
"""Where each answers, and what prepares a training and returns it."""


def main() -> None:
    """Print errors, p50 and p99 of each backend, and their ratios to its own idle phases."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, default=TREC)
    options.add_argument("--labelled", type=int, default=5000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--threads", type=int, default=0, help="of the training; 0 for the default")
    options.add_argument("--nice", type=int, default=19, help="of the training")
    options.add_argument("--peer", default="", help="the address of any running ML backend for this label config")
    options.add_argument("--root", type=Path, help="of the Label Studio that the peer knows")
    chosen = options.parse_args()
    rows = questions(chosen.labelled, path=chosen.data)
    texts = [row["text"] for row in questions(500, "test", chosen.data)]
    with served(rows) as (home, url):
        home.change_settings(worker_threads=chosen.threads, worker_nice=chosen.nice)
        backends: Backends = {"lsal": (url, lambda: lambda: train(home, rows))}
        if chosen.peer:
            ground, new = Workbench(chosen.root), iter(questions(500, "test", chosen.data))
            number = labelled_project(ground, XML, rows)
            teach(chosen.peer, number, XML)

            def one_more() -> Callable[[], None]:
                add_labelled(ground, number, XML, [next(new)])
                return lambda: teach(chosen.peer, number, XML)

            backends["peer"] = (chosen.peer, one_more)
        each = {name: Measured(url, texts, fit) for name, (url, fit) in backends.items()}
        for turn in range(chosen.rounds):
            for name in sorted(each, reverse=bool(turn % 2)):
                each[name].round()
                print(name, each[name].last(), flush=True)
    for name, one in each.items():
        print(f"{name}: {one.told()}")
    print(f"{chosen.labelled} labelled, {chosen.rounds} rounds; {load()}")


class Measured:
    """One backend, asked idle and while it trains, in turns."""

    def __init__(self, url: str, texts: list[str], fit: Callable[[], Callable[[], None]]) -> None:
        self._client, self._fit, self._draw = Client(url), fit, random.Random(0)
        self._bodies = [request([text]) for text in texts]
        self._idle: list[list[float]] = []
        self._busy: list[list[float]] = []
        self._errors: list[int] = []
        self._ask(IDLE)  # warms up

    def round(self) -> None:
        """An idle phase, and a training."""
        self._idle.append(self._ask(IDLE)[0])
        fit = threading.Thread(target=self._fit())
        fit.start()
        busy, failed = self._ask(10**6, fit.is_alive)
        fit.join()
        self._busy.append(busy)
        self._errors.append(failed)

    def last(self) -> str:
        """The last round."""
        idle, busy = self._idle[-1], self._busy[-1]
        each = [f"p{p} {1000 * percentile(idle, p):.1f} -> {1000 * percentile(busy, p):.1f} ms" for p in (50, 99)]
        return f"{self._errors[-1]} errors of {len(busy)}, {', '.join(each)}; {load()}"

    def told(self) -> str:
        """All rounds."""
        asked, told = sum(map(len, self._busy)), [f"{sum(self._errors)} errors of {sum(map(len, self._busy))}"]
        assert asked
        for p in (50, 99):
            idle, busy = ([percentile(part, p) for part in parts] for parts in (self._idle, self._busy))
            told.append(f"p{p} {1000 * median(busy):.1f} ms, {ratio(busy, idle)} of idle")
        return ", ".join(told)

    def _ask(self, count: int, going: Callable[[], bool] = lambda: True) -> tuple[list[float], int]:
        seconds, failed = list[float](), 0
        while len(seconds) < count and (going() or not seconds):
            took, results = self._client.predict(self._draw.choice(self._bodies))
            seconds.append(took)
            failed += results is None or len(results) != 1
            time.sleep(THINK_S)
        return seconds, failed


def train(home: Home, rows: list[dict[str, str]]) -> None:
    """A training as lsal starts it, from its snapshot to the version that answers."""
    job, known = jobs.create(home, "train"), examples(rows)
    parts = {"train": known[:-200], "measure": known[-200:]}
    snapshots.write_snapshot(job.folder / "snapshot" / CONTROL.name, CONTROL, "sklearn_text", {}, 0, parts)
    (job.folder / "snapshot" / "whole").touch()
    jobs.start(job, "lsal.worker").wait(timeout_s=600)


if __name__ == "__main__":
    main()
