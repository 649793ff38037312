"""What MLflow is told of a version: its figures and how it came about, and nothing of the tasks or people."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lsal.files import to_json
from lsal.records import Version

LONGEST = 500
"""Characters of a value; MLflow takes more, people do not."""
FIGURES = 500
"""Figures of a version, so that they go in one batch; classes may be very many."""
COUNTS = ("count", "digest", "by_label", "measuring", "pool", "regions", "tokens")
"""What is told of the examples: no ids of tasks, nor what was wrong with one."""
KNOWN = ("number", "control", "family", "labels", "shape", "metrics", "made_at", "seconds", "files", "parent", "job")
VERDICT = ("promoted", "reason", "calibration")
IDENTITY = "lsal.identity"


@dataclass(frozen=True, slots=True)
class Facts:
    """One version for MLflow. `params` say what it was made of, `metrics` how good it is, `tags` the rest."""

    name: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    whole: Mapping[str, Any]


def facts_of(version: Version, project: str, strategy: str = "") -> Facts:
    """The facts of a version; `strategy` is the one by which its round picked the next tasks, where that is known."""
    examples = {name: version.examples[name] for name in COUNTS if name in version.examples}
    whole = {name: getattr(version, name) for name in (*KNOWN, *VERDICT)} | {"examples": examples}
    params = {
        "family": version.family,
        "control": version.control,
        "labels": ", ".join(version.labels),
        "number of labels": str(len(version.labels)),
        "labelled tasks": str(examples.get("count", "")),
        "measuring tasks": str(examples.get("measuring", "")),
        "snapshot": str(examples.get("digest", "")),
        "begun from": str(version.parent or ""),
    }
    tags = {
        IDENTITY: identity(version, project),
        "lsal.project": project,
        "lsal.version": str(version.number),
        "lsal.control": version.control,
        "lsal.job": version.job,
        "lsal.gate": "promoted" if version.promoted else "held",
        "lsal.verdict": version.reason,
        "lsal.strategy": strategy,
    }
    metrics = dict(_figures(version, examples))
    return Facts(f"{version.control} v{version.number}", _told(params), metrics, _told(tags), whole)


def identity(version: Version, project: str) -> str:
    """By what a version is found again: the same for one version, whoever mirrors it and when."""
    parts = [project, version.control, version.number, version.made_at, dict(version.files)]
    return hashlib.sha256(to_json(parts)).hexdigest()[:32]


def _told(values: Mapping[str, str]) -> dict[str, str]:
    """Those that say something, cut where they are very long."""
    return {n: v if len(v) <= LONGEST else f"{v[: LONGEST - 4]} ..." for n, v in values.items() if v}


def _figures(version: Version, examples: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The figures by names that MLflow takes. Of two that come to one name the first stays: the file has all."""
    interval = version.metrics.get("interval")
    ends = dict(zip(("low", "high"), interval, strict=True)) if isinstance(interval, list | tuple) else {}
    parts = {"labels": examples.get("count"), **version.metrics, "interval": ends}
    parts |= {"calibration": version.calibration, "seconds": version.seconds}
    found: dict[str, float] = {}
    for name, value in _leaves(parts):
        found.setdefault(name, value)
    yield from list(found.items())[:FIGURES]


def _leaves(parts: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, float]]:
    for name, value in parts.items():
        path = within + (re.sub(r"[^\w\- ]", "_", str(name)).strip() or "_")
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}/")
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            yield path[:250], float(value)
