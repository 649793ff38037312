"""How long until lsal's own Label Studio answers in a new root, against one that begins with an empty folder.

Both are installed already. lsal copies a migrated database; the other runs its migrations, with the same settings.
"""

import argparse
import secrets
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx
from asking import load, ratio

from lsal import processes
from lsal.label_studio import inside, install, server, template


def main() -> None:
    """Print seconds of both, and the ratio."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    template.ensure(install.ensure())
    seconds: dict[str, list[float]] = {"lsal": [], "cold": []}
    for turn in range(chosen.rounds):
        for name in sorted(seconds, reverse=bool(turn % 2)):
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                seconds[name].append((by_lsal if name == "lsal" else cold)(Path(folder)))
        print(" ".join(f"{name} {each[-1]:.1f} s" for name, each in seconds.items()), load(), flush=True)
    for name, each in seconds.items():
        print(f"{name:5} {median(each):6.1f} s ({min(each):.1f} to {max(each):.1f})")
    print(f"lsal is {ratio(seconds['cold'], seconds['lsal'])} as fast; {chosen.rounds} rounds, {load()}")


def by_lsal(folder: Path) -> float:
    """`lsal up` in a new root."""
    begun = time.perf_counter()
    try:
        server.up(folder / "root")
        return time.perf_counter() - begun
    finally:
        server.down(folder / "root")


def cold(folder: Path) -> float:
    """The same command on an empty data folder."""
    port, key = processes.free_port(), secrets.token_hex(20)
    command = [str(install.ensure() / "label-studio"), "start", "--no-browser", "--internal-host", "127.0.0.1"]
    user = {"LABEL_STUDIO_USERNAME": "a@b.local", "LABEL_STUDIO_PASSWORD": key, "LABEL_STUDIO_USER_TOKEN": key}
    environment = template.environment(folder / "data", user | inside.SETTINGS)
    begun = time.perf_counter()
    mark = processes.spawn([*command, "-p", str(port)], folder / "log.txt", environment)
    try:
        while not answers(port):
            if not processes.alive(mark):
                raise SystemExit(processes.end_of(folder / "log.txt"))
            time.sleep(0.1)
        return time.perf_counter() - begun
    finally:
        processes.stop(mark)


def answers(port: int) -> bool:
    """Whether somebody answers there."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    main()
