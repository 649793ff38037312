"""The contract classes of lsal.testing over every name of a registry: a new name is picked up by itself."""

from typing import Any

from lsal.registry import Registry


def over(registry: Registry, contract: type, **more: Any) -> dict[str, type]:
    """A test class for each name; `more` are further attributes, those that are functions asked by name."""
    made = {}
    for name in registry:
        own = {key: value(name) if callable(value) else value for key, value in more.items()}
        made[f"Test_{name}"] = type(f"Test_{name}", (contract,), {registry.group: registry[name], **own})
    return made
