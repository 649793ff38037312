"""What was found out about a project's Label Studio: server.json in the home, for the status and for people.

version, differs, key    its version, what is different about it, the kind of the key (when attaching)
imports                  by route ("bulk", "single"): rows, tasks of the project, seconds of the last import
recounts                 whether each import of predictions recounts all tasks (when publishing)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsal.files import read_json, write_json


def note(path: Path, **facts: Any) -> None:
    """Keep some facts beside those that are there."""
    write_json(path, {**read(path), **facts})


def read(path: Path) -> dict[str, Any]:
    """All that was noted."""
    return dict(read_json(path, {}))
