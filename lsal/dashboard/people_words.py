"""How labelling goes, as the section of people shows it. Names and labels come from servers: all of it is escaped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from itertools import groupby

from lsal.dashboard.tables import Row
from lsal.dashboard.wording import cut, percent
from lsal.phrases import counted, moment
from lsal.workbench.labelling import DAYS, HOUR_S, Annotator, Given, Labelling

LETTERS = 60
NOBODY = "Nobody labelled anything yet. Press Re-rank, then label in Label Studio."
HEAD = ("who", "tasks", "per hour", "last answer", "skipped", "for measuring", "same as others")
HEIGHT, WIDTH = 46, 10
"""Of the bars of hours, in units of the drawing."""


def page(told: Labelling) -> str:
    """All of the section; of a project without answers one sentence."""
    if not told.people:
        return (
            '<p class="lsal-people-empty">Nobody labelled anything yet. Press Re-rank, then label in Label Studio.</p>'
        )
    return "".join((people(told), hours(told), *(labels(one) for one in told.given), suspects(told)))


def people(told: Labelling) -> str:
    """A row for each person."""
    rows = [_person(one) for one in told.people]
    rows += [(f"{counted(told.others, 'other')}", *[""] * (len(HEAD) - 1))] if told.others else []
    note = "Per hour of work: pauses over ten minutes are left out. Times are when an answer was last changed."
    shared = sum(one.shared for one in told.people)
    note += " Same as others: of the tasks that several answered, how often two gave the same labels." if shared else ""
    return _part("People", _table(HEAD, rows), note)


def hours(told: Labelling) -> str:
    """A bar for each hour; the numbers of each are in its title, and those of each day below."""
    total, most = sum(told.hours), max(told.hours, default=0)
    if not total:
        last = f" The last answer is from {moment(told.last)}." if told.last else ""
        return _part(f"The last {DAYS} days", "", f"No answers.{last}")
    bars = "".join(_bar(told, n, count, most) for n, count in enumerate(told.hours) if count)
    peak = told.hours.index(most)
    said = f"{counted(total, 'answer')} in the last {DAYS} days, at most {most:,} in an hour ({_when(told, peak)})"
    box = f'viewBox="0 0 {WIDTH * len(told.hours)} {HEIGHT}" preserveAspectRatio="none"'
    drawing = f'<svg class="lsal-people-hours" role="img" aria-label="{escape(said)}" {box}>{bars}</svg>'
    return _part("Answers by the hour", f"{drawing}{_days(told)}", f"{said}.")


def labels(one: Given) -> str:
    """The classes that people gave, beside what the live version takes the open tasks for."""
    title = f"Labels of {one.control}"
    if not one.total:
        return _part(title, "", "No label of it was given yet.")
    head = ["class", f"given, of {one.total:,}"]
    head += [f"version {one.version} guesses, of {counted(one.guesses, 'open task')}"] if one.guessed else []
    most = max(one.top.values()) / one.total
    most = max([most, *(count / one.guesses for count in one.guessed.values())])
    rows = "".join(_label(one, label, most) for label in one.top)
    if one.others:
        others = f"{counted(one.others, 'other class', 'other classes')}"
        rest = "<td></td>" if one.guessed else ""
        rows += f'<tr><th scope="row">{others}</th>{_share(one.others_total, one.total, 0, "")}{rest}</tr>'
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    table = f'<table class="lsal-people-labels"><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>'
    return _part(title, table, _unused(one))


def suspects(told: Labelling) -> str:
    """Labels that may be wrong, and what to do about them."""
    if told.suspects is None:
        said = "Nobody looked for label errors yet: lsal suspects."
    else:
        said = f"At the last look {counted(told.suspects, 'label was', 'labels were')} held for errors: lsal suspects."
    if told.waiting:
        said += f" {counted(told.waiting, 'task waits', 'tasks wait')} for another answer."
    return _part("Labels that may be wrong", "", said)


def _person(one: Annotator) -> Row:
    same = f"{100 * one.same / one.shared:.0f} % of {one.shared:,}" if one.shared else "-"
    measuring = f"{one.measuring:,} ({100 * one.measuring / one.answered:.0f} %)" if one.answered else "0"
    pace = "-" if one.per_hour is None else f"{one.per_hour:,.0f}"
    last = moment(one.last) if one.last else "-"
    return (cut(one.name, LETTERS), f"{one.answered:,}", pace, last, f"{one.skipped:,}", measuring, same)


def _label(one: Given, label: str, most: float) -> str:
    given = _share(one.top[label], one.total, most, "given")
    guessed = _share(one.guessed[label], one.guesses, most, "guessed") if one.guessed else ""
    return f'<tr><th scope="row">{escape(cut(label, LETTERS))}</th>{given}{guessed}</tr>'


def _share(count: int, of: int, most: float, kind: str) -> str:
    """A bar as long as the share, with the numbers after it."""
    share = count / of if of else 0.0
    long = f"{100 * share / most:.1f}" if most else "0"
    bar = f'<i class="lsal-people-{kind}" style="width:{long}%"></i>' if kind else ""
    told = f'<span class="lsal-people-bar">{bar}</span><span>{count:,} ({percent(share)})</span>'
    return f'<td><div class="lsal-people-share">{told}</div></td>'


def _unused(one: Given) -> str:
    if not one.unused:
        return ""
    return f"{counted(one.unused, 'class was', 'classes were')} never given."


def _bar(told: Labelling, n: int, count: int, most: int) -> str:
    high = max(2.0, HEIGHT * count / most)
    place = f'x="{n * WIDTH + 1}" width="{WIDTH - 2}" y="{HEIGHT - high:.1f}" height="{high:.1f}"'
    return f"<rect {place}><title>{escape(_when(told, n))}: {counted(count, 'answer')}</title></rect>"


def _days(told: Labelling) -> str:
    """Each day's name and sum below its bars."""
    at = [time.localtime(told.begin + n * HOUR_S) for n in range(len(told.hours))]
    parts = []
    for _, hours in groupby(range(len(at)), key=lambda n: at[n].tm_yday):
        mine = list(hours)
        total = sum(told.hours[n] for n in mine)
        said = f"{time.strftime('%a %d', at[mine[0]])}: {total:,}" if len(mine) > 8 or total else ""
        parts.append(f'<span style="flex:{len(mine)} 0 0">{escape(said)}</span>')
    return f'<div class="lsal-people-days">{"".join(parts)}</div>'


def _when(told: Labelling, n: int) -> str:
    begin = told.begin + n * HOUR_S
    return time.strftime("%a %H:00", time.localtime(begin)) + time.strftime(" to %H:00", time.localtime(begin + HOUR_S))


def _table(head: Row, rows: Sequence[Row]) -> str:
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(one)}</td>" for one in rest)}</tr>'
        for first, *rest in rows
    )
    return f'<table class="lsal-people-table"><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>'


def _part(title: str, body: str, note: str) -> str:
    said = f"<p>{escape(note)}</p>" if note else ""
    return f'<div class="lsal-people-part"><div class="lsal-people-title">{escape(title)}</div>{body}{said}</div>'
