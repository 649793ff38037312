"""Trying it out: the simulated annotator, the demo, and replays on labels that are already there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsal import annotator
from lsal.errors import BadRequest
from lsal.files import keep_private, read_json
from lsal.jobs import Job
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.phrases import moment
from lsal.protocols import Report
from lsal.strategies import STRATEGIES
from lsal.workbench.loop import Loop
from lsal.workbench.told import Told
from lsal.workbench.wanting import finder

if TYPE_CHECKING:
    from lsal.rehearsal import Rehearsal

LIMITS = {"start": 25, "batch": 20, "budget": 525, "seeds": 10}
"""Of a rehearsal: labels in the first batch, in each later one, in all, and replays of each strategy."""
NAMES = {"rehearsal": "in replays of the labels at hand", "picks": "against the picks of chance"}


class Trial(Loop):
    """What a person does to see whether the loop is worth it."""

    def label(self, count: int = 0, keys: Sequence[str] = (), report: Report | None = None) -> annotator.Labelled:
        """Let the simulated annotator label a demo; by default what is open in the live queue.

        With several `keys` as many annotators take turns. Raises NotADemo.
        """
        connections = [Connection(self.desk.url, key) for key in keys] or [self.desk.connection]
        people = [Project(connection, self.home.project) for connection in connections]
        return annotator.label(self.home, people, count or annotator.open_count(self.home, people[0]), report)

    def rehearse(self, source: Path | str, files: Path | str = "", **options: Any) -> Rehearsal:
        """Replay strategies on labels that are there already; see `rehearsal.rehearse`.

        Points are kept under the root unless `keep` names another folder. Files that an export of Label Studio
        refers to are looked for in the folder `files`, and on lsal's own server.
        """
        from lsal.rehearsal import rehearse

        find = finder(self.root, Path(files).expanduser() if files else None)
        if not options.get("keep"):
            keep_private(self.root)
            options["keep"] = self.root / "rehearsals"
        return rehearse(Path(source).expanduser(), find=find, **options)

    def rehearse_own(self, control: str = "", options: Mapping[str, Any] | None = None, **given: Any) -> Job:
        """Replay strategies on the labels of the project itself, in a job; `rehearsed` shows what came of the last.

        Measured on its measuring tasks. Rounds go on meanwhile, and nothing in the project is changed.
        """
        from lsal.rehearsal import require_sense

        require_sense(given.get("target"), int(given.get("workers") or 0))
        for name in given.get("strategies") or ():
            STRATEGIES.require(name)
        if control and control not in (learned := self.desk.need_handled()):
            raise BadRequest(f"lsal learns no control '{control}' here", f"Choose one of: {', '.join(learned)}")
        return self._start("rehearse", control=control, options=dict(options or {}), **(LIMITS | given))

    def saved(self) -> Told:
        """Labels saved against a random order, as of the last rehearsal on the project's own labels.

        By the replays, and by those picks that chance made in the project itself; each "saved 310 ± 90", "nothing
        measurable" or "cannot tell", with on what it was measured.
        """
        kept = read_json(self.home.path("rehearsals", "last.json"), {})
        if not kept.get("saved"):
            says = "Labels saved: cannot tell, nothing was rehearsed on this project's labels yet"
            return Told({"says": "cannot tell"}, says, None, "Do it: lsal rehearse")
        found = kept["saved"]
        facts = {NAMES[name]: f"{one['says']} (measured on {one['measured_on']})" for name, one in found.items()}
        when = f"As of the rehearsal of {moment(kept['made_at'])}; afresh: lsal rehearse"
        return Told({"says": found["rehearsal"]["says"]} | found, "Labels saved against a random order", facts, when)

    def rehearsed(self) -> Rehearsal:
        """What the last rehearsal on the project's own labels came to. Raises BadRequest before the first."""
        from lsal.rehearsal import Rehearsal

        kept = read_json(self.home.path("rehearsals", "last.json"))
        if kept is None:
            raise BadRequest("Nothing was rehearsed on this project's labels yet", "Do it: lsal rehearse")
        return Rehearsal(kept["results"], kept["summary"], kept["verdict"])
