"""One set of versions beside another: the sheet of a comparison."""

from __future__ import annotations

from pathlib import Path

from lsal.dashboard.colours import colours_of, worth_showing
from lsal.dashboard.pictures import Picture
from lsal.dashboard.tables import Row, Sheet
from lsal.dashboard.trusted import trusted
from lsal.dashboard.wording import figure, said, seen
from lsal.phrases import counted
from lsal.records import Regions
from lsal.targets import from_plain
from lsal.workbench.comparing import Changed, Compared, Figures
from lsal.workbench.shown import in_words

SPELT = {"macro_f1": "macro-F1"}
SHOWN = 25
"""Changed answers in the table; the record has all."""
PICTURED = 12
"""Those of them that pictures stand beside."""
SIDES = {"people": 2, "first": 3, "second": 4}
"""Columns of who drew regions."""


def compared_sheet(shown: Compared) -> Sheet:
    """The figures as facts, and the answers that changed as the table."""
    one, two = shown.first, shown.second
    facts = (
        ("measured on", shown.measured_on),
        (f"version {two.version} against {one.version}", shown.comparison),
        *((_name(side), _overall(side)) for side in (one, two)),
        *((f"confidence of {side.version}", trusted(side.confidence)) for side in (one, two) if side.confidence),
        *((f"class {label}", _class(shown, label)) for label in {**one.classes, **two.classes}),
    )
    columns = ("task", "what", "people said", f"version {one.version}", f"version {two.version}", "outcome", "where")
    rows = tuple(_row(changed) for changed in shown.changed[:SHOWN])
    more = len(shown.changed) - len(rows)
    notes = (*shown.notes, *([f"{more} more answers changed; all of them: --json"] if more else []))
    title = f"Versions {one.version} and {two.version} of {shown.control}"
    pictures = _pictures(shown)
    legend = colours_of(shown.labels) if pictures else {}
    return Sheet(title, facts, columns if rows else (), rows, notes, pictures, legend)


def _name(side: Figures) -> str:
    return f"version {side.version}{', live' if side.live else ''}"


def _overall(side: Figures) -> str:
    more = "".join(f", {SPELT.get(name, name)} {said(one)}" for name, one in side.more.items() if one is not None)
    return figure(side.metric, side.value, side.interval) + more


def _class(shown: Compared, label: str) -> str:
    sides = [side.classes.get(label) for side in (shown.first, shown.second)]
    known = next(one for one in sides if one)
    name = "F1" if "F1" in known.figures else next(iter(known.figures))
    figures = [one.figures.get(name) if one else None for one in sides]
    first, second = ("-" if one is None else f"{one:.3f}" for one in figures)
    return f"{name} {first} and {second}, given {counted(known.tasks, 'time')}"


def _pictures(shown: Compared) -> dict[tuple[int, int], Picture]:
    """What people drew and what each version saw, beside each other."""
    colours, found = colours_of(shown.labels), dict[tuple[int, int], Picture]()
    for place, changed in enumerate(shown.changed[:PICTURED]):
        for who, told in changed.drawn.items() if changed.image else ():
            target = from_plain(told)
            regions = worth_showing(target.items) if isinstance(target, Regions) else ()
            found[place, SIDES[who]] = Picture(Path(changed.image), regions, colours)
    return found


def _row(changed: Changed) -> Row:
    what = seen(changed.shown or in_words(changed.data))
    told = (changed.truth, changed.first, changed.second)
    return (str(changed.task_id), what, *told, changed.outcome or "both wrong", changed.url)
