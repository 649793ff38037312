"""A real Label Studio in a network namespace of its own, as in a container: its loopback is not ours."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from lsal import processes
from lsal.label_studio import install, template

LOGIN = {"email": "me@lsal.local", "password": "a-long-password", "key": "5" * 40}
PORT = 8080


@dataclass(frozen=True)
class Apart:
    """A namespace joined to ours by a cable. `ours` are this side's addresses on it, `theirs` the other side's."""

    name: str
    link: str
    ours: tuple[str, str]
    theirs: tuple[str, str]

    @property
    def url(self) -> str:
        """Where Label Studio is."""
        return f"http://{self.theirs[0]}:{PORT}"

    def inside(self, *command: str) -> list[str]:
        """A command to be run in the namespace."""
        return ["ip", "netns", "exec", self.name, *command]


def ip(*words: str) -> None:
    """Run `ip`, which needs to be root."""
    assert os.geteuid() == 0, "network namespaces are made by root: run the tests as root"
    assert shutil.which("ip"), "install iproute2"
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


@contextmanager
def joined() -> Iterator[Apart]:
    """A new namespace with two private networks on one cable; gone at the end, whatever was in it."""
    number = os.getpid() % 250
    ours, theirs = (tuple(f"10.{net}.{number}.{end}" for net in (213, 214)) for end in (1, 2))
    name, link = f"lsal-{os.getpid()}", f"lsal{os.getpid() % 100000}"
    made = Apart(name, f"{link}a", ours, theirs)
    ip("netns", "add", name)
    try:
        ip("link", "add", f"{link}a", "type", "veth", "peer", "name", f"{link}b", "netns", name)
        for address in ours:
            ip("addr", "add", f"{address}/30", "dev", f"{link}a")
        for address in theirs:
            ip("-n", name, "addr", "add", f"{address}/30", "dev", f"{link}b")
        ip("link", "set", f"{link}a", "up")
        ip("-n", name, "link", "set", f"{link}b", "up")
        ip("-n", name, "link", "set", "lo", "up")
        yield made
    finally:
        subprocess.run(["ip", "link", "del", f"{link}a"], capture_output=True, check=False)
        ip("netns", "del", name)


@contextmanager
def label_studio_apart(folder: Path, **variables: str) -> Iterator[Apart]:
    """A Label Studio in a namespace, with these variables; its key is LOGIN's."""
    bin = install.ensure()
    template.copy(template.ensure(bin), bin, folder / "data", LOGIN)
    with joined() as apart:
        start = [str(bin / "label-studio"), "start", "--no-browser", "--internal-host", "0.0.0.0", "-p", str(PORT)]
        environment = template.environment(folder / "data", variables)
        mark = processes.spawn(apart.inside(*start), folder / "log.txt", environment)
        try:
            _wait(apart, mark, folder / "log.txt")
            yield apart
        finally:
            processes.stop(mark)


def _wait(apart: Apart, mark: dict[str, object], log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert processes.alive(mark), processes.end_of(log)
        try:
            if httpx.get(f"{apart.url}/health", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(f"Label Studio did not start: {processes.end_of(log)}")
