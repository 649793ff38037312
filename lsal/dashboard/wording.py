"""Figures and values as a person says them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from lsal.measuring import main_figure

_PLACE = re.compile(r"(/|[a-zA-Z][\w+.-]*://)\S+")
"""A path or a URL, and nothing else."""


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, with as many digits as mean something."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 2 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def figure(metric: str, value: float | None, interval: Sequence[float] | None = None) -> str:
    """A main figure and its interval: a share of right answers in percent, others by their name."""
    told = bare(metric, value, interval)
    return told if metric == "accuracy" or value is None else f"{metric} {told}"


def bare(metric: str, value: float | None, interval: Sequence[float] | None = None) -> str:
    """The same where the name of the figure stands above it."""
    if metric == "accuracy":
        return accuracy(value, interval)
    if value is None:
        return "not measured"
    return f"{value:.3f}" + (f" ({interval[0]:.3f} to {interval[1]:.3f})" if interval else "")


def upper(name: str) -> str:
    """A name at the beginning of a sentence; one that has capitals of its own stays as it is."""
    return name.capitalize() if name.islower() else name


def kept_figure(metrics: Mapping[str, Any]) -> str:
    """The main figure that a version was made with."""
    return figure(*main_figure(metrics), metrics.get("interval"))


def accuracy(value: float | None, interval: Sequence[float] | None = None) -> str:
    """A share and its interval, in percent."""
    if value is None:
        return "not measured"
    return f"{100 * value:.1f} %" + (f" ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})" if interval else "")


def percent(value: float | None) -> str:
    """A share in percent; nothing for none."""
    return "" if value is None else f"{100 * value:.1f} %"


def cut(text: str, most: int) -> str:
    """The text on one line, at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3] + "..."


def file_at(text: str) -> str:
    """The name of the file that a path or URL leads to; any other text as it is."""
    if not _PLACE.fullmatch(text):
        return text
    try:
        parts = urlsplit(text)
    except ValueError:  # an address that is none, such as http://[
        return text
    # Label Studio names a local file in a query: /data/local-files/?d=FOLDER/FILE
    local = parse_qs(parts.query).get("d") if parts.path.endswith("/local-files/") else None
    name = PurePosixPath(local[0] if local else unquote(parts.path)).name
    return name if local or "." in name else text


def seen(told: Iterable[str], most: int = 50) -> str:
    """What a task shows, on one line: texts, and the names of files."""
    return cut(" ".join(map(file_at, told)), most)


def said(value: Any) -> str:
    """Any value of a record in a few words: four digits, no brackets."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {said(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(said(one) for one in value)
    return str(value)
