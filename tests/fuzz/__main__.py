"""`python -m tests.fuzz --requests 100000 --seed 1`: wrong requests to the real backend of a real project.

Ends with 1 if one of them was answered by a 5xx, not at all, or against the backend's own description.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> int:
    """Make a project, serve it, send the requests, and print what came of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    from fuzz import bench, running
    from lsal.label_studio import server

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        server.up(root)
        try:
            with bench.served(bench.made(root, Path(folder))) as served:
                print(f"seed {asked.seed}, backend {served.pid}", flush=True)
                tally, _ = running.run(
                    served,
                    asked.requests,
                    asked.seed,
                    20,
                    lambda line: print(time.strftime("%H:%M:%S"), line, flush=True),
                )
                print(tally, flush=True)
        finally:
            server.down(root)
    return 1 if tally.failures or tally.total != asked.requests else 0


if __name__ == "__main__":
    sys.exit(main())
