"""A killed worker leaves no process of its pool behind."""

import signal
import subprocess
import sys
import time

import psutil

POOL = """
import time
from lsal.engine import processes
if __name__ == "__main__":
    with processes() as pool:
        pool.submit(int, "1").result()
        print("ready", flush=True)
        time.sleep(300)
"""


def test_the_pool_ends_with_a_parent_that_was_killed(tmp_path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline().strip() == "ready"
    children = psutil.Process(parent.pid).children(recursive=True)
    assert children
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until = time.monotonic() + 60
    while time.monotonic() < until and any(child.is_running() for child in children):
        time.sleep(0.1)
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
