"""A Ray of nodes on loopback, each with a cache of its own: `python two_nodes.py FOLDER PORT`, until its stdin ends.

It begins with two, the second of which has a GPU in name. Clients are heard at PORT, unless that is 0. Prints the
address for members of the cluster. The line `add` on stdin adds a node like the second one, a number kills the node
of that number; a line that names the node says that it is done.
"""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import lsal
from lsal.engine.local_ray import PORTS, note_ports
from lsal.processes import free_port
from lsal.settings import ray_on_loopback, silence

NODE = {"object_store_memory": 100_000_000, "include_dashboard": False}
PLAIN, GPU = {"num_cpus": 2, "num_gpus": 0}, {"num_cpus": 3, "num_gpus": 1}
"""Four workers fill no node alone, and two leave room for a third one with the GPU, wherever they are."""
ALONE = {"include_log_monitor": False, "no_monitor": True}
FEW_PROCESSES = {"prestart_worker_first_driver": False, "enable_worker_prestart": False}
"""Ray would start workers that nobody here uses: those of lsal have their own environment."""
SOON = {"health_check_period_ms": 500, "health_check_initial_delay_ms": 500}
"""How often nodes are asked whether they live; one that is slow is waited for as long as ever."""
LONG_S = 300


@dataclass
class TwoNodes:
    """The running script: the cluster's address for `members`, and for `clients`; the caches of nodes by number."""

    members: str
    clients: str
    folder: Path
    process: subprocess.Popen[str]

    def add(self) -> int:
        """One node more, with a GPU in name; its number."""
        return int(self._ask("add"))

    def kill(self, number: int) -> None:
        """A node goes without a word."""
        self._ask(str(number))

    def cache(self, number: int) -> Path:
        return self.folder / f"cache{number}"

    def _ask(self, line: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@contextmanager
def two_nodes(folder: Path, clients: bool = False) -> Iterator[TwoNodes]:
    """The script, running, its caches in `folder`; whoever it starts from has the cluster's token meanwhile."""
    here, port = Path(__file__).parent, free_port() if clients else 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        places = (Path(lsal.__file__).parents[1], here, here / "lighter")
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, places)))
        command = [sys.executable, __file__, str(folder), str(port)]
        nodes = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert nodes.stdin
        assert nodes.stdout
        try:
            members = nodes.stdout.readline().strip()
            yield TwoNodes(members, f"ray://127.0.0.1:{port}", folder, nodes)
        finally:
            nodes.stdin.close()
            nodes.wait(LONG_S)


class Nodes:
    """The cluster, with its nodes by number."""

    def __init__(self, folder: Path, place: Path) -> None:
        from ray.cluster_utils import Cluster

        self._cluster, self._folder, self._place = Cluster(), folder, place
        self._nodes: list[Any] = []

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def add(self, **more: Any) -> int:
        """One node more; its number."""
        number = len(self._nodes)
        os.environ["LSAL_CACHE"] = str(self._folder / f"cache{number}")
        ports = {name: free_port() for name in PORTS.values()}
        note_ports(self._place, ports)
        self._nodes.append(self._cluster.add_node(wait=False, temp_dir=str(self._place), **NODE, **ports, **more))
        self._cluster.wait_for_nodes(LONG_S)
        return number

    def kill(self, number: int) -> None:
        """As when a machine goes."""
        self._cluster.remove_node(self._nodes[number], allow_graceful=False)

    def end(self) -> None:
        self._cluster.shutdown()


def main(folder: Path, clients: int) -> None:
    with tempfile.TemporaryDirectory(prefix="ray-") as place:  # a short path: sockets lie below it
        temp = Path(place) / "ray"
        temp.mkdir()
        silence()
        ray_on_loopback(Path(place))
        nodes, more = Nodes(folder, temp), {"ray_client_server_port": clients} if clients else {}
        nodes.add(**PLAIN, _system_config={**FEW_PROCESSES, **SOON}, **ALONE, **more)
        nodes.add(**GPU)
        print(nodes.address, flush=True)
        for line in map(str.strip, sys.stdin):
            if line == "add":
                line = str(nodes.add(**GPU))
            else:
                nodes.kill(int(line))
            print(line, flush=True)
        nodes.end()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
