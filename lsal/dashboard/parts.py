"""The dashboard's own lines of HTML: status, progress, error. Whatever comes from a task or a server is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from lsal.dashboard.glance import backend_words
from lsal.dashboard.job_words import by
from lsal.dashboard.look import title
from lsal.dashboard.tables import Row, Sheet
from lsal.dashboard.wording import bare, upper
from lsal.errors import LsalError
from lsal.jobs import State
from lsal.phrases import counted
from lsal.workbench.advice import at, fix_of
from lsal.workbench.automatic import Automatic
from lsal.workbench.curve import Point
from lsal.workbench.status import Status


def status_line(status: Status | None, warnings: Iterable[str] = (), points: Iterable[Point] = ()) -> str:
    """The project at a glance: title, counters, warnings."""
    if status is None:
        return '<div class="lsal-status">Looking at the project ...</div>'
    told_facts = "".join(
        f'<div class="lsal-fact"><span>{escape(name)}</span><b>{escape(value)}</b><i>{escape(more)}</i></div>'
        for name, value, more in facts(status, points)
    )
    told = "".join(
        f'<div class="lsal-warning">{escape(text)}</div>' for text in dict.fromkeys((*status.warnings, *warnings))
    )
    return f'<div class="lsal-status">{_head(status)}<div class="lsal-facts">{told_facts}</div>{told}</div>'


def _head(status: Status) -> str:
    link = ""
    if status.url.startswith(("http://", "https://")):
        address = escape(f"{status.url}/data", quote=True)
        link = f'<a href="{address}" target="_blank" rel="noopener noreferrer">open in Label Studio</a>'
    return f'<div class="lsal-head"><strong>{escape(status.title)}</strong>{link}</div>'


def facts(status: Status, points: Iterable[Point] = ()) -> list[tuple[str, str, str]]:
    """Name, figure, and what belongs to it in small; `points` are the versions, of which the live ones are told."""
    live = ", ".join(f"{number}" if len(status.live) == 1 else f"{c}: {number}" for c, number in status.live.items())
    queue = (f"{status.queue['open']}", f"of {status.queue['size']}") if status.queue else ("none", "")
    backend, _, more = backend_words(status).partition(", ")
    return [
        ("Tasks", f"{status.tasks:,}", ""),
        ("Labelled", f"{status.labelled:,}", f"{status.skipped:,} skipped" if status.skipped else ""),
        ("Measuring", f"{status.measuring['labelled']:,}", f"{status.measuring['open']:,} open"),
        ("Live version", live or "none", f"of {status.versions}" if status.versions else ""),
        *_measured(points),
        ("Open in queue", *queue),
        ("Auto rounds", *_automatic(status.automatic)),
        ("Backend", backend, more),
    ]


def _measured(points: Iterable[Point]) -> list[tuple[str, str, str]]:
    """The main figure of each live version: on how many tasks, its value, and its interval."""
    live = [one for one in points if one.live]
    told = list[tuple[str, str, str]]()
    for one in live:
        name = upper(one.metric) + (f" of {one.control}" if len(live) > 1 else "")
        if one.value is None:
            told.append((name, "not measured", ""))
        else:
            low, high = (f"{100 * end:.0f}" if one.metric == "accuracy" else f"{end:.2f}" for end in one.interval)
            told.append((f"{name} on {counted(one.tasks, 'task')}", bare(one.metric, one.value), f"({low} to {high})"))
    return told


def _automatic(shown: Automatic) -> tuple[str, str]:
    if not shown.on:
        return "off", ""
    after = [counted(shown.labels, "label")] if shown.labels else []
    after += [f"{shown.minutes} min"] if shown.minutes else []
    return f"after {' or '.join(after)}", shown.so_far


def card(what: str, fix: str) -> str:
    """An error where the user looks: what is wrong, and the next step."""
    step = f"<div>Next: {escape(fix)}</div>" if fix else ""
    return f'<div class="lsal-card" role="alert"><b>{escape(what)}</b>{step}</div>'


def trouble(job: State | None, error: LsalError | None, answered_at: float | None = None) -> str:
    """The card for an error of the dashboard's own, else for a newest job that failed; "" without one.

    `answered_at` is when Label Studio last answered.
    """
    if error is not None:
        return card(error.what, error.fix)
    if job is not None and job.state in ("failed", "lost"):
        return card(f"{title(job.act)}{by(job)} {job.state}{at(job)}: {job.error}", fix_of(job, answered_at))
    return ""


def reasons(no: Mapping[str, str]) -> str:
    """One quiet line: why buttons are disabled, each reason once; "" if none is."""
    acts: dict[str, list[str]] = {}
    for act, why in no.items():
        acts.setdefault(why, []).append(title(act))
    told = [why if len(acts) == 1 else f"{', '.join(names)}: {why}" for why, names in acts.items()]
    quiet = "color:var(--jp-ui-font-color2,#616161)"
    return f'<div class="lsal-status lsal-why" style="{quiet}">{escape(" ".join(told))}</div>' if told else ""


def class_tables(sheets: Iterable[Sheet], colours: Mapping[str, str]) -> str:
    """How well each class is recognised, by version; the colours are those in the pictures of the queue."""
    return "".join(_class_table(one, colours) for one in sheets)


def _class_table(shown: Sheet, colours: Mapping[str, str]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in shown.columns)
    rows = "".join(f"<tr>{_class_cells(row, colours)}</tr>" for row in shown.rows)
    notes = "".join(f"<p>{escape(text)}</p>" for text in shown.notes)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    # Classes of objects say what the mean over them hides; those of choices can wait for a click.
    opened = " open" if colours else ""
    summary = f"<summary>{escape(shown.title)}, as a table</summary>"
    return f'<details class="lsal-classes"{opened}>{summary}{table}{notes}</details>'


def _class_cells(row: Row, colours: Mapping[str, str]) -> str:
    name, *figures = row
    mark = f'<i style="background:{colours[name]}"></i>' if name in colours else ""
    return f'<th scope="row">{mark}{escape(name)}</th>' + "".join(f"<td>{escape(one)}</td>" for one in figures)


def say(part: Any, text: str) -> None:
    """Show HTML in a widget, which takes no room while there is none."""
    part.value, part.layout.display = text, "" if text else "none"
