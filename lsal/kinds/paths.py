"""Paths of a taxonomy as labels: `animal / cat` for what Label Studio writes as ["animal", "cat"]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lsal.errors import BadData
from lsal.records import PATH, Control


def written_paths(control: Control, paths: Any) -> list[str]:
    """The labels of the chosen paths; raises BadData for what is no list of paths."""
    if not isinstance(paths, list) or not all(_is_path(path) for path in paths):
        raise BadData(f"An annotation for '{control.name}' has no list of paths: {paths!r:.80}", "Label the task again")
    return [PATH.join(path) for path in paths]


def paths_of(labels: Sequence[str]) -> list[list[str]]:
    """Labels as Label Studio writes them."""
    return [label.split(PATH) for label in labels]


def _is_path(path: Any) -> bool:
    return isinstance(path, list) and bool(path) and all(isinstance(step, str) for step in path)
