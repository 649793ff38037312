"""The simulated annotator: labels a demo project through Label Studio's API as its interface does.

It alone knows the true labels, and it alone posts them. It refuses any project that lsal
did not make as a demo: people's projects are labelled by people.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal import publishing
from lsal.errors import BadConfig, NotADemo
from lsal.files import read_json, write_json
from lsal.home import Home
from lsal.kinds import match
from lsal.kinds.writing import drawn
from lsal.label_studio import queue
from lsal.label_studio.config import read_config
from lsal.label_studio.project import Project
from lsal.protocols import Kind, Report
from lsal.records import Box, Control, Example, Input, Labels, Page, Progress, Publication, Target
from lsal.targets import from_plain, to_plain

TRUTH = "demo.json"


@dataclass(frozen=True, slots=True)
class Labelled:
    """What one sitting did. `in_order` of the `served` tasks were, when they were served, the
    best one still open in the live publication.
    """

    served: int
    in_order: int
    seconds: float


def mark_of(home: Home) -> str:
    """The sentence in a project's description by which a demo is known."""
    sign = hashlib.sha256(home.order_key.encode()).hexdigest()[:12]
    return f"A demo made by lsal ({sign}): a simulated annotator may label it."


def keep_truth(
    home: Home,
    control: str,
    truth: Mapping[int, Target | None],
    held_out: Sequence[tuple[Input, Target | None]],
) -> None:
    """Remember the true answers of a demo's tasks, to which control, and the items that are in no task."""
    kept = [{**_plain(shown), "target": to_plain(target)} for shown, target in held_out]
    answers = {task: to_plain(target) for task, target in truth.items()}
    write_json(home.path(TRUTH), {"control": control, "truth": answers, "held_out": kept})


def held_out(home: Home) -> list[Example]:
    """The items of a demo that no task holds, with their true answers."""
    rows = read_json(home.path(TRUTH), {}).get("held_out", [])
    return [Example(-1 - n, _shown(row), _answer(row)) for n, row in enumerate(rows)]


def truth(home: Home) -> dict[int, Target]:
    """The true answer of each task of a demo."""
    kept = read_json(home.path(TRUTH), {}).get("truth", {})
    answers = {int(task): _answer({"target": told}) for task, told in kept.items()}
    return {task: target for task, target in answers.items() if target is not None}


def _plain(shown: Input) -> dict[str, Any]:
    """An input as JSON holds it."""
    if isinstance(shown, Page):
        boxes = [[box.x, box.y, box.width, box.height] for box in shown.boxes]
        return {"file": str(shown.image), "words": list(shown.words), "boxes": boxes}
    return {"file" if isinstance(shown, Path) else "text": str(shown)}


def _shown(row: Mapping[str, Any]) -> Input:
    """What `_plain` made."""
    if "words" in row:
        return Page(Path(row["file"]), tuple(row["words"]), tuple(Box(*box) for box in row["boxes"]))
    return Path(row["file"]) if "file" in row else str(row["text"])


def _answer(kept: Mapping[str, Any]) -> Target | None:
    """A true answer as it was kept; demos made before there were regions hold the name of a class."""
    told = kept.get("target", kept.get("label"))
    return Labels((told,)) if isinstance(told, str) else from_plain(told)


def label(home: Home, people: Sequence[Project], count: int, report: Report | None = None) -> Labelled:
    """Label `count` tasks, `people` (one connection each) taking turns: ask, submit, ask again.

    Raises NotADemo. Ends early when Label Studio has no more tasks.
    """
    _refuse_people(home, people[0])
    known, begun = truth(home), time.perf_counter()
    control, kind = _asked(home, people[0])
    order = _Order(home, people[0])
    done = in_order = 0
    for turn in range(count):
        person, asked = people[turn % len(people)], time.perf_counter()
        task = person.next_task()
        if task is None:
            break
        in_order += order.take(task["id"])
        result = drawn(kind, control, known[task["id"]], task["data"])
        person.submit(task["id"], result, time.perf_counter() - asked)
        done += 1
        if report:
            report(Progress(done, count, "labelling"))
    return Labelled(done, in_order, time.perf_counter() - begun)


def open_count(home: Home, project: Project) -> int:
    """How many tasks of the live publication are open."""
    publication = publishing.live_publication(home)
    return len(queue.read_order(project, publication.name)) if publication else 0


class _Order:
    """The live publication's open tasks, best first, as they should be served."""

    def __init__(self, home: Home, project: Project) -> None:
        self._home, self._project = home, project
        self._publication: Publication | None = None
        self._open: list[int] = []

    def take(self, task: int) -> bool:
        """Whether `task` is the best one still open; it is open no longer."""
        publication = publishing.live_publication(self._home)
        if publication is not None and publication != self._publication:
            there = set(queue.read_order(self._project, publication.name))
            self._publication = publication
            self._open = [t for t in publication.task_ids if t in there]
        best = bool(self._open) and self._open[0] == task
        if task in self._open:
            self._open.remove(task)
        return best


def _refuse_people(home: Home, project: Project) -> None:
    described = project.read("description").get("description") or ""
    if not home.demo or mark_of(home) not in described:
        raise NotADemo(
            f"Project {home.project} ('{home.title}') was not made by lsal as a demo",
            "The simulated annotator only labels demos: lsal new digits --demo",
        )


def _asked(home: Home, project: Project) -> tuple[Control, Kind]:
    """The control that the true answers are for: the first one, where an older demo does not say."""
    handled = match(read_config(project.read("label_config")["label_config"]).controls)[0]
    name = read_json(home.path(TRUTH), {}).get("control") or next(iter(handled), "")
    if name not in handled:
        what = f"The label config no longer has the control of this demo{f', {name!r}' if name else ''}"
        raise BadConfig(what, "Make the demo again: lsal new digits --demo")
    return handled[name]
