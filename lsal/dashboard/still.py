"""The still picture of a dashboard: what the cell's saved output shows where no kernel runs.

Beside the live widget stands a second output of plain HTML. The widget hides it for as long as it is
alive, and it is renewed when there is something new, so that a notebook that is saved and opened
elsewhere shows the last state.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Hashable
from html import escape
from io import BytesIO
from typing import Any

from lsal.dashboard.html import to_html
from lsal.dashboard.look import Look, empty_curve, empty_queue
from lsal.dashboard.parts import facts
from lsal.workbench import Workbench

ROWS = 10
"""Of the queue."""


class Still:
    """The second output of one dashboard, known by a name that stands in its class."""

    def __init__(self, name: str) -> None:
        self.name = f"lsal-still-{name}"
        self._handle: Any = None
        self._shown: Hashable = None

    @property
    def hiding(self) -> str:
        """The style by which a live dashboard hides it."""
        return f".{self.name}{{display:none}}"

    def display(self) -> None:
        """Make room for it below the widget; a dashboard that is displayed twice has it in both places."""
        from IPython.display import display

        self._handle, self._shown = (
            display(_bundle(f'<div class="{self.name}"></div>'), raw=True, display_id=self.name),
            None,
        )

    def renew(self, html: str) -> None:
        """Show it wherever there is room for it."""
        if self._handle is not None:
            self._handle.update(_bundle(html), raw=True)

    def stale(self, seen: Look) -> bool:
        """Whether what it shows has changed since this was last asked; counters alone are not worth a new picture."""
        key = (tuple(point.version for point in seen.points), seen.status and tuple(seen.status.live.items()))
        told = (*key, seen.status and seen.status.queue.get("name"), str(seen.error))
        changed, self._shown = told != self._shown, told
        return changed and self._handle is not None


def _bundle(html: str) -> dict[str, str]:
    return {"text/html": html, "text/plain": "The dashboard, as a picture."}


def picture(name: str, bench: Workbench, seen: Look) -> str:
    """The HTML: status, learning curve, head of the queue. Slow (it draws): call it in a thread."""
    when = time.strftime("%Y-%m-%d %H:%M")
    said = f"As of {when}. Run the cell again to bring the dashboard to life."
    if seen.error is not None:
        body = f"<p>{escape(str(seen.error))}</p>"
    else:
        body = _facts(seen) + _curve(bench, seen) + _queue(bench, seen)
    return f'<div class="{name}">{body}<p><small>{escape(said)}</small></p></div>'


def _facts(seen: Look) -> str:
    status = seen.status
    if status is None:
        return ""
    told = [(name, f"{value} {more}".strip()) for name, value, more in facts(status, seen.points)]
    head, row = ("".join(f"<{tag}>{escape(one[k])}</{tag}>" for one in told) for k, tag in ((0, "th"), (1, "td")))
    return f"<p><strong>{escape(status.title)}</strong></p><table><tr>{head}</tr><tr>{row}</tr></table>"


def _curve(bench: Workbench, seen: Look) -> str:
    if all(point.value is None for point in seen.points):
        return f"<p>{escape(empty_curve(seen))}</p>"
    kept = BytesIO()
    bench.plot().savefig(kept, format="png", dpi=110)
    return f'<img alt="Learning curve" src="data:image/png;base64,{b64encode(kept.getvalue()).decode()}">'


def _queue(bench: Workbench, seen: Look) -> str:
    rows = bench.queue(ROWS)
    return (to_html(rows) if rows else None) or f"<p>{escape(empty_queue(seen))}</p>"
