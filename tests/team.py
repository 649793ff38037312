"""Three people who label at once, each signed in as in a browser; and a project for them."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from people import add_annotator
from postgres import Foreign

from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.workbench import Workbench

CLASSES = ("fault", "praise", "question")
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text">'
    + "".join(f'<Choice value="{name}"/>' for name in CLASSES)
    + "</Choices></View>"
)
PASSWORD = "a-long-password"
PATIENCE_S = 240.0

Rows = Sequence[tuple[str, str]]
"""Texts, each with its class."""


class Person:
    """Somebody with a browser's session: its cookies, and the token that its forms carry."""

    def __init__(self, server: Foreign, email: str) -> None:
        add_annotator(server, email, PASSWORD)
        self._http = httpx.Client(base_url=server.url, timeout=120, trust_env=False, headers={"Connection": "close"})
        self._http.get("/user/login/").raise_for_status()
        form = {"email": email, "password": PASSWORD, "csrfmiddlewaretoken": self._http.cookies["csrftoken"]}
        assert self._http.post("/user/login/", data=form).status_code == 302
        self.told_empty = 0
        self.id = int(self._http.get("/api/current-user/whoami").raise_for_status().json()["id"])

    def next_task(self, project: int) -> dict[str, Any] | None:
        """What "Label All Tasks" shows next; None when there is nothing left, said twenty times in ten seconds.

        On PostgreSQL, Label Studio passes over rows that another transaction holds, such as those of
        the batch that is just being imported: it can say for a moment that nothing is left. A
        person then asks again.
        """
        for _ in range(20):
            answer = self._post("/api/dm/actions", {}, id="next_task", project=project)
            if answer.status_code != 404:
                return dict(answer.raise_for_status().json())
            self.told_empty += 1
            time.sleep(0.5)
        return None

    def submit(self, project: int, task: Mapping[str, Any], label: str, lead_time: float) -> int:
        """Submit, beginning from the pre-annotation if one was shown; the annotation's id."""
        region = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
        shown = next((p["id"] for p in task["predictions"] if p["result"]), None)
        body = {"result": [region], "lead_time": lead_time, "was_cancelled": False, "draft_id": 0}
        path = f"/api/tasks/{task['id']}/annotations/"
        answer = self._post(path, body | {"parent_prediction": shown}, project=project)
        return int(answer.raise_for_status().json()["id"])

    def _post(self, path: str, body: Mapping[str, Any], **params: Any) -> httpx.Response:
        token = {"X-CSRFToken": self._http.cookies["csrftoken"]}
        return self._http.post(path, json=body, params=params, headers=token)


@dataclass(frozen=True, slots=True)
class Served:
    """One task that one person got: which publications were live on disk when they asked and when they got it."""

    person: int
    task: int
    before: str
    after: str
    got_at: float


class Gate:
    """Lets people take so many tasks, and waits for what they submitted."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open, self._taken, self._done = 0, 0, 0
        self._fault: BaseException | None = None

    def open(self, upto: int) -> None:
        """Let people go on until so many tasks were taken in all; -1 sends them home."""
        with self._changed:
            self._open = upto
            self._changed.notify_all()

    def take(self) -> bool:
        """Wait for leave to take one more task; False when the work is at its end."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken < self._open or self._open < 0, PATIENCE_S)
            leave = self._taken < self._open
            self._taken += leave
            return leave

    def done(self, fault: BaseException | None = None) -> None:
        """One more was submitted; or somebody cannot go on, and whoever waits is told."""
        with self._changed:
            self._done += fault is None
            self._fault = fault or self._fault
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until so many were submitted in all."""
        with self._changed:
            came = self._changed.wait_for(lambda: self._done >= count or self._fault, PATIENCE_S)
            if self._fault:
                raise self._fault
            assert came, f"{self._done} of {count} were submitted in time"


def sit(person: Person, project: int, truth: Mapping[str, str], live: Callable[[], str], gate: Gate) -> list[Served]:
    """Ask, read, submit, ask again, as long as the gate lets; what was served."""
    served = list[Served]()
    try:
        while gate.take():
            begun, before = time.perf_counter(), live()
            task = person.next_task(project)
            assert task, "nothing is left to label"
            served.append(Served(person.id, task["id"], before, live(), time.time()))
            person.submit(project, task, truth[task["data"]["text"]], time.perf_counter() - begun)
            gate.done()
    except BaseException as error:
        gate.done(error)
    return served


def write(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """`count` texts with their class, told by two of its thirty words: some dozens of labels do not show them all."""
    draw, rows = random.Random(seed), []
    for number in range(count):
        label = draw.choice(CLASSES)
        words = [f"{label[:3]}{draw.randrange(30)}x" for _ in range(2)] + [f"w{draw.randrange(200)}" for _ in range(6)]
        draw.shuffle(words)
        rows.append((f"{' '.join(words)} n{number}", label))
    return rows


def attached(server: Foreign, root: Path, rows: Rows, overlap: int = 1) -> Workbench:
    """A project that its owner made by hand on `server`, attached by URL and key."""
    owner = Connection(server.url, server.key)
    body = {"title": "Messages", "label_config": CONFIG, "maximum_annotations": overlap}
    number = owner.post("/api/projects/", body)["id"]
    Project(owner, number).add_tasks([{"text": text} for text, _ in rows])
    return Workbench(root).attach(server.url, number, server.key)
