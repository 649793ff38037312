"""`python -m lsal.backend ROOT --port N`: serve every project of a root to Label Studio."""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lsal.phrases import log_plainly
from lsal.settings import silence

if TYPE_CHECKING:
    from flask import Flask

LOOPBACK, EVERYWHERE = "127.0.0.1", ("0.0.0.0",)  # nosec B104  # only if a person asks for it


def main(arguments: list[str] | None = None) -> int:
    """Serve until the process is ended; 1 if the port cannot be had."""
    silence()
    log_plainly()
    for chatty in ("httpx", "waitress.queue"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    asked = _parser().parse_args(arguments)
    root = Path(asked.root).expanduser().resolve()
    return _be_another(root, asked) if asked.sockets else _be_the_first(root, asked)


def _be_the_first(root: Path, asked: argparse.Namespace) -> int:
    """Have the port, start the other workers if there are to be some, and watch the projects."""
    from lsal.backend.app import create_app
    from lsal.backend.forking import ForkServer
    from lsal.backend.poller import Poller
    from lsal.backend.workers import Workers, bound

    poller = Poller(root)
    try:
        workers = Workers(root, asked.workers, bound(hosts(asked.host), asked.port))
    except OSError as error:
        logging.getLogger(__name__).error("cannot listen on %s:%d (%s)", asked.host, asked.port, error)
        return 1
    app = create_app(root, poller.hint, workers.peers)
    workers.start()

    def begin() -> None:
        poller.start()
        ForkServer(root).start()

    _serve(app, workers.sockets, begin)
    return 0


def _be_another(root: Path, asked: argparse.Namespace) -> int:
    """Answer at the sockets of the first process, which also watches the projects."""
    from lsal.backend.app import create_app
    from lsal.backend.watch import leave_hint
    from lsal.backend.workers import Peers, end_with, inherited

    end_with(asked.alive)
    app = create_app(root, lambda slug: leave_hint(root / "projects" / slug), Peers(asked.peers, asked.head))
    _serve(app, inherited(asked.sockets))
    return 0


def _serve(app: Flask, sockets: Sequence[socket.socket], begin: Callable[[], None] = lambda: None) -> None:
    from lsal.backend import intake

    server = intake.server(app, sockets, app.extensions["projects"].secret)
    # Only now, with the port open: loading a model takes longer than Label Studio waits for /setup.
    app.extensions["projects"].warm_all()
    begin()
    server.run()


def hosts(host: str) -> list[str]:
    """The addresses to listen on: `host`, and loopback in any case, where the notebook asks."""
    return [host] if host in (*EVERYWHERE, LOOPBACK) else [LOOPBACK, host]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lsal.backend", description=__doc__)
    parser.add_argument("root", help="the folder that holds the projects")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default=LOOPBACK, help="a further address to listen on (default: loopback only)")
    parser.add_argument("--workers", type=int, default=1, help="how many processes answer (default: 1)")
    for given in ("--sockets", "--peers"):  # by the first process to another one
        parser.add_argument(given, type=_numbers, default=(), help=argparse.SUPPRESS)
    for given in ("--head", "--alive"):
        parser.add_argument(given, type=int, default=0, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
