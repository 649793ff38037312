"""A process that has imported what jobs need, and runs each in a copy of itself: most of a short job's time is imports.

root/
├── fork_server.json    who waits, and made of what
└── fork_server.sock    where it is asked, 0600; one question and one job a connection

The backend keeps it, it ends with the backend, and it runs on Linux alone. Whoever starts a job asks it first; from one
that is gone, stuck, made of other code or of another environment no job is wanted: then it begins as any process does.

The one who asks has the last word: a job is forked only after his `GO`. So one that did not answer in time, because it
was stopped say, cannot begin the job a second time when it goes on.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import sysconfig
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from lsal import processes
from lsal.errors import LsalError
from lsal.files import read_json, to_json, write_json

READY, GO = b"ready", b"go"
ANSWER_S = 2.0
LARGEST = 1 << 20
"""Bytes of a question: an environment of more is none that this is worth for."""
AT_IMPORT = ("PYTHON", "LD_", "MALLOC_", "LC_", "LANG", "TZ", "GOTO_", "BLIS_", "KMP_", "CUDA_", "HF_", "TRANSFORMERS_")
"""Beginnings of the names in an environment that a library, or Python itself, reads once, when it is loaded."""


def run(
    root: Path, module: str, folder: Path, log: Path, environment: Mapping[str, str], nice: int
) -> dict[str, Any] | None:
    """Run `python -m module folder` in a copy of the root's fork server; who that is, None where there is none.

    It has this environment and working directory, writes to `log`, and is a session of its own. A mark without a
    `pid` says that the server ended at the very moment of the copy: the job may have begun, and says so itself.
    """
    kept = _there(root)
    if not kept or not processes.alive(kept) or kept["of"] != made_of(environment):
        return None
    question = {"module": module, "folder": str(folder), "log": str(log), "nice": nice}
    question |= {"environment": dict(environment), "cwd": str(Path.cwd())}
    with suppress(OSError, orjson.JSONDecodeError), _connected(root) as line:
        line.send(to_json(question))
        if line.recv(len(READY)) != READY:
            return None
        line.send(GO)
        return _copied(line)
    return None


def _copied(line: socket.socket) -> dict[str, Any]:
    """Who the copy is. There is no way back from here: begun elsewhere as well, the job might run twice."""
    with suppress(OSError, orjson.JSONDecodeError):
        line.settimeout(None)
        return dict(orjson.loads(line.recv(LARGEST)))
    return {"started": time.time()}


def listen(root: Path, of: str) -> socket.socket:
    """Be the root's fork server, made `of` that: the socket at which jobs are wanted."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with _folder(root) as here:
        (root / "fork_server.sock").unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            line.bind(f"{here}/fork_server.sock")
        finally:
            os.umask(before)
    line.listen()
    write_json(root / "fork_server.json", {**processes.mark(), "of": of}, mode=0o600)
    return line


def made_of(environment: Mapping[str, str]) -> str:
    """What tells a process that was started with other code, or in another environment, from this one's."""
    code = Path(__file__).parent
    files = sorted(Path(folder, name) for folder, _, names in os.walk(code) for name in names if name.endswith(".py"))
    stamps = [(str(path), path.stat().st_mtime_ns) for path in (*files, Path(sysconfig.get_path("purelib")))]
    read = sorted((name, value) for name, value in environment.items() if name.startswith(AT_IMPORT))
    return hashlib.sha256(to_json([sys.executable, stamps, read])).hexdigest()[:16]


def _there(root: Path) -> Mapping[str, Any] | None:
    with suppress(LsalError, OSError, LookupError, TypeError, ValueError):  # not there, or damaged
        kept = read_json(root / "fork_server.json")
        return {"pid": int(kept["pid"]), "started": float(kept["started"]), "of": kept["of"]}
    return None


@contextmanager
def _connected(root: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line, _folder(root) as here:
        line.settimeout(ANSWER_S)
        line.connect(f"{here}/fork_server.sock")
        yield line


@contextmanager
def _folder(root: Path) -> Iterator[str]:
    """A short name of a folder: that of a socket has 107 bytes at most."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
