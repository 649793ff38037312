"""A Ray of one node on loopback: `python -m lsal.engine.local_ray FOLDER CPUS BYTES`, until its stdin ends.

It ends with whoever started it, however that ended.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import signal
import sys
import threading
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path

from lsal.processes import free_port
from lsal.settings import call_ray_node

PORTS = {
    "metrics-export-port": "metrics_export_port",
    "dashboard-agent-grpc-port": "metrics_agent_port",
    "dashboard-agent-listen-port": "dashboard_agent_listen_port",
    "runtime-env-agent-port": "runtime_env_agent_port",
}
"""Ports of a node's agents: as options, and as the node's files call them."""


def main(folder: str, processors: str, memory: str) -> None:
    """Start it, and stay; its folder goes with it."""
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    place, ports = Path(folder) / "ray", {name: free_port() for name in PORTS}
    note_ports(place, {PORTS[name]: port for name, port in ports.items()})
    given = [f"--{name}={port}" for name, port in {"port": free_port(), **ports}.items()]
    shape = [f"--num-cpus={processors}", f"--object-store-memory={memory}", "--include-dashboard=false"]
    sys.argv = ["ray", "start", "--head", "--block", f"--temp-dir={place}", "--disable-usage-stats", *given, *shape]
    [ray] = entry_points(group="console_scripts", name="ray")
    ray.load()()


def note_ports(place: Path, ports: Mapping[str, int]) -> None:
    """Say for the next node, beside its start, which ports its agents have been given.

    Ray gives the agents 15 s to say so themselves, which a busy machine does not keep to, and then falls; it has no
    setting for that (https://github.com/ray-project/ray/issues/65983). One that knows no such files needs none.
    """
    try:
        from ray._raylet import persist_port  # type: ignore[attr-defined]
    except ImportError:
        return
    node = secrets.token_hex(28)
    call_ray_node(node)

    def note() -> None:
        session = place / "session_latest"
        while not (session / "logs").is_dir():
            threading.Event().wait(0.05)
        for name, port in ports.items():
            persist_port(str(session.resolve()), node, name, port)

    threading.Thread(target=note, daemon=True).start()


def _end_with_stdin() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(*sys.argv[1:])
