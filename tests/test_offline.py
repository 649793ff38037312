"""Nothing leaves the machine: everything that lsal does, done where there is only loopback, under strace.

In an empty network namespace: the notebook's kernel, the backend, the worker and Label Studio are all
children of the traced command; so are Ray and MLflow. What counts is what was asked for, whether or not it came to
anything: no address but loopback, and no name.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from unshared import unshared

from lsal.engine.named import ENGINES
from lsal.kinds import KINDS
from lsal.label_studio import install, template
from lsal.models import MODELS
from lsal.settings import SILENT

TESTS = Path(__file__).resolve().parent
NOTEBOOK = TESTS.parent / "notebooks" / "01_bootstrap.ipynb"
ADDRESS = re.compile(r'sin_addr=inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
LOOPBACK = re.compile(r"127\.|::1$|::ffff:127\.")
QUESTION = re.compile(r"sin6?_port=htons\((53|853|5353)\)|systemd/resolve")
"""Whoever asks for a name: at the port of name servers, those of this machine too, or at systemd's socket."""
CALLS = "connect,sendto,sendmsg,sendmmsg"

LOOP = """
set -e
trap 'lsal down >/dev/null' EXIT
lsal demo --notebook "$NOTEBOOK" --rounds 1 --out "$OUT" --json > "$OUT/told.json"
python "$PAGE" > "$OUT/environ"
for page in heidi-tips/ user/login/ projects/ version; do python "$PAGE" $page; done
for file in all.json all.csv; do lsal export annotations --out "$OUT/$file"; done >/dev/null
lsal doctor >/dev/null || true  # it says so if it found something
lsal suspects >/dev/null
"""

PAGE = """
import json, os, sys, urllib.error, urllib.request
server = json.load(open(os.environ["LSAL_ROOT"] + "/label-studio/server.json"))
try:
    if sys.argv[1:]:
        urllib.request.urlopen(f"{server['url']}/{sys.argv[1]}", timeout=60).read()
    else:
        print(open(f"/proc/{server['mark']['pid']}/environ").read())
except urllib.error.HTTPError:
    pass
"""
"""Asks lsal's Label Studio for a page, as a browser does; without one it tells what that Label Studio was told."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The calls that strace saw, a line each that begins with the process."""

    lines: list[str]

    @classmethod
    def of(cls, command: list[str], out: Path, given: Mapping[str, str]) -> "Trace":
        """Run a command where there is no network, to its good end."""
        seen = out / "strace"
        strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", f"trace={CALLS}", "-s", "64", "-o", str(seen)]
        inside = ["bash", "-c", 'ip link set lo up && exec "$@"', "bash", *strace, *command]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        # As a user's environment is: whatever is switched off must be so by lsal.
        own = {name: value for name, value in os.environ.items() if name not in SILENT}
        environment = {**own, "PATH": path, "LSAL_ROOT": str(out / "root"), **given}
        command = [*unshared("--net"), *inside]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500)
        assert ended.returncode == 0, ended.stdout[-1500:] + ended.stderr[-3000:]
        return cls(seen.read_text(errors="replace").splitlines())

    @property
    def asked(self) -> list[str]:
        """Every address, as often as it was asked for."""
        return [next(filter(None, found.groups())) for line in self.lines for found in ADDRESS.finditer(line)]

    @property
    def outside(self) -> list[str]:
        """The calls that ask for what is not this machine, or for a name."""
        return [line for line in self.lines if QUESTION.search(line) or self._leaves(line)]

    @property
    def processes(self) -> int:
        """How many processes and threads there were."""
        return len({line.split()[0] for line in self.lines})

    @staticmethod
    def _leaves(line: str) -> bool:
        found = (next(filter(None, one.groups())) for one in ADDRESS.finditer(line))
        return any(not LOOPBACK.match(address) for address in found)


# --- the notebook's loop ---------------------------------------------------------------


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trace]:
    """The folder in which the loop left its results, and what strace saw of it."""
    template.ensure(install.ensure(), print)  # installing does need the network; the loop must not
    out = tmp_path_factory.mktemp("offline")
    (out / "page.py").write_text(PAGE)
    given = {"NOTEBOOK": str(NOTEBOOK), "OUT": str(out), "PAGE": str(out / "page.py")}
    return out, Trace.of(["bash", "-c", LOOP], out, given)


def test_the_loop_runs_without_a_network(loop: tuple[Path, Trace]) -> None:
    told = json.loads((loop[0] / "told.json").read_text())
    assert "50 of 50 served tasks were the best still open" in told["result"]
    assert "exactly as published" in told["result"]
    assert (loop[0] / "all.csv").stat().st_size > 1000


def test_no_process_of_the_loop_asks_for_an_address_but_loopback(loop: tuple[Path, Trace]) -> None:
    _, trace = loop
    assert trace.outside == []
    assert len(trace.asked) > 100  # the trace did see the loop's own traffic
    assert trace.processes > 10  # and that of many threads, of several processes


