"""`cd tests && python -m faults.wire_run --faults 60 --seed 1`: faults of the wire alone, and their table."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from faults.table import as_plain, markdown, story
from faults.wire import WireFault, drawn
from faults.wire_scene import WireScene
from faults.wire_trial import WireTrial, tried
from lsal.files import write_json
from lsal.label_studio import server
from lsal.workbench import Workbench


def ran(scene: WireScene, faults: Iterable[WireFault], tell: Callable[[str], None]) -> list[WireTrial]:
    """What became of each, one after the other; a fresh project when few tasks are open."""
    trials = list[WireTrial]()
    for fault in faults:
        if scene.scarce:
            scene.begin()
        try:
            trials.append(tried(scene, fault))
        except Exception as error:  # the others are to happen all the same
            told = "".join(traceback.format_exception(error)[-3:])
            trials.append(WireTrial(fault, wrong={"annotations": [], "not recovered": [f"the bench failed: {told}"]}))
        tell(story(trials[-1]).replace("python -m faults ", "python -m faults.wire_run "))
    return trials


def main() -> int:
    """Run the faults that were asked for; 1 if anything was wrong after one of them."""
    parser = argparse.ArgumentParser(prog="python -m faults.wire_run", description=__doc__)
    parser.add_argument("--faults", type=int, default=60, help="how many (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="which ones are drawn")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--only", type=int, nargs="*", help="these numbers alone")
    parser.add_argument("--json", help="a file for the table and every fault")
    asked = parser.parse_args()
    os.environ["LSAL_POLL_S"] = "3600"  # the backend's own looks would take the faults
    with tempfile.TemporaryDirectory(prefix="lsal-wire-") as folder:
        own = Path(folder) / "own"
        try:
            scene = WireScene(Path(folder), server.up(own))
            numbers = asked.only or range(asked.first, asked.first + asked.faults)
            trials = ran(scene, (drawn(asked.seed, number) for number in numbers), lambda said: print(said, flush=True))
            scene.end()
        finally:
            Workbench(own).down()
    if asked.json:
        write_json(Path(asked.json), as_plain(trials))
    print(f"\n{markdown(trials)}\n\n{sum(trial.clean for trial in trials)} of {len(trials)} faults harmed nothing")
    return int(not all(trial.clean for trial in trials))


if __name__ == "__main__":
    sys.exit(main())
