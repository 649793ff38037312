"""A virtual environment in the user's cache that holds Label Studio, and nothing of lsal.

Label Studio pins dozens of libraries; in an environment of its own they meet nobody else's.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

from lsal import processes, settings
from lsal.errors import NotInstalled
from lsal.files import read_json, write_json

VERSION = settings.LABEL_STUDIO_VERSION
MARKER = "lsal-complete.json"

_log = logging.getLogger(__name__)


def ensure(report: Callable[[str], None] | None = None) -> Path:
    """The `bin` folder of Label Studio's environment, installed if it is not there.

    A second process that asks meanwhile waits for the first. `report` gets pip's progress,
    line by line. Raises NotInstalled with the end of pip's output.
    """
    folder = settings.cache_folder() / f"label-studio-{VERSION}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not _marked(folder):
            if not _works(folder):
                _build(folder, report or _log.info)
            write_json(folder / MARKER, {"label_studio": VERSION, "python": sys.version})
    return folder / "bin"


def _marked(folder: Path) -> bool:
    """Whether the environment was finished and its interpreter has not been removed since."""
    return (folder / MARKER).exists() and (folder / "bin" / "python").exists()


def _works(folder: Path) -> bool:
    """Whether an environment without a marker holds the right Label Studio nevertheless."""
    python = folder / "bin" / "python"
    if not python.exists() or not (folder / "bin" / "label-studio").exists():
        return False
    question = "import django, label_studio; from importlib.metadata import version; print(version('label-studio'))"
    answer = subprocess.run([python, "-I", "-c", question], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == VERSION


def _build(folder: Path, report: Callable[[str], None]) -> None:
    """Make the environment where it will stay: one that is moved would not find itself again."""
    report(f"Installing Label Studio {VERSION} into {folder} (once, some minutes)")
    # Whoever was killed while installing may have left a pip that still writes there.
    processes.stop(read_json(_step(folder)))
    shutil.rmtree(folder, ignore_errors=True)
    _run(folder, [sys.executable, "-m", "venv", str(folder)], report)
    pip = [str(folder / "bin" / "python"), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
    _run(folder, [*pip, "install", "--progress-bar", "off", f"label-studio=={VERSION}"], report)
    if not _works(folder):
        raise NotInstalled(
            f"Label Studio {VERSION} was installed into {folder} but does not start",
            f"Remove it and try again: rm -r '{folder}' && lsal up",
        )


def _step(folder: Path) -> Path:
    """The file that names the process which fills `folder`; beside it, because `folder` is wiped."""
    return folder.with_name(f"{folder.name}.installing.json")


def _run(folder: Path, command: Sequence[str], report: Callable[[str], None]) -> None:
    """Run `command` to its end, reporting each line; raises NotInstalled with the last ones."""
    last: deque[str] = deque(maxlen=8)
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=settings.without_keys(),
    ) as process:
        write_json(_step(folder), processes.mark(process.pid))
        for line in process.stdout or ():
            last.append(line.rstrip())
            report(last[-1])
    if process.returncode:
        raise NotInstalled(
            f"Label Studio {VERSION} could not be installed:\n" + "\n".join(last),
            "See that pip reaches its package index and the disk has 2 GB free, then: lsal up",
        )
