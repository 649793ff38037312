"""A score taken apart, in words: which part each thing has in a task's being asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lsal.records import Entry, Ranking

SHARES = {"uncertainty", "doubt", "disagreement", "cluster_share", "random"}
"""Parts between 0 and 1."""
MEANS: Mapping[str, tuple[str, str]] = {
    "uncertainty": ("doubt", "how much the model doubts, by the measure of the strategy; 1 is the most"),
    "doubt": ("doubt", "how much the model doubts what it found; 1 is the most"),
    "disagreement": ("disagreement", "how far two looks at the same input differ"),
    "gain": ("gain", "how much its label would tell about the other open tasks, beside those picked before it"),
    "cluster": ("stands for", "so many doubtful tasks like it: one of them is asked for"),
    "cluster_share": ("stands for", "this share of the tasks are like it"),
    "closeness": ("closeness", "how like the other open tasks it is"),
    "distance": ("distance", "how far it is from all that is labelled or was picked before it"),
    "gradient": ("change", "how much its label would change the model, if its guess is right"),
    "boxes": ("objects", "so many were found in it"),
    "words": ("words", "its length: the doubt is a mean over them"),
    "quota": ("quota", "its place was kept for the class that the model sees in it, which has few labels"),
    "nothing_found": (
        "quota",
        "its place was kept for tasks in which the model finds nothing: what it overlooks is there",
    ),
}
"""How people read each part that a strategy names. Those of a stranger's strategy have their own name."""
MARKS = {"quota", "nothing_found"}
"""Parts that say yes or no."""
OUTSIDE = {
    "excluded": "Excluded: no ranking picks it until somebody gives it back",
    "answered": "Answered or skipped: it is not open any more",
    "measuring": "A measuring task: people get it when its turn comes in the fixed random order",
    "pinned": "Pinned: the next ranking puts it first",
    "pushed last": "Pushed last: it is picked when nothing else is left",
    "waiting": "Not in the present batch",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that has a part in it; `value` is a figure, in [0, 1] where it is a `share`, or None for a fact."""

    name: str
    says: str
    value: float | None = None
    share: bool = False


def says(role: str, entry: Entry | None, place: int | None, ranking: Ranking | None) -> str:
    """A sentence: where the task stands, and what brought it there."""
    if entry is None or ranking is None or place is None:
        return OUTSIDE[role]
    where = f"Number {place + 1} of {len(ranking.entries)} in the queue"
    brought = {
        "pinned": "a person pinned it",
        "measuring": "a measuring task, whose turn came in the fixed random order",
        "sent back": f"labelled already, and sent back: {entry.relabel}",
        "drawn": "drawn at random, so that nothing is overlooked",
        "excluded": "and excluded since: the next ranking leaves it out",
        "answered": "and answered since",
        "pushed last": "and pushed last since",
    }
    return f"{where}: {brought.get(role, f'picked by {ranking.strategy}')}"


def parts_of(
    role: str, entry: Entry | None, ranking: Ranking | None, doubt: float | None, above: float | None
) -> tuple[Part, ...]:
    """Everything that has a part in it: of what chance or a person chose, that alone, and the doubt beside it."""
    if role == "measuring":
        return (
            Part("measuring", "what a model says plays no part in it, and is not shown: that keeps figures honest"),
        )
    found = list[Part]()
    if entry is not None and entry.probability is not None:
        told = "the chance that each task of the pool had to be drawn"
        found.append(Part("random draw", told, entry.probability, share=True))
    if entry is not None and role in ("picked", "excluded", "answered"):
        found += [_part(name, value) for name, value in entry.parts.items() if _worth(name, value)]
        found += [Part("strategy", ranking.why)] if ranking and ranking.why else []
    if doubt is not None and above is not None:
        told = (
            f"1 - the gap between its two likeliest classes; larger than that of {100 * above:.0f} % of the open tasks"
        )
        found.append(Part("in the pool", told, doubt, share=True))
    return tuple(found)


def _worth(name: str, value: float) -> bool:
    return name != "random" and not (name in MARKS and not value)


def _part(name: str, value: float) -> Part:
    title, means = MEANS.get(name, (name.replace("_", " "), "as the strategy calls it"))
    return Part(title, means, None if name in MARKS else value, share=name in SHARES and 0 <= value <= 1)
