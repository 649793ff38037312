"""`python -m lsal.worker.fork_server ROOT`: import what the root's jobs need, then run each in a copy of this process.

Its standard input is a pipe that nobody writes into: when whoever started it ends, however, it ends too. The jobs are
sessions of their own and go on. See `lsal.fork_server` for how it is asked.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import random
import runpy
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from lsal import processes
from lsal.errors import LsalError
from lsal.fork_server import ANSWER_S, GO, LARGEST, READY, listen, made_of
from lsal.home import Home, attached, homes
from lsal.models import MODELS
from lsal.registry import OWN
from lsal.settings import environment, silence, take_environment
from lsal.store import Store

log = logging.getLogger(__name__)

ALWAYS = ("lsal.worker.acts", "httpx", "threadpoolctl")
"""What every job needs."""
LOOK_S = 3.0
"""Between two looks for families that have come into use."""


def main(root: Path) -> int:
    """Wait for jobs until standard input ends; a copy of this process runs its job, and ends as that does."""
    silence()
    of = made_of(environment())  # now: libraries add to it
    load(root)
    line = listen(root, of)  # only now: who starts a job meanwhile does not wait for imports that it does itself
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a copy ended: its job's folder says it
    with selectors.DefaultSelector() as chosen:
        chosen.register(line, selectors.EVENT_READ)
        chosen.register(sys.stdin, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in chosen.select(LOOK_S)]
            if sys.stdin in ready:
                return 0
            if not ready:
                load(root)
            elif job := _asked(line):
                break
    line.close()
    return _be(job)


def load(root: Path) -> None:
    """Import what the jobs of a root's projects need: the families of their live versions, lsal's own alone.

    What a user plugged in is loaded by each job, as it is then. Nothing that cannot be had keeps the rest away.
    """
    families = sorted({name for home in homes(root) if attached(home.folder) for name in _families(home)})
    missing = [name for name in (*ALWAYS, *families) if name not in sys.modules]
    for name in missing:
        with suppress(Exception):
            importlib.import_module(name)
    if missing:
        gc.collect()
        gc.freeze()  # what all copies share is not to be touched, and so copied, by their collections


def _families(home: Home) -> list[str]:
    with suppress(LsalError):  # a home that is damaged says so itself
        store = Store(home)
        named = {store.get(number).family for number in store.current().values()}
        return [MODELS[name].__module__ for name in named if name in MODELS and MODELS.origin(name) == OWN]
    return []


def _asked(line: socket.socket) -> Mapping[str, Any] | None:
    """In a copy of this process: the job that it is to do. None in this process itself."""
    with suppress(OSError, ValueError), line.accept()[0] as one:
        one.settimeout(ANSWER_S)
        job = orjson.loads(one.recv(LARGEST))
        if threading.active_count() > 1:  # a copy would have this thread's locks, and not the thread
            log.error("no job is forked: %s", [thread.name for thread in threading.enumerate()])
            return None
        one.send(READY)
        if one.recv(len(GO)) != GO:
            return None
        sys.stdout.flush()
        if not (pid := os.fork()):
            return dict(job)
        one.send(orjson.dumps(processes.mark(pid)))
    return None


def _be(job: Mapping[str, Any]) -> int:
    """Become the process that the job would have had by itself."""
    os.setsid()
    _write_to(Path(job["log"]))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    take_environment(job["environment"])
    with suppress(OSError):  # a folder that is gone since: then where the server is
        os.chdir(job["cwd"])
    processes.give_way(os.getpid(), job["nice"])
    random.seed()
    _use_threads(int(job["environment"].get("OMP_NUM_THREADS", 1)))
    sys.argv = [job["module"], job["folder"]]
    runpy.run_module(job["module"], run_name="__main__", alter_sys=True)  # as `python -m` does: it exits by itself
    return 0


def _write_to(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    output, nothing = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666), os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((nothing, output, output)):
        os.dup2(descriptor, number)
    os.close(output)
    os.close(nothing)


def _use_threads(count: int) -> None:
    """What libraries read in the environment when they are loaded, which was before the job came."""
    import threadpoolctl  # type: ignore[import-untyped]

    threadpoolctl.threadpool_limits(count)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
