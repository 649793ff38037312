"""`cd tests && python -m faults --faults 200 --seed 1`: the whole bench, and its table."""

from __future__ import annotations

import signal
import sys
import tempfile
import traceback
from pathlib import Path

from faults.outcome import parser
from faults.plan import drawn
from faults.run import Run
from faults.table import as_plain, markdown
from lsal.files import write_json


def main() -> int:
    """Run the faults that were asked for; 1 if anything was wrong after one of them."""
    asked = parser("faults", __doc__, 200).parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to end, it still puts away what it made
    numbers = asked.only or range(asked.first, asked.first + asked.faults)
    with tempfile.TemporaryDirectory(prefix="lsal-faults-") as folder:
        run = Run(Path(folder) / "scene", print)
        try:
            run.all(drawn(asked.seed, number) for number in numbers)
        except KeyboardInterrupt:
            pass
        except Exception:
            traceback.print_exc()
        finally:
            left = run.end()
            if asked.json:
                write_json(Path(asked.json), as_plain(run.trials))
    print(f"\n{markdown(run.trials)}\n", *left, sep="\n")
    print(f"disks: {run.way}; {sum(trial.clean for trial in run.trials)} of {len(run.trials)} faults harmed nothing")
    return int(bool(left) or len(run.trials) < len(list(numbers)) or not all(trial.clean for trial in run.trials))


if __name__ == "__main__":
    sys.exit(main())
