"""The showcase: people label at once on PostgreSQL, rounds start by themselves, no notebook open.

Needs Debian's postgresql package. The first run also waits for Label Studio's migrations.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from postgres import label_studio_on_postgres
from showcase import run, table
from team import Person, attached, write


def main() -> None:
    """Print a line for each round, and what was checked over all of them."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=3)
    options.add_argument("--rounds", type=int, default=6)
    options.add_argument("--labels", type=int, default=50, help="for each round")
    options.add_argument("--tasks", type=int, default=400)
    options.add_argument("--overlap", type=int, default=1, help="people on each task")
    chosen = options.parse_args()
    os.environ.setdefault("LSAL_POLL_S", "0.5")
    rows = write(chosen.tasks)
    with label_studio_on_postgres() as server, tempfile.TemporaryDirectory() as folder:
        bench = attached(server, Path(folder) / "root", rows, chosen.overlap)
        bench.configure(batch=2 * chosen.labels)
        people = [Person(server, f"person{n}@team.local") for n in range(chosen.people)]
        try:
            told = run(bench, people, rows, chosen.rounds, chosen.labels)
            print(f"Label Studio on PostgreSQL {server.postgres}, {chosen.tasks} tasks, overlap {chosen.overlap}")
            print(table(told, bench))
        finally:
            bench.stop()


if __name__ == "__main__":
    main()
