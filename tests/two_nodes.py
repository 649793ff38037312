"""A Ray of two nodes on loopback, each with a cache of its own: `python two_nodes.py FOLDER`, until stdin ends.

Prints the address for members of the cluster, and the one for clients.
"""

import os
import sys
import tempfile
from pathlib import Path

from lsal.engine.local_ray import PORTS, note_ports
from lsal.processes import free_port
from lsal.settings import ray_on_loopback, silence

NODE = {"num_cpus": 2, "num_gpus": 0, "object_store_memory": 100_000_000, "include_dashboard": False}


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="ray-") as place:  # a short path: sockets lie below it
        (Path(place) / "ray").mkdir()
        silence()
        ray_on_loopback(Path(place))
        from ray.cluster_utils import Cluster

        cluster, clients = Cluster(), free_port()
        for number, more in enumerate(({"ray_client_server_port": clients}, {})):
            os.environ["LSAL_CACHE"] = str(folder / f"cache{number}")
            ports = {name: free_port() for name in PORTS.values()}
            note_ports(Path(place) / "ray", ports)
            cluster.add_node(temp_dir=f"{place}/ray", **NODE, **ports, **more)
        print(cluster.address, f"ray://127.0.0.1:{clients}", flush=True)
        sys.stdin.read()
        cluster.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
