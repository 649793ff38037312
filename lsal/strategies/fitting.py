"""Which strategies have an opinion of their own about what a project's controls ask for, each in a sentence."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lsal.strategies import STRATEGIES

OBJECTS, TOKENS, CLASSES = "objects", "tokens", "classes"
MADE_FOR = {"object_doubt": OBJECTS, "mean_confidence": OBJECTS, "token_margin": TOKENS}
"""Strategies for one sort of answers: of others they make what another strategy does."""
CAN = {
    "looks_twice": {"yolo", "transformers_image"},
    "asks_members": {"sklearn_text", "embedded_text", "image_features"},
}
"""lsal's families that can be asked what a strategy asks; written down, as loading one to look takes seconds."""


def fitting(sorts: Collection[str], families: Collection[str], own: Collection[str]) -> dict[str, str]:
    """The names that fit such answers and families, each with what it does, in a sentence.

    Of families that are not among lsal's `own` nobody knows what they can: nothing is left out for them.
    """
    return {
        name: sentence(strategy)
        for name, strategy in STRATEGIES.loaded()
        if (name not in MADE_FOR or MADE_FOR[name] in sorts) and _can_ask(strategy, families, own)
    }


def sentence(strategy: Any) -> str:
    """What a strategy does, by the first sentence that it says of itself."""
    said = getattr(strategy, "why", "") or getattr(strategy, "__doc__", "") or ""
    first = " ".join(str(said).split()).partition(". ")[0].rstrip(".").replace("`", "")
    return f"{first[:1].upper()}{first[1:]}." if first else ""


def _can_ask(strategy: Any, families: Collection[str], own: Collection[str]) -> bool:
    wanted = [able for asks, able in CAN.items() if getattr(strategy, asks, False)]
    return all(any(name in able or name not in own for name in families) for able in wanted)
