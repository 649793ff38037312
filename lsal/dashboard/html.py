"""Records as a person reads them: HTML in a notebook, aligned text in a terminal.

The records themselves stay plain; `register` tells IPython how they look. Titles, labels and
texts come from servers and tasks, so everything is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO
from typing import Any

from lsal.annotator import Labelled
from lsal.dashboard.pictures import SIDE, paint
from lsal.dashboard.sheets import sheet
from lsal.dashboard.tables import Row, Sheet
from lsal.housekeeping import Cleaned
from lsal.jobs import Job, State
from lsal.label_studio.queue import Verification
from lsal.label_studio.server import Server
from lsal.label_studio.sync import Synced
from lsal.phrases import printable
from lsal.records import Example, Prediction, Regions
from lsal.rehearsal import Rehearsal
from lsal.workbench.automatic import Automatic
from lsal.workbench.comparing import Compared
from lsal.workbench.demo import Demo
from lsal.workbench.doctor import Diagnosis
from lsal.workbench.status import Status
from lsal.workbench.told import NoneYet, Told

RECORDS: tuple[type, ...] = (
    *(Status, Automatic, State, Job, Verification, Labelled, Synced, Server, Rehearsal, Demo, Compared),
    *(Diagnosis, Cleaned, Told, NoneYet, Example, Prediction, Regions),
)
WARNING = "border-left:3px solid var(--jp-warn-color1,#f57c00);padding:1px 10px;margin:6px 0"


def to_html(shown: object) -> str | None:
    """HTML of a record or a list of records; None if lsal has nothing better than the object's own."""
    found = sheet(shown)
    if found is None:
        return None
    return _html(found) + (_curves(shown) if isinstance(shown, Rehearsal) and shown.summary else "")


def _curves(shown: Rehearsal) -> str:
    """The curves below the table of a rehearsal."""
    from base64 import b64encode

    from lsal.workbench.replayed import replayed_curves

    written = b64encode(_png(replayed_curves(shown))).decode()
    return f'<img src="data:image/png;base64,{written}" alt="learning curves" style="max-width:640px">'


def _html(found: Sheet) -> str:
    body = "".join(_html_row("td", row) for row in found.facts)
    tables = [
        f"<table>{part}</table>" for part, wanted in ((body, found.facts), (_rows(found), found.columns)) if wanted
    ]
    notes = [f'<div style="{WARNING}">{escape(text)}</div>' for text in found.notes]
    below = [_html(one) for one in found.below]
    parts = "".join((*tables, _legend(found.legend), *notes, *below))
    return f"<div><strong>{escape(found.title)}</strong>{parts}</div>"


def _rows(found: Sheet) -> str:
    """The table with its head; pictures are made only now that somebody sees them."""
    images = {at: _image(address, found.pictures[at].told) for at, address in paint(found.pictures).items()}
    rows = [_html_row("th", found.columns)]
    for line, row in enumerate(found.rows):
        rows.append(_html_row("td", row, {column: one for (at, column), one in images.items() if at == line}))
    return "".join(rows)


def to_text(shown: object) -> str:
    """Plain text, aligned, of anything that a command returns."""
    found = sheet(shown)
    if found is None and shown == []:
        return "Nothing yet. Where things stand: lsal status"
    if found is None:
        return "" if shown is None else printable(str(shown))
    return printable(_text(found))


def register(ipython: Any) -> None:
    """Tell a running IPython how records look, and how a figure does that no pyplot knows."""
    formatters = ipython.display_formatter.formatters
    for record in RECORDS:
        formatters["text/html"].for_type(record, to_html)
        formatters["text/plain"].for_type(record, _print)
    formatters["text/html"].for_type(list, to_html)  # None, and so nothing new, for lists of anything else
    formatters["image/png"].for_type_by_name("matplotlib.figure", "Figure", _png)


def _text(found: Sheet) -> str:
    table, below = _aligned((found.columns, *found.rows)), (_text(one) for one in found.below)
    parts = [found.title, _aligned(found.facts), table, "\n".join(found.notes), *below]
    return "\n\n".join(part for part in parts if part)


def _html_row(tag: str, cells: Row, images: Mapping[int, str] | None = None) -> str:
    """A row; `images` stand above the text of a cell, by its place."""
    style, before = "text-align:left;white-space:pre-wrap;vertical-align:top", images or {}
    told = (f'<{tag} style="{style}">{before.get(n, "")}{escape(cell)}</{tag}>' for n, cell in enumerate(cells))
    return f"<tr>{''.join(told)}</tr>"


def _image(address: str, told: str) -> str:
    """An image that we drew, at half its size; what it shows is told where the mouse rests."""
    style = f"display:block;max-width:{SIDE // 2}px;max-height:{SIDE // 2}px;margin:0 0 4px;border-radius:3px"
    return f'<img src="{escape(address)}" title="{escape(told)}" alt="{escape(told)}" style="{style}">'


def _legend(colours: Mapping[str, str]) -> str:
    marks = (f'<span style="color:{colour}">\N{BLACK SQUARE}</span> {escape(name)}' for name, colour in colours.items())
    return f'<div style="margin:4px 0">{" &nbsp; ".join(marks)}</div>' if colours else ""


def _aligned(rows: Sequence[Row]) -> str:
    """Rows as columns; the first row may be the head of a table."""
    if not rows or not rows[0]:
        return ""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _print(shown: object, printer: Any, cycle: bool) -> None:
    printer.text(to_text(shown))


def _png(figure: Any) -> bytes:
    written = BytesIO()
    figure.savefig(written, format="png", dpi=110, bbox_inches="tight")
    return written.getvalue()
