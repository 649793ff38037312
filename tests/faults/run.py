"""A run of faults on one scene, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from faults.plan import HOME, Fault
from faults.scene import FEW, Scene
from faults.table import story
from faults.trial import Trial, tried


class Run:
    """The scene in `folder`, and what became of each fault; `tell` hears of each."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        folder.mkdir(parents=True)
        self._scene, self._tell = Scene(folder), tell
        self.way, self.trials = self._scene.disks[HOME].way, list[Trial]()
        tell(f"disks: {self.way}; points of a round: {self._scene.points}")

    def all(self, faults: Iterable[Fault]) -> None:
        """Let them happen."""
        for fault in faults:
            if self._scene.open < FEW:
                self._scene.begin()
            self.trials.append(tried(self._scene, fault))
            self._tell(story(self.trials[-1]))

    def end(self) -> list[str]:
        """End all processes; which did not."""
        return self._scene.end()
