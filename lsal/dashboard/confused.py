"""The confusion matrix as it is shown: some classes, the rest together, and the tasks behind a cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lsal.dashboard.wording import seen
from lsal.phrases import counted
from lsal.workbench.confused import Confused, Confusion

MOST = 14
"""Classes with a row of their own: those with the most mistakes; the others share one."""
LISTED = 40
LETTERS = 140
OTHERS, NOTHING = "others", "nothing"
"""Keys of rows and columns that are no class; those of classes begin with a colon."""


def key_of(label: str, shown: Sequence[str]) -> str:
    """The row, or column, that a class belongs to; "" is what was missed or invented."""
    return NOTHING if not label else f":{label}" if label in shown else OTHERS


def shown_labels(found: Confusion) -> tuple[str, ...]:
    """The classes that get a row each, in the order of the label config."""
    if len(found.labels) <= MOST:
        return found.labels
    wrong, given = Counter[str](), Counter[str]()
    for cell in found.cells:
        given[cell.truth] += cell.count
        for label in {cell.truth, cell.guess} if cell.truth != cell.guess else ():
            wrong[label] += cell.count
    chosen = set(sorted(found.labels, key=lambda label: (-wrong[label], -given[label]))[:MOST])
    return tuple(label for label in found.labels if label in chosen)


def matrix_of(found: Confusion) -> dict[str, Any]:
    """What the matrix shows, as traits of its widget."""
    shown = shown_labels(found)
    counts = Counter[tuple[str, str]]()
    for cell in found.cells:
        counts[key_of(cell.truth, shown), key_of(cell.guess, shown)] += cell.count
    classes = [{"key": f":{label}", "name": label} for label in shown]
    left = len(found.labels) - len(shown)
    classes += [{"key": OTHERS, "name": counted(left, "other class", "other classes")}] if left else []
    missed, invented = (any(pair[which] == NOTHING for pair in counts) for which in (1, 0))
    plain = found.unit == "task"
    rows = [*classes, *([{"key": NOTHING, "name": "no answer" if plain else "invented"}] if invented else [])]
    columns = [*classes, *([{"key": NOTHING, "name": "no answer" if plain else "missed"}] if missed else [])]
    return {
        "rows": rows,
        "columns": columns,
        "counts": [[counts[row["key"], column["key"]] for column in columns] for row in rows],
        "version": found.version,
        "unit": found.unit,
        "note": _note(found, left),
        "empty": f"No confusion matrix: {found.why_not}." if found.why_not else "",
    }


def cell_of(found: Confusion, cell: Sequence[str]) -> list[Confused]:
    """What is in a cell that the person chose, by its two keys."""
    shown = shown_labels(found)
    return [one for one in found.cells if [key_of(one.truth, shown), key_of(one.guess, shown)] == list(cell)]


def classes_of(cell: Sequence[str]) -> tuple[str, str] | None:
    """The two classes of a cell; None where one of them is no single class."""
    if len(cell) != 2 or not all(key.startswith(":") for key in cell):
        return None
    return cell[0][1:], cell[1][1:]


def tasks_of(
    found: Confusion, cell: Sequence[str], told: Callable[[Sequence[int]], Mapping[int, Sequence[str]]]
) -> dict[str, Any]:
    """The tasks behind a cell, with what people see of each; empty for a cell that has none."""
    inside = cell_of(found, cell)
    ids = list(dict.fromkeys(number for one in inside for number in one.task_ids))
    if not ids:
        return {}
    words = told(ids[:LISTED])
    rows = [
        {
            "id": number,
            "url": f"{found.page}{number}" if found.page else "",
            "text": seen(words.get(number, ()), LETTERS),
        }
        for number in ids[:LISTED]
    ]
    return {"says": _says(found, inside, len(ids)), "tasks": rows, "more": len(ids) - len(rows)}


def _says(found: Confusion, inside: Sequence[Confused], tasks: int) -> str:
    """`34 measuring tasks: people said ham, version 5 spam`."""
    truths, guesses = (sorted({getattr(one, name) for one in inside}) for name in ("truth", "guess"))
    what = counted(tasks, "measuring task")
    if found.unit != "task":
        what = f"{counted(sum(one.count for one in inside), found.unit)} in {what}"
    true, guess = ("several classes" if len(names) > 1 else names[0] for names in (truths, guesses))
    if found.unit != "task" and not true:
        return f"{what}: version {found.version} said {guess} where people marked nothing"
    if not guess:
        return f"{what}: people said {true}, version {found.version} nothing"
    return f"{what}: people said {true or 'nothing'}, version {found.version} {'too' if true == guess else guess}"


def _note(found: Confusion, left: int) -> str:
    told = f"Measured on {found.measured_on}. Rows are what people said, columns what version {found.version} said."
    if found.unit == "region":
        told += " Regions that overlap by a half or more are compared, whatever their classes."
    if found.unit == "span":
        told += " Spans that overlap are compared."
    return told + (f" The {MOST} classes with the most mistakes have a row each." if left else "")
