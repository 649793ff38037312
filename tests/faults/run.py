"""A run of faults on one scene, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from faults.outcome import Trial, broken
from faults.plan import HOME, Fault
from faults.scene import FEW, Scene
from faults.table import story
from faults.trial import tried


class Run:
    """The scene in `folder`, and what became of each fault; `tell` hears of each."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        folder.mkdir(parents=True)
        self.scene, self._tell = Scene(folder), tell
        self.way, self.trials = self.scene.disks[HOME].way, list[Trial]()
        tell(f"disks: {self.way}; points of a round: {self.scene.points}")

    def all(self, faults: Iterable[Fault]) -> None:
        """Let them happen."""
        for fault in faults:
            if self.scene.open < FEW:
                self.scene.begin()
            self.trials.append(self._tried(fault))
            self._tell(story(self.trials[-1]))

    def _tried(self, fault: Fault) -> Trial:
        try:
            return tried(self.scene, fault)
        except Exception as error:
            self.scene.mend()
            return broken(fault, error)

    def end(self) -> list[str]:
        """End all processes; which did not."""
        return self.scene.end()
