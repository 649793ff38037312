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
END = "lsal"
"""The other side's end of the cable."""


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
    faults = tried(*words)
    assert not faults, f"ip {' '.join(words)}: {faults}"


def tried(*words: str) -> str:
    """What `ip` says against it, nothing if it was done."""
    assert os.geteuid() == 0, "network namespaces are made by root: run the tests as root"
    assert shutil.which("ip"), "install iproute2"
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    return done.stderr or "no reason told" if done.returncode else ""


@contextmanager
def joined() -> Iterator[Apart]:
    """A new namespace with two private networks on one cable; gone at the end, whatever was in it."""
    name = f"lsal-{os.getpid()}"
    ip("netns", "add", name)
    try:
        made = _cable(name)
        try:
            _set_up(made)
            yield made
        finally:
            ip("link", "del", made.link)
    finally:
        ip("netns", "del", name)


def _set_up(made: Apart) -> None:
    for address in made.ours:
        ip("addr", "add", f"{address}/30", "dev", made.link)
    for address in made.theirs:
        ip("-n", made.name, "addr", "add", f"{address}/30", "dev", END)
    ip("link", "set", made.link, "up")
    ip("-n", made.name, "link", "set", END, "up")
    ip("-n", made.name, "link", "set", "lo", "up")


def _cable(name: str) -> Apart:
    """A cable into the namespace. Its addresses go by its number, which is nobody else's as long as it is there."""
    for number in range(250):
        link = f"lsal{number}a"
        faults = tried("link", "add", link, "type", "veth", "peer", "name", END, "netns", name)
        if not faults:
            ours, theirs = (tuple(f"10.{net}.{number}.{end}" for net in (213, 214)) for end in (1, 2))
            return Apart(name, link, ours, theirs)
        assert "File exists" in faults, faults
    raise AssertionError("250 cables of tests are there: ip link del lsal0a, and so on")


@contextmanager
def label_studio_apart(folder: Path, **variables: str) -> Iterator[Apart]:
    """A Label Studio in a namespace, with these variables; its key is LOGIN's."""
    bin = install.ensure()
    template.copy(template.ensure(bin), folder / "data")
    user = {"USERNAME": LOGIN["email"], "PASSWORD": LOGIN["password"], "USER_TOKEN": LOGIN["key"]}
    given = {f"LABEL_STUDIO_{name}": value for name, value in user.items()} | variables
    with joined() as apart:
        start = [str(bin / "label-studio"), "start", "--no-browser", "--enable-legacy-api-token"]
        start += ["--internal-host", "0.0.0.0", "-p", str(PORT)]
        environment = template.environment(folder / "data", given)
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