def test_label_studio_is_told_to_be_silent(loop: tuple[Path, Trace]) -> None:
    """Its analytics, its look for new versions, and Sentry in the server and in its pages."""
    told = {line.partition("=")[0]: line.partition("=")[2] for line in (loop[0] / "environ").read_text().split("\0")}
    off = {"COLLECT_ANALYTICS": "False", "LATEST_VERSION_CHECK": "False", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": ""}
    assert off.items() <= told.items()


LAB = """
import subprocess, sys, time, urllib.error, urllib.request
from lsal import processes
port = processes.free_port()
command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", *sys.argv[1:]]
running = subprocess.Popen([*command, "--IdentityProvider.token=secret", "--ServerApp.port_retries=0"])
def ask(page):
    return urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}?token=secret", timeout=120).read()
def comes():
    try:
        return bool(ask("api/status"))
    except OSError:
        return running.poll() is not None
while not comes():
    time.sleep(0.1)
for page in ("lab", "lab/api/news", "lab/api/update", "lab/api/extensions"):
    try:
        print(page, len(ask(page)))
    except urllib.error.HTTPError as error:
        print(page, error)
running.terminate()
running.wait()
"""
"""JupyterLab with the given options, and what its page asks its server for by itself."""


def test_the_jupyterlab_of_make_lab_asks_nobody(tmp_path: Path) -> None:
    """Neither for news and updates nor for extensions; a user's own JupyterLab does as its owner wants."""
    told = subprocess.run(["make", "-n", "lab"], cwd=TESTS.parent, capture_output=True, text=True, check=True)
    said = next(line for line in told.stdout.replace("\\\n", " ").splitlines() if "/jupyter lab " in line).split()
    options = [one for one in said if one.startswith("--")]
    assert "--ip=127.0.0.1" in options
    given = {"HOME": str(tmp_path), "PYTHONPATH": str(TESTS.parent), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    trace = Trace.of([sys.executable, "-c", LAB, *options], tmp_path, given)
    assert trace.outside == []
    assert len(trace.asked) > 10


# --- every family, every engine, and all else that needs no Label Studio -----------------


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Trace]:
    """What `everything.py` told, and what strace saw of it: one process, so that libraries are imported once."""
    out = tmp_path_factory.mktemp("everything")
    places = os.pathsep.join([str(TESTS.parent), str(TESTS), str(TESTS / "lighter")])
    given = {"PYTHONPATH": places, "HF_HOME": str(out / "hub"), "HOME": str(out), "LSAL_CACHE": str(out / "cache")}
    trace = Trace.of([sys.executable, str(TESTS / "everything.py"), str(out)], out, given)
    return json.loads((out / "told.json").read_text()), trace


def test_every_family_and_engine_works_without_a_network(everything: tuple[dict[str, Any], Trace]) -> None:
    told, _ = everything
    families = {f"{family} {kind}" for kind in KINDS for family in KINDS[kind].families}
    assert {name.split()[0] for name in families} == set(MODELS)
    assert families | {f"engine {name}" for name in ENGINES} < set(told["done"])
    assert {"mlflow", "map by neighbours", "rehearsal", "dashboard"} < set(told["done"])


def test_no_family_and_no_engine_asks_for_an_address_but_loopback(everything: tuple[dict[str, Any], Trace]) -> None:
    told, trace = everything
    assert trace.outside == []
    assert len(trace.asked) > 20  # Ray's own traffic at the least
    assert trace.processes > 10
    for library in ("torch", "transformers", "ultralytics", "mlflow", "ray", "jscatter"):
        assert library in told["loaded"], f"{library} was not even imported"


def test_every_library_says_that_its_telemetry_is_off(everything: tuple[dict[str, Any], Trace]) -> None:
    told, _ = everything
    assert told["telemetry"] == {"huggingface_hub": False, "ultralytics": False, "mlflow": False, "ray": False}


# --- the tests' own eyes ------------------------------------------------------------------


@pytest.mark.parametrize(
    "asks",
    [
        "import socket; socket.getaddrinfo('lsal.invalid', 80)",
        "import socket; socket.socket().connect_ex(('192.0.2.1', 80))",
        "import socket; socket.socket(socket.AF_INET6).connect_ex(('2001:db8::1', 80))",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).connect_ex(('127.0.0.53', 53))",
        "import os; os.fork() or __import__('socket').socket(type=2).connect_ex(('192.0.2.1', 9))",
    ],
    ids=["a name", "an address", "a longer one", "a name server of this machine", "a child"],
)
def test_what_asks_is_seen(asks: str, tmp_path: Path) -> None:
    quietly = f"import contextlib\nwith contextlib.suppress(OSError):\n    {asks}"
    assert Trace.of([sys.executable, "-c", quietly], tmp_path, {}).outside
