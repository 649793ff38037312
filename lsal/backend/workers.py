"""Several processes behind one address: the first binds it and starts the others, which answer at the same sockets.

Any of them may get any request. What was asked of one alone (counts, the proof that Label Studio reaches this
backend) the others ask of it, at a private address of its own on loopback. They end when the first one does.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from lsal.settings import child_environment

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
PEER_S = 3.0
AGAIN_S = 1.0
"""Between the looks for one that died, and so at least between two starts of it."""
BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Peers:
    """The private addresses of the others, and the process by which all of them are known."""

    ports: tuple[int, ...] = ()
    head: int = 0

    def tallies(self, path: str) -> list[dict[str, Any]]:
        """What each of the others tells of itself under `path`; one that does not answer is left out."""
        if not self.ports:
            return []
        with ThreadPoolExecutor(len(self.ports)) as pool:
            told = pool.map(_tally, (f"http://{LOOPBACK}:{port}{path}" for port in self.ports))
        return [one for one in told if one is not None]


def _tally(url: str) -> dict[str, Any] | None:
    try:
        return dict(_client().get(url).raise_for_status().json())
    except (httpx.HTTPError, ValueError) as error:
        log.warning("another worker does not tell what it saw (%s)", type(error).__name__)
        return None


@cache
def _client() -> httpx.Client:
    return httpx.Client(timeout=PEER_S, trust_env=False)


def bound(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Sockets that listen at the port of each host. Raises OSError if it cannot be had."""
    found = []
    for host in hosts:
        one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if one.family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((host, port))
        one.listen(BACKLOG)
        found.append(one)
    return found


class Workers:
    """The further processes of a backend, `count` with this one."""

    def __init__(self, root: Path, count: int, sockets: Sequence[socket.socket]) -> None:
        self._root, self._shared = root, list(sockets)
        self._private = [bound([LOOPBACK], 0)[0] for _ in range(count)] if count > 1 else []
        self._ports = [one.getsockname()[1] for one in self._private]
        self._alive = os.pipe()
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def sockets(self) -> list[socket.socket]:
        """Those at which this process answers."""
        return [*self._shared, *self._private[:1]]

    @property
    def peers(self) -> Peers:
        """The others, as this process asks them."""
        return Peers(tuple(self._ports[1:]), os.getpid())

    def start(self) -> None:
        """Start the others, and again those that die, until this process ends."""
        if self._private:
            threading.Thread(target=self._keep, name="workers", daemon=True).start()

    def _keep(self) -> None:
        while True:
            for place in range(1, len(self._private)):
                try:
                    self._look_after(place)
                except OSError as error:  # no memory for another process, say: those that run answer
                    log.error("cannot start a worker (%s)", error)
            time.sleep(AGAIN_S)

    def _look_after(self, place: int) -> None:
        running = self._running.get(place)
        if running is None or running.poll() is not None:
            if running is not None:
                log.error("worker %d ended (%s): another one is started", running.pid, running.returncode)
            self._running[place] = self._begin(place)

    def _begin(self, place: int) -> subprocess.Popen[bytes]:
        fds = [one.fileno() for one in (*self._shared, self._private[place])]
        others = [port for port in self._ports if port != self._ports[place]]
        command = [sys.executable, "-m", "lsal.backend", str(self._root), "--head", str(os.getpid())]
        command += ["--sockets", ",".join(map(str, fds)), "--peers", ",".join(map(str, others))]
        command += ["--alive", str(self._alive[0])]
        return subprocess.Popen(command, env=child_environment(), pass_fds=(*fds, self._alive[0]))


def inherited(fds: Sequence[int]) -> list[socket.socket]:
    """The sockets that the first process opened."""
    return [socket.socket(fileno=fd) for fd in fds]


def end_with(alive: int) -> None:
    """End this process when the first one has: its end of the pipe is closed by the system, however it ends."""

    def wait() -> None:
        os.read(alive, 1)
        os._exit(0)

    threading.Thread(target=wait, name="end with the first", daemon=True).start()
