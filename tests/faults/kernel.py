"""A notebook's kernel for the bench: reads lines, runs each as `%lsal LINE`, answers with one line of JSON."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

LONGEST_S = 400.0


class Kernel:
    """The process of a kernel that works in `root`, as the bench holds it."""

    def __init__(self, log: Path, environment: dict[str, str]) -> None:
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "faults.kernel"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    @property
    def busy(self) -> bool:
        """Whether it is still at the lines that it was given."""
        return self.alive and not select.select([self.process.stdout], [], [], 0)[0]

    def begin(self, *lines: str) -> None:
        """Run some lines of one cell, without waiting."""
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps(lines) + "\n")
            self.process.stdin.flush()
        except OSError:  # it was killed
            return

    def told(self) -> dict[str, Any]:
        """What became of the oldest lines that were not told of yet; an error for a kernel that died."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        return dict(json.loads(line)) if line else {"error": "the kernel died", "fix": ""}

    def run(self, *lines: str) -> dict[str, Any]:
        """Run some lines and wait; {"error", "fix"} are empty if all went well."""
        self.begin(*lines)
        return self.told()

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


def serve(answers: IO[str]) -> None:
    """Run cells until nobody sends any more."""
    from IPython.core.interactiveshell import InteractiveShell

    from lsal.errors import LsalError

    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.run_line_magic("load_ext", "lsal")
    for line in sys.stdin:
        told = {"error": "", "fix": ""}
        for words in json.loads(line):
            try:
                shell.run_line_magic("lsal", words)
            except LsalError as error:
                told = {"error": error.what, "fix": error.fix}
                break
            except Exception as error:  # a traceback that a person would see
                told = {"error": f"{type(error).__name__}: {error}", "fix": "", "bare": True}
                break
        answers.write(json.dumps(told) + "\n")
        answers.flush()


if __name__ == "__main__":
    mine = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what cells print goes into the log
    serve(mine)
