"""Records as a person reads them: HTML in a notebook, aligned text in a terminal.

The records themselves stay plain; `register` tells IPython how they look. Titles, labels and
texts come from servers and tasks, so everything is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import Any

from lsal.annotator import Labelled
from lsal.dashboard.sheets import sheet
from lsal.dashboard.tables import Row
from lsal.housekeeping import Cleaned
from lsal.jobs import Job, State
from lsal.label_studio.queue import Verification
from lsal.label_studio.server import Server
from lsal.label_studio.sync import Synced
from lsal.rehearsal import Rehearsal
from lsal.workbench.automatic import Automatic
from lsal.workbench.comparing import Compared
from lsal.workbench.demo import Demo
from lsal.workbench.doctor import Diagnosis
from lsal.workbench.status import Status
from lsal.workbench.told import NoneYet, Told

RECORDS: tuple[type, ...] = (
    *(Status, Automatic, State, Job, Verification, Labelled, Synced, Server, Rehearsal, Demo, Compared),
    *(Diagnosis, Cleaned, Told, NoneYet),
)
WARNING = "border-left:3px solid var(--jp-warn-color1,#f57c00);padding:1px 10px;margin:6px 0"


def to_html(shown: object) -> str | None:
    """HTML of a record or a list of records; None if lsal has nothing better than the object's own."""
    found = sheet(shown)
    if found is None:
        return None
    body = "".join(_html_row("td", row) for row in found.facts)
    rows = _html_row("th", found.columns) + "".join(_html_row("td", row) for row in found.rows)
    tables = [f"<table>{part}</table>" for part, wanted in ((body, found.facts), (rows, found.columns)) if wanted]
    notes = [f'<div style="{WARNING}">{escape(text)}</div>' for text in found.notes]
    return f"<div><strong>{escape(found.title)}</strong>{''.join((*tables, *notes))}</div>"


def to_text(shown: object) -> str:
    """Plain text, aligned, of anything that a command returns."""
    found = sheet(shown)
    if found is None and shown == []:
        return "Nothing yet. Where things stand: lsal status"
    if found is None:
        return "" if shown is None else _printable(str(shown))
    parts = [found.title, _aligned(found.facts), _aligned((found.columns, *found.rows)), "\n".join(found.notes)]
    return _printable("\n\n".join(part for part in parts if part))


def register(ipython: Any) -> None:
    """Tell a running IPython how records look, and how a figure does that no pyplot knows."""
    formatters = ipython.display_formatter.formatters
    for record in RECORDS:
        formatters["text/html"].for_type(record, to_html)
        formatters["text/plain"].for_type(record, _print)
    formatters["text/html"].for_type(list, to_html)  # None, and so nothing new, for lists of anything else
    formatters["image/png"].for_type_by_name("matplotlib.figure", "Figure", _png)


def _html_row(tag: str, cells: Row) -> str:
    style = "text-align:left;white-space:pre-wrap"
    return "<tr>" + "".join(f'<{tag} style="{style}">{escape(cell)}</{tag}>' for cell in cells) + "</tr>"


def _aligned(rows: Sequence[Row]) -> str:
    """Rows as columns; the first row may be the head of a table."""
    if not rows or not rows[0]:
        return ""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _printable(text: str) -> str:
    """Without control characters: a task's text could move the terminal's cursor."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _print(shown: object, printer: Any, cycle: bool) -> None:
    printer.text(to_text(shown))


def _png(figure: Any) -> bytes:
    written = BytesIO()
    figure.savefig(written, format="png", dpi=110, bbox_inches="tight")
    return written.getvalue()
