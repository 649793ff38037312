"""The contract classes of lsal.testing over every name of a registry: a new name is picked up by itself."""

from collections.abc import Collection
from typing import Any

from lsal.registry import Registry


def over(registry: Registry, contract: type, only: Collection[str] | None = None, **more: Any) -> dict[str, type]:
    """A test class for each name, or for `only` some; `more` are further attributes, functions asked by name."""
    made = {}
    for name in registry if only is None else only:
        own = {key: value(name) if callable(value) else value for key, value in more.items()}
        made[f"Test_{name}"] = type(f"Test_{name}", (contract,), {registry.group: registry[name], **own})
    return made
