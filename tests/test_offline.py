"""Nothing leaves the machine: the notebook's whole loop runs where there is only loopback.

In an empty network namespace under strace: the notebook's kernel, the backend, the worker and
Label Studio are all children of the traced command.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lsal.label_studio import install, template

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOK = REPOSITORY / "notebooks" / "01_bootstrap.ipynb"
ADDRESS = re.compile(r'sin_addr=inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')

LOOP = """
set -e
ip link set lo up
trap 'lsal down >/dev/null' EXIT
lsal demo --notebook "$NOTEBOOK" --rounds 1 --out "$OUT" --json > "$OUT/told.json"
"""


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder in which the loop left its results, and what strace saw of it."""
    template.ensure(install.ensure(), print)  # installing does need the network; the loop must not
    out = tmp_path_factory.mktemp("offline")
    seen = out / "strace"
    as_user = [] if os.geteuid() == 0 else ["--map-root-user"]
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto", "-s", "64", "-o", str(seen)]
    command = ["unshare", "--net", *as_user, *strace, "bash", "-c", LOOP]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    given = {
        "LSAL_ROOT": str(out / "root"),
        "NOTEBOOK": str(NOTEBOOK),
        "OUT": str(out),
        "PATH": path,
    }
    ended = subprocess.run(command, env={**os.environ, **given}, capture_output=True, text=True, timeout=500)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return out, seen


def test_the_loop_runs_without_a_network(traced: tuple[Path, Path]) -> None:
    told = json.loads((traced[0] / "told.json").read_text())
    assert "50 of 50 served tasks were the best still open" in told["result"]
    assert "exactly as published" in told["result"]


def test_no_process_asks_for_an_address_but_loopback(traced: tuple[Path, Path]) -> None:
    lines = traced[1].read_text(errors="replace").splitlines()
    asked = [next(filter(None, found.groups())) for line in lines for found in ADDRESS.finditer(line)]
    assert len(asked) > 100  # the trace did see the loop's own traffic
    assert not [address for address in asked if not address.startswith("127.") and address != "::1"]
    assert len({line.split()[0] for line in lines}) > 10  # and that of many threads, of several processes
