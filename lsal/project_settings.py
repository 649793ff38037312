"""How the loop works in one project: the settings, and which values they can have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from lsal.errors import BadRequest
from lsal.keys import ASK, looks_like_key

SHOWN = 15
"""Characters of a refused value that are shown: enough for a typing mistake, too few for a key."""
TRACKING = ("off", "mlflow")
"""Where versions are mirrored, beside the home."""


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """How the loop works in one project; kept in the home, shown in the status."""

    strategy: str = "auto"
    rank_by: Mapping[str, float] | None = None
    batch: int = 25
    measuring_share: float = 0.1
    relabel_share: float = 0.0
    seed: int = 0
    refill_below: float = 0.2
    auto_labels: int = 0
    auto_minutes: int = 0
    keep_jobs: int = 50
    keep_versions: int = 20
    keep_publications: int = 5
    keep_replaced_minutes: int = 1440
    keep_media_mb: int = 5000
    media_hosts: str = ""
    keep_log_mb: int = 20
    engine: str = "here"
    tracking: str = "off"
    worker_threads: int = 0
    worker_nice: int = 19
    workers: int = 0
    gpus: float = 0.0
    family: Mapping[str, str] | None = None
    options: Mapping[str, Mapping[str, Any]] | None = None

    @property
    def hosts(self) -> tuple[str, ...]:
        """Machines in private networks from which tasks may have files, one by one."""
        return tuple(one for one in self.media_hosts.split(",") if one)

    @property
    def automatic(self) -> bool:
        """Whether rounds start by themselves."""
        return bool(self.auto_labels or self.auto_minutes)


def check_settings(changes: Mapping[str, Any]) -> None:
    """Raise BadRequest for a setting that does not exist, or a value that no round can run with."""
    known = [f.name for f in fields(ProjectSettings)]
    for name, value in changes.items():
        if any(map(looks_like_key, _words(name, value))):
            raise BadRequest("A key stands where a setting belongs; it was not kept", ASK)
        if name not in known:
            raise BadRequest(f"No setting is called '{name}'", f"Choose from: {', '.join(known)}")
        fits, wanted = _FITS[name]
        if not fits(value):
            raise BadRequest(f"Setting '{name}' cannot be {_shortened(value)}", f"Give {wanted}")


def _words(*values: Any) -> Iterator[str]:
    """All texts in values and in what they hold."""
    for value in values:
        if isinstance(value, Mapping):
            yield from _words(*value, *value.values())
        elif isinstance(value, list | tuple):
            yield from _words(*value)
        elif isinstance(value, str):
            yield value.strip()


def _shortened(value: Any) -> str:
    """A refused value as an error shows it: of what may be a password that looks like no key, the beginning alone."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:3]}... ({len(text)} characters)"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_hosts(value: Any) -> bool:
    return isinstance(value, str) and all(re.fullmatch(r"[\w.:\[\]/-]+", one) for one in value.split(",") if value)


def _is_by_control(value: Any, kind: Any) -> bool:
    return value is None or (isinstance(value, Mapping) and all(isinstance(each, kind) for each in value.values()))


def _is_weights(value: Any) -> bool:
    """None, or a number from 0 on for each control, not all of them 0."""
    if not _is_by_control(value, int | float) or any(isinstance(each, bool) for each in (value or {}).values()):
        return False
    return not value or (all(0 <= each < float("inf") for each in value.values()) and any(value.values()))


_FITS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "strategy": (_is_name, "the name of a strategy, such as auto"),
    "rank_by": (_is_weights, "a weight for each control that chooses: {'label': 1, 'tags': 0.5}"),
    "batch": (lambda value: _is_count(value) and value > 0, "a whole number of tasks, at least 1"),
    "measuring_share": (_is_share, "a share from 0 to 1, such as 0.1"),
    "relabel_share": (_is_share, "a share from 0 to 1, such as 0.1; 0 sends no label back"),
    "seed": (lambda value: _is_count(value) and value >= 0, "a whole number"),
    "refill_below": (_is_share, "a share from 0 to 1, such as 0.2"),
    "auto_labels": (lambda value: _is_count(value) and value >= 0, "a whole number of labels, 0 for off"),
    "auto_minutes": (lambda value: _is_count(value) and value >= 0, "a whole number of minutes, 0 for off"),
    **{
        f"keep_{what}": (lambda value: _is_count(value) and value > 0, "a whole number, at least 1")
        for what in ("jobs", "versions", "publications", "replaced_minutes", "media_mb", "log_mb")
    },
    "media_hosts": (_is_hosts, "names, addresses or networks with commas: images.local:8000,10.0.0.0/8"),
    "worker_threads": (lambda value: _is_count(value) and value >= 0, "a whole number, 0 for half the cores"),
    "worker_nice": (lambda value: _is_count(value) and 0 <= value <= 19, "0 (as everything else) to 19 (gives way)"),
    "tracking": (lambda value: value in TRACKING, f"{' or '.join(TRACKING)}; where MLflow is says MLFLOW_TRACKING_URI"),
    "engine": (_is_name, "the name of an engine, such as here, or the address of a Ray cluster: ray://HOST:10001"),
    "workers": (lambda value: _is_count(value) and value >= 0, "a whole number of processes, 0 for as many as fit"),
    "gpus": (_is_number, "how many GPUs each worker of Ray gets, from 0 on, such as 1 or 0.5"),
    "family": (lambda value: _is_by_control(value, str), "a family for each control: {'label': 'random'}"),
    "options": (lambda value: _is_by_control(value, Mapping), "options for each control: {'label': {...}}"),
}
"""For each setting, which values a round can run with, and how to say that."""
