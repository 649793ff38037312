"""Engines by what a person writes: a name, or the address of a Ray cluster."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Executor
from importlib.util import find_spec
from typing import Any

from lsal.errors import BadRequest
from lsal.registry import Registry

RAY = "ray"
ENGINES = Registry(
    "engine",
    {"here": "lsal.engine.here:Here", "processes": "lsal.engine.spawned:processes", RAY: "lsal.engine.distant:Ray"},
)
_ADDRESS = re.compile(r"(ray://)?[^\s/:]+:\d{1,5}")


def is_address(name: str) -> bool:
    """Whether an engine is a Ray cluster: `ray://HOST:PORT` from anywhere, `HOST:PORT` from one of its nodes."""
    return bool(_ADDRESS.fullmatch(name))


def is_ray(name: str) -> bool:
    """Whether an engine is Ray, here or elsewhere."""
    return name == RAY or is_address(name)


def need(name: str) -> None:
    """Raise BadRequest, listing the names there are, for an engine that cannot be; no cluster is asked."""
    if not is_address(name):
        if ":" in name:
            what = f"'{name}' is no address of a Ray cluster"
            raise BadRequest(what, "Give one such as ray://HOST:10001, or a name: " + ", ".join(ENGINES))
        ENGINES.require(name)
    if is_ray(name) and find_spec("ray") is None:
        raise BadRequest(f"The engine '{name}' needs ray", "Install it: pip install 'lsal[ray]'")


def opened(name: str, workers: int = 0, gpus: float = 0.0, meanwhile: Callable[[], None] | None = None) -> Executor:
    """The engine of a name or an address, running.

    `workers` is how many processes it has, 0 for as many as there is room for. Ray gives each the `gpus` that
    it is to have, and calls `meanwhile` while results are waited for: what that raises stops the work.
    """
    need(name)
    if is_ray(name):
        made: Callable[..., Any] = ENGINES[RAY]
        return made("" if name == RAY else name, workers, gpus, meanwhile)  # type: ignore[no-any-return]
    if name == "processes":
        return ENGINES[name](workers)  # type: ignore[no-any-return]
    return ENGINES[name]()  # type: ignore[no-any-return]
