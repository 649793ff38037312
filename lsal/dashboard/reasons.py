"""Why a task is asked for, as a sheet."""

from __future__ import annotations

from lsal.dashboard.tables import Row, Sheet
from lsal.dashboard.wording import percent, said, seen
from lsal.phrases import counted
from lsal.workbench.neighbours import Neighbour
from lsal.workbench.why import Why
from lsal.workbench.why_words import Part


def why_sheet(shown: Why) -> Sheet:
    """What brought it there as facts; below it the chances of classes, and the labelled tasks most like it."""
    facts = [("what", seen(shown.shown)), *((part.name, _value(part)) for part in shown.parts)]
    facts += [("guess", shown.guess)] if shown.guess and not shown.chances else []
    facts += [("like it", group_words(shown))] if shown.group else []
    facts += [("in Label Studio", shown.url)] if shown.url else []
    below = tuple(sheet for sheet in (_chances(shown), _neighbours(shown)) if sheet.rows)
    return Sheet(f"Task {shown.task_id}. {shown.says}", tuple(facts), notes=shown.notes, below=below)


def group_words(shown: Why) -> str:
    """How large the group of like tasks is, and what it is guessed to be."""
    if shown.group is None:
        return ""
    group = shown.group
    guessed = ", ".join(f"{one.label} {percent(one.chance)}" for one in group.classes)
    return f"{group.size:,} of {counted(group.of, 'open task')}" + (f", guessed to be {guessed}" if guessed else "")


def said_by(one: Neighbour) -> str:
    """Who labelled it; what each said where they differ."""
    if len({label for _, label in one.said}) < 2:
        return ", ".join(name for name, _ in one.said)
    return ", ".join(f"{name}: {label}" for name, label in one.said)


def others_words(shown: Why) -> str:
    """`4 others` that share the rest of the chances."""
    return counted(shown.others, "other class", "other classes")


def figure_of(part: Part) -> str:
    """Its figure: a share in percent; nothing for a fact."""
    return "" if part.value is None else percent(part.value) if part.share else said(part.value)


def _value(part: Part) -> str:
    return f"{figure_of(part)}: {part.says}" if part.value is not None else part.says


def _chances(shown: Why) -> Sheet:
    rows: list[Row] = [(one.label, percent(one.chance)) for one in shown.chances]
    rows += [(others_words(shown), percent(shown.rest))] if shown.others else []
    return Sheet(f"What version {shown.version} says", columns=("class", "chance"), rows=tuple(rows))


def _neighbours(shown: Why) -> Sheet:
    rows = tuple(
        (str(one.task_id), seen(one.shown), one.label, said_by(one), f"{one.similarity:.2f}")
        for one in shown.neighbours
    )
    columns = ("task", "what", "label", "labelled by", "similarity")
    return Sheet("Labelled tasks most like it", columns=columns, rows=rows)
