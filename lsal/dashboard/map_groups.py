"""Legends of the map: each task's group by what it is coloured by, and the groups with names, colours and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lsal.workbench.mapping import GONE, LABELLED, Mapped

if TYPE_CHECKING:
    from lsal.records import Ints

PREDICTION, LABEL, UNCERTAINTY, CLUSTER = "prediction", "label", "uncertainty", "cluster"
WAYS = (PREDICTION, LABEL, UNCERTAINTY, CLUSTER)
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
"""Safe for colour-blind people (Okabe & Ito 2008); the eighth colour is the text's, black or white."""
EIGHTH, OTHER, NONE = (
    {False: "#222222", True: "#f2f2f2"},
    {False: "#8a8a8a", True: "#9a9a9a"},
    {False: "#d0d0d0", True: "#585858"},
)
"""On a light and on a dark ground: the eighth class, all further ones, and tasks of none."""
MOST = len(OKABE_ITO) + 1
VIRIDIS = ("#fde725", "#a0da39", "#4ac16d", "#1fa187", "#277f8e", "#365c8d", "#46327e", "#440154")
"""From bright to dark. What is most uncertain stands out most: the dark end on a light ground, else the bright one."""
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Group:
    """One line of a legend: how many tasks it has, and how many of them are labelled."""

    name: str
    colour: str
    tasks: int
    labelled: int


@dataclass(frozen=True, slots=True)
class Legend:
    """`codes` (n,) index `groups`; -1 for tasks that the project no longer has."""

    title: str
    groups: tuple[Group, ...]
    codes: Ints


def legend_of(seen: Mapped, by: str, dark: bool = False) -> Legend:
    """The groups by prediction, label, uncertainty or cluster."""
    title, codes, names, colours = _WAYS[by](seen, dark)
    codes = np.where(seen.standing == GONE, -1, codes)
    there = [code for code in range(len(names)) if (codes == code).any()]
    moved = np.full(len(names) + 1, -1)
    moved[there] = np.arange(len(there))
    codes = moved[codes]
    done = seen.standing == LABELLED
    groups = (
        Group(names[code], colours[code], int((codes == at).sum()), int((done & (codes == at)).sum()))
        for at, code in enumerate(there)
    )
    return Legend(title, tuple(groups), codes)


_Found = tuple[str, "Ints", list[str], list[str]]


def _by_prediction(seen: Mapped, dark: bool) -> _Found:
    """By the label where there is one: of what people have said nobody asks a model."""
    values = np.where(seen.label >= 0, seen.label, np.where(seen.standing == LABELLED, -1, seen.guess))
    none = "no single class" if seen.version is not None else "no guess before the first version"
    return "Guess, or label where ringed", *_grouped(values, _classes(seen), _name_of(seen), none, dark)


def _by_label(seen: Mapped, dark: bool) -> _Found:
    none = "not labelled at the last ranking"
    return "Label", *_grouped(seen.label, _classes(seen), _name_of(seen), none, dark)


def _by_cluster(seen: Mapped, dark: bool) -> _Found:
    shown = _commonest(seen.cluster)
    return "Group of like tasks", *_grouped(seen.cluster, shown, lambda one: f"group {one + 1}", "in no group", dark)


def _by_uncertainty(seen: Mapped, dark: bool) -> _Found:
    """By eighths of the doubt, the highest first."""
    steps = len(VIRIDIS)
    known = np.isfinite(seen.doubt) & (seen.standing != LABELLED)
    eighth = np.clip(np.nan_to_num(seen.doubt) * steps, 0, steps - 1).astype(np.int64)
    names = [f"{at / steps:.2f} to {(at + 1) / steps:.2f}" for at in reversed(range(steps))]
    none = "labelled, or no version was asked"
    codes = np.where(known, steps - 1 - eighth, steps)
    return "Uncertainty: 1 - margin", codes, [*names, none], [*(VIRIDIS if dark else VIRIDIS[::-1]), NONE[dark]]


_WAYS: dict[str, Callable[[Mapped, bool], _Found]] = {
    PREDICTION: _by_prediction,
    LABEL: _by_label,
    UNCERTAINTY: _by_uncertainty,
    CLUSTER: _by_cluster,
}


def _classes(seen: Mapped) -> Ints:
    """The same ones, in the same order, whether the map shows guesses or labels: a class keeps its colour."""
    return np.sort(_commonest(np.concatenate([seen.guess, seen.label])))


def _commonest(values: Ints) -> Ints:
    """At most MOST that occur, the commonest first."""
    counts = np.bincount(values[values >= 0])
    order = np.argsort(-counts, kind="stable")[:MOST]
    return order[counts[order] > 0]


def _grouped(
    values: Ints, shown: Ints, name: Callable[[int], str], none: str, dark: bool
) -> tuple[Ints, list[str], list[str]]:
    """A group for each value that is `shown`, one for all others, and one for those below 0."""
    codes = np.where(values >= 0, MOST, MOST + 1)
    for code, value in enumerate(shown):
        codes[values == value] = code
    others = len(np.unique(values[codes == MOST]))
    names = [name(int(value)) for value in shown] + [""] * (MOST - len(shown))
    return codes, [*names, f"{others} others", none], [*OKABE_ITO, EIGHTH[dark], OTHER[dark], NONE[dark]]


def _name_of(seen: Mapped) -> Callable[[int], str]:
    return lambda value: seen.classes[value][:LONGEST] if value < len(seen.classes) else "a class of before"


def table_of(seen: Mapped) -> list[dict[str, object]]:
    """The groups of like tasks in words: open and labelled tasks, the commonest guess and its share, the mean doubt."""
    there, told = seen.standing != GONE, list[dict[str, object]]()
    for cluster in np.unique(seen.cluster[there]):
        mine = there & (seen.cluster == cluster)
        guesses = seen.guess[mine & (seen.guess >= 0)]
        doubts = seen.doubt[mine & np.isfinite(seen.doubt)]
        told.append(
            {
                "key": int(cluster),
                "name": f"group {cluster + 1}" if cluster >= 0 else "in no group",
                "open": int((mine & (seen.standing != LABELLED)).sum()),
                "labelled": int((mine & (seen.standing == LABELLED)).sum()),
                "guess": _commonest_guess(seen, guesses),
                "doubt": float(doubts.mean()) if len(doubts) else None,
            }
        )
    return sorted(told, key=lambda row: row["key"] == -1)


def _commonest_guess(seen: Mapped, guesses: Ints) -> str:
    if not len(guesses):
        return ""
    counts = np.bincount(guesses)
    best = int(counts.argmax())
    return f"{_name_of(seen)(best)}, {counts[best] / len(guesses):.0%}"
