"""A job that tells what it is: `python -m told_job FOLDER`, its whole work."""

import json
import os
import sys
import time
from pathlib import Path

import psutil
import threadpoolctl


def main(folder: Path) -> None:
    """Write down what a job can see of itself, and wait if there is a file that says so."""
    import numpy  # its BLAS is what the threads are for

    numpy.ones((4, 4)) @ numpy.ones((4, 4))
    told = {"pid": os.getpid(), "session": os.getsid(0), "nice": os.nice(0), "cwd": os.getcwd(), "name": __name__}
    told |= {"arguments": sys.argv[1:], "word": os.environ.get("WORD"), "given": os.environ.get("GIVEN")}
    told |= {"threads": [one["num_threads"] for one in threadpoolctl.threadpool_info()]}
    told |= {"sockets": [c.laddr for c in psutil.Process().net_connections("unix") if "fork_server" in str(c.laddr)]}
    (folder / f"told-{os.getpid()}.json").write_text(json.dumps(told))
    print("it says", os.environ.get("WORD"), flush=True)
    while (folder / "wait").exists():
        time.sleep(0.02)
    sys.exit(3)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
