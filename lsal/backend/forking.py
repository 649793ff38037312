"""The backend's fork server: jobs of its root begin with everything imported, for as long as the backend runs."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from pathlib import Path

from lsal.settings import child_environment

log = logging.getLogger(__name__)

AGAIN_S = 30.0
"""At least between two starts of one that ends: jobs begin by themselves meanwhile."""


class ForkServer:
    """The one process of a root that waits for jobs: see `lsal.worker.fork_server`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def start(self) -> None:
        """Keep one running until this process ends; it ends then too. Linux alone: elsewhere a copy may not be one."""
        if sys.platform == "linux":
            threading.Thread(target=self._keep, name="fork server", daemon=True).start()

    def _keep(self) -> None:
        while True:
            try:
                with self._process() as running:
                    log.error("the fork server ended (%s): jobs begin by themselves", running.wait())
            except OSError as error:  # no memory for another process, say
                log.error("no fork server (%s): jobs begin by themselves", error)
            time.sleep(AGAIN_S)

    def _process(self) -> subprocess.Popen[bytes]:
        """With one thread, so that it can be copied; each copy takes as many as its job may have."""
        few = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
        command = [sys.executable, "-m", "lsal.worker.fork_server", str(self._root)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, env=child_environment(**few))
