"""`cd tests && python -m faults.wire_run --faults 60 --seed 1`: faults of the wire alone, and their table."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from faults.outcome import Trial, broken, parser
from faults.table import as_plain, markdown, story
from faults.wire import WireFault, drawn
from faults.wire_scene import WireScene
from faults.wire_trial import tried
from lsal.files import write_json
from lsal.label_studio import server
from lsal.workbench import Workbench


def ran(scene: WireScene, faults: Iterable[WireFault], tell: Callable[[str], None]) -> list[Trial]:
    """What became of each, one after the other; a fresh project when few tasks are open."""
    trials = list[Trial]()
    for fault in faults:
        if scene.scarce:
            scene.begin()
        try:
            trials.append(tried(scene, fault))
        except Exception as error:
            trials.append(broken(fault, error))
        tell(story(trials[-1]).replace("python -m faults ", "python -m faults.wire_run "))
    return trials


def main() -> int:
    """Run the faults that were asked for; 1 if anything was wrong after one of them."""
    asked = parser("faults.wire_run", __doc__, 60).parse_args()
    os.environ["LSAL_POLL_S"] = "3600"  # the backend's own looks would take the faults
    with tempfile.TemporaryDirectory(prefix="lsal-wire-") as folder:
        own = Path(folder) / "own"
        try:
            scene = WireScene(Path(folder), server.up(own))
            numbers = asked.only or range(asked.first, asked.first + asked.faults)
            try:
                trials = ran(scene, (drawn(asked.seed, n) for n in numbers), lambda said: print(said, flush=True))
            finally:
                scene.end()
        finally:
            Workbench(own).down()
    if asked.json:
        write_json(Path(asked.json), as_plain(trials))
    print(f"\n{markdown(trials)}\n\n{sum(trial.clean for trial in trials)} of {len(trials)} faults harmed nothing")
    return int(not all(trial.clean for trial in trials))


if __name__ == "__main__":
    sys.exit(main())
