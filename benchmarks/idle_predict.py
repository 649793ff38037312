"""How fast /predict answers on an idle machine: lsal, a bare Flask with the same weights, and any other ML backend.

In turns, one request after the other by one client, each about other texts; each round gives a median, and figures are
medians of rounds.
"""

import argparse
import random
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from asking import TREC, XML, Client, load, percentile, questions, ratio, request, served
from grounds import labelled_project, teach

from lsal import processes
from lsal.processes import free_port
from lsal.workbench import Workbench

REQUESTS = {1: 200, 25: 100, 1000: 12}
"""Requests of a round, by the tasks in each."""


def main() -> None:
    """Print, for 1, 25 and 1,000 tasks, the medians and the ratios."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, default=TREC)
    options.add_argument("--labelled", type=int, default=5000)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--peer", default="", help="the address of any running ML backend for this label config")
    options.add_argument("--root", type=Path, help="of the Label Studio that the peer knows: see predict_in_fit.py")
    options.add_argument("--workers", type=int, default=1)
    chosen = options.parse_args()
    rows = questions(chosen.labelled, path=chosen.data)
    asked = [row["text"] for row in questions(5452, path=chosen.data)]
    draw = random.Random(0)
    with ExitStack() as held:
        home, url = held.enter_context(served(rows, chosen.workers))
        backends = {"lsal": url, "bare Flask": held.enter_context(Bare("bare_flask.py", str(home.folder), "1"))}
        if chosen.peer:
            teach(chosen.peer, labelled_project(Workbench(chosen.root), XML, rows), XML)
            backends["peer"] = chosen.peer
        clients = {name: Client(address) for name, address in backends.items()}
        for tasks, count in REQUESTS.items():
            bodies = [request(draw.sample(asked, tasks)) for _ in range(count)]
            medians = {name: list[float]() for name in clients}
            for turn in range(chosen.rounds + 1):
                for name in sorted(clients, reverse=bool(turn % 2)):
                    told = [clients[name].predict(body) for body in (bodies if turn else bodies[:5])]
                    if failed := sum(results is None or len(results) != tasks for _, results in told):
                        raise SystemExit(f"{name} failed at {failed} of {len(told)} requests with {tasks} tasks")
                    if turn:  # the first warms up
                        medians[name].append(percentile([seconds for seconds, _ in told], 50))
            for name, each in medians.items():
                against = f"   lsal is {ratio(medians['lsal'], each)} of it" if name != "lsal" else ""
                print(f"{tasks:5} tasks  {name:10} {1000 * median(each):8.2f} ms{against}", flush=True)
    print(f"medians of {chosen.rounds} rounds; {load()}")


class Bare:
    """A bare Flask of this folder while the block runs; its address. The port is the last of its arguments."""

    def __init__(self, script: str, *arguments: str) -> None:
        self._port = free_port()
        self._command = [sys.executable, str(Path(__file__).with_name(script)), *arguments, str(self._port)]

    def __enter__(self) -> str:
        # A session of its own, as lsal has: the system shares the processors out among sessions.
        self._running = subprocess.Popen(self._command, stderr=subprocess.DEVNULL, start_new_session=True)
        while processes.free_port(self._port) == self._port and self._running.poll() is None:
            pass
        return f"http://127.0.0.1:{self._port}"

    def __exit__(self, *_: object) -> None:
        self._running.terminate()
        self._running.wait()


if __name__ == "__main__":
    main()
