"""`python -m lsal.backend ROOT --port N`: serve every project of a root to Label Studio."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from lsal.settings import silence

THREADS = 8
LOOPBACK, EVERYWHERE = "127.0.0.1", ("0.0.0.0",)


def main(arguments: list[str] | None = None) -> int:
    """Serve until the process is ended; 1 if the port cannot be had."""
    silence()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    for chatty in ("httpx", "waitress.queue"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    asked = _parser().parse_args(arguments)
    root = Path(asked.root).expanduser().resolve()

    import waitress

    from lsal.backend.app import create_app
    from lsal.backend.poller import Poller

    poller = Poller(root)
    app = create_app(root, poller.hint)
    try:
        listen = listens(asked.host, asked.port)
        server = waitress.create_server(app, listen=listen, threads=THREADS, ident=None)
    except OSError as error:
        logging.getLogger(__name__).error("cannot listen on %s:%d (%s)", asked.host, asked.port, error)
        return 1
    # Only now, with the port open: loading a model takes longer than Label Studio waits for /setup.
    app.extensions["projects"].warm_all()
    poller.start()
    server.run()
    return 0


def listens(host: str, port: int) -> str:
    """The addresses to listen on: `host`, and loopback in any case, where the notebook asks."""
    hosts = [host] if host in (*EVERYWHERE, LOOPBACK) else [LOOPBACK, host]
    return " ".join(f"{f'[{one}]' if ':' in one else one}:{port}" for one in hosts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lsal.backend", description=__doc__)
    parser.add_argument("root", help="the folder that holds the projects")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default=LOOPBACK, help="a further address to listen on (default: loopback only)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
