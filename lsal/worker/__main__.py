"""`python -m lsal.worker JOB`: do the job in the folder JOB, whatever happens say how it ended."""

from __future__ import annotations

import logging
import signal
import sys
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Any

from lsal.errors import Cancelled, LabelStudioError, LsalError, Refused, Unreachable
from lsal.home import attached, open_home
from lsal.jobs import Job
from lsal.phrases import log_plainly
from lsal.room import not_written
from lsal.settings import silence
from lsal.worker import tracking


def main(folder: str) -> int:
    """Run the job; 0 if it was done, 1 if it failed, 2 if it was cancelled.

    What it made is mirrored where that is wanted, by a process that nobody waits for.
    """
    silence()
    log_plainly()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    job = Job(Path(folder).resolve())
    ended = _work(job, time.time())
    if attached(home := job.folder.parent.parent):
        tracking.start_if_due(open_home(home), patient=False)
    return ended


def _work(job: Job, begun: float) -> int:
    """Do what the job says, and write down how it ended, whatever happens."""
    signal.signal(signal.SIGTERM, partial(_stop, job))
    try:
        job.begin()
        from lsal.worker.acts import run

        result = run(job)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is done stays done
        job.end("done", begun, result=result)
    except (Cancelled, SystemExit):
        job.end("cancelled", begun)
        return 2
    except LsalError as error:
        contact = isinstance(error, Refused | Unreachable) or (isinstance(error, LabelStudioError) and error.passes)
        job.end("failed", begun, error=error.what, fix=error.fix, contact=contact)
        return 1
    except Exception as error:  # whatever it is: the job must say how it ended, the log has the rest
        traceback.print_exc()
        said = not_written(error, job.folder, job.again())
        what = said.what if said else f"{type(error).__name__}: {error}"
        job.end(
            "failed", begun, error=what, fix=said.fix if said else f"The whole story is in {job.folder / 'log.txt'}"
        )
        return 1
    return 0


def _stop(job: Job, number: int, frame: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # What is raised while something is being destroyed is lost: then the next step hears of it.
    (job.folder / "cancel").touch()
    # Not an LsalError: those are answers to a task or a version that cannot be read.
    raise SystemExit(2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
