"""From one annotation to a version that has learned it and is served by every worker: seconds, and stale answers.

An annotation is submitted in the real Label Studio, which tells the backend; an automatic round begins. A stale answer
is one of the older version that was asked for after the first answer of the new one. With `--peer` any other ML backend
that trains at each annotation is measured in turns, in a project of its own with the same questions and labels; see
predict_in_fit.py for `--root`.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from asking import TREC, XML, Client, load, questions, ratio, request
from grounds import labelled_project, teach, workbench
from submit_block import add

from lsal.backend.pace import Pace
from lsal.label_studio.project import Project
from lsal.settings import root_secret
from lsal.workbench import Workbench

ASKED, LONGEST_S, OPEN = 60, 400.0, 300
REGION = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["ENTY"]}}
ODD = request(["What is an annotation about something ?"])


def main() -> None:
    """Print seconds until the first new answer and until the end of the round, and how many answers were stale."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, default=TREC)
    options.add_argument("--labelled", type=int, default=5000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--peer", default="", help="the address of any running ML backend for this label config")
    options.add_argument("--root", type=Path, help="of the Label Studio that the peer knows")
    chosen = options.parse_args()
    with workbench(chosen.root) as bench:
        rows, more = questions(chosen.labelled, path=chosen.data), questions(OPEN, "test", chosen.data)
        turns: dict[str, Turn] = {}
        if chosen.peer:
            number = labelled_project(bench, XML, rows, [row["text"] for row in more])
            teach(chosen.peer, number, XML)
            peer = attached(bench, number)
            add(peer, chosen.peer)
            turns["peer"] = Turn(peer, chosen.peer, lambda: None)
        attached(bench, labelled_project(bench, XML, rows, [row["text"] for row in more]))
        bench.configure(refill_below=0.0)
        url = bench.serve(workers=chosen.workers)["url"]
        bench.round().wait()
        turns["lsal"] = Turn(bench.desk.project, f"{url}/{root_secret(bench.root)}/{bench.home.slug}", Round(bench))
        for turn in range(chosen.rounds):
            for name in sorted(turns, reverse=bool(turn % 2)):
                print(name, turns[name].take(), load(), flush=True)
    for name, one in turns.items():
        print(f"{name}: {one.told()}")
    if chosen.peer:
        print(f"lsal takes {ratio(turns['lsal'].first, turns['peer'].first)} of it")
    print(f"{chosen.labelled} labelled, {chosen.workers} workers of lsal, {chosen.rounds} rounds; {load()}")


def attached(bench: Workbench, number: int) -> Project:
    """lsal's own way to the project."""
    server = bench.up()
    return bench.attach(server.url, number, server.key).desk.project


class Turn:
    """One backend, told of one annotation at a time."""

    def __init__(self, project: Project, url: str, act: Callable[[], Callable[[], None] | None]) -> None:
        self._project, self._url, self._act = project, url, act
        self._open = sorted(row["id"] for rows in project.tasks([], "id") for row in rows)[:OPEN]
        self.first: list[float] = []
        self._done: list[float] = []
        self._stale: list[int] = []
        self._failed: list[int] = []

    def take(self) -> str:
        """Submit, wait for the first new answer, count those that are not."""
        ended, before = self._act(), answer(self._url)
        begun = time.perf_counter()
        self._project.submit(self._open.pop(0), [REGION], 1.0)
        while answer(self._url) in (None, before):
            if time.perf_counter() - begun > LONGEST_S:
                raise SystemExit(f"no new version after {LONGEST_S:.0f} s")
            time.sleep(0.01)
        self.first.append(time.perf_counter() - begun)
        told = [answer(self._url) for _ in range(ASKED)]
        self._stale.append(told.count(before))
        self._failed.append(told.count(None))
        if ended:
            ended()
        self._done.append(time.perf_counter() - begun)
        return f"{self.first[-1]:.1f} s, {self._stale[-1]} stale"

    def told(self) -> str:
        """All turns."""
        each = [f"{median(s):.1f} s ({min(s):.1f} to {max(s):.1f})" for s in (self.first, self._done)]
        stale = f"{sum(self._stale)} of {ASKED * len(self._stale)} stale, {sum(self._failed)} failed"
        return f"new answers after {each[0]}, done after {each[1]}, {stale}"


class Round:
    """An automatic round of lsal for one annotation, after the pause that follows a round."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def __call__(self) -> Callable[[], None]:
        """Switch automatic rounds on; what is returned waits for the end of the next, and switches them off."""
        last = self._bench.jobs()[0]
        time.sleep(Pace.of_settings().rest + last.state().seconds)
        self._bench.automatic(labels=1)

        def ended() -> None:
            self._bench.jobs()[0].wait(timeout_s=LONGEST_S)
            self._bench.automatic(labels=0)

        return ended


def answer(url: str) -> str | None:
    """What is said of one question, by a connection of its own: any worker may get it. None if that fails."""
    _, results = Client(url).predict(ODD)
    return json.dumps(results[0]) if results else None


if __name__ == "__main__":
    main()
