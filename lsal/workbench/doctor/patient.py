"""What the checks look at: one project, asked with little patience, each thing once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from lsal import publishing
from lsal.desk import Desk
from lsal.errors import LabelStudioError, LsalError, Refused
from lsal.files import read_json
from lsal.home import Home
from lsal.label_studio import backend_rows, greeting
from lsal.label_studio.project import Project
from lsal.records import Publication
from lsal.workbench import serving

WAIT_S = 8.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer of the server, and when it was asked for, by this machine's clock."""

    answer: Any
    begun: float
    ended: float
    clock: float = 0.0
    """The server's, where it was looked at."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.begun


class Patient:
    """A project under examination. What was asked once is not asked again, and what failed fails again."""

    def __init__(self, home: Home) -> None:
        self.desk = Desk(home)
        self.home = home
        self._kept: dict[str, Any] = {}

    @property
    def root(self) -> Path:
        """The root that the project's home lies in."""
        return self.home.root

    @property
    def project(self) -> Project:
        """The real project. Raises Refused where there is no key, Unreachable where no server is."""
        return self._once("project", self._project)

    @property
    def met(self) -> Asked:
        """What answers at the server's address, without telling it the key."""
        return self._once("met", lambda: asked(lambda: greeting.meet(self.project.connection)))

    @property
    def facts(self) -> Asked:
        """The project as the server describes it."""
        return self._once("facts", self._facts)

    @property
    def standing(self) -> Asked:
        """What the project has of lsal in Label Studio's tables; Label Studio asks the backends for it."""
        return self._once("standing", self._standing)

    @property
    def publication(self) -> Publication | None:
        """What lsal last published."""
        return self._once("publication", lambda: publishing.live_publication(self.home))

    @property
    def running(self) -> dict[str, Any] | None:
        """The root's backend, if it runs and answers."""
        return self._once("running", lambda: serving.backend(self.root, WAIT_S))

    @property
    def served(self) -> Mapping[str, Any]:
        """What the last `serve` came to; empty if there was none."""
        return self._once("served", lambda: read_json(self.home.path("served.json"), {}))

    @property
    def alone(self) -> bool:
        """Whether the server could be asked about the project at all."""
        try:
            return self.facts is None
        except LsalError:
            return True

    def _once(self, name: str, make: Callable[[], T]) -> T:
        if name not in self._kept:
            try:
                self._kept[name] = make()
            except LsalError as error:
                self._kept[name] = error
        kept = self._kept[name]
        if isinstance(kept, LsalError):
            raise kept
        found: T = kept
        return found

    def _project(self) -> Project:
        self.desk.connection.hurry(WAIT_S)
        return self.desk.project

    def _facts(self) -> Asked:
        """Not of a stranger: the key would be told to it."""
        assert self.met
        found = asked(self.project.read)
        return replace(found, clock=self.project.connection.server_time)

    def _standing(self) -> Asked:
        assert self.facts
        return asked(lambda: backend_rows.look(self.project, serving.whose(self.desk)))


def asked(question: Callable[[], Any]) -> Asked:
    """The answer to a question, with the times."""
    begun = time.time()
    answer = question()
    return Asked(answer, begun, time.time())


def lost(error: LsalError) -> bool:
    """Whether an error says that the server has no such project, or hides it from this key."""
    return isinstance(error, LabelStudioError) and not isinstance(error, Refused) and error.status == 404
