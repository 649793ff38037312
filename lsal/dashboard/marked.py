"""Texts with what a model marked in them, cut into stretches that a page can show side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lsal.dashboard.colours import GREY, colours_of
from lsal.desk import Desk
from lsal.records import Span

BEFORE = 60
"""Characters that are shown before the first mark of a long text."""
GAP = "…"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text; `label` and `colour` are "" where nothing is marked."""

    text: str
    label: str = ""
    colour: str = ""


def label_colours(desk: Desk) -> dict[str, str]:
    """Those of all labels for spans of texts; empty where there are none, and before the first sync."""
    if not desk.mirror.label_config:
        return {}
    return colours_of(label for control, _ in desk.handled.values() if control.marks for label in control.labels)


def parts(text: str, spans: Sequence[Span], colours: Mapping[str, str], most: int) -> list[Part]:
    """About `most` characters of a text, from a little before its first mark.

    Where spans overlap, the shorter one is what is seen of both, with the names of both.
    """
    first = min((span.start for span in spans), default=0)
    begin = max(0, first - BEFORE) if first > most - BEFORE else 0
    end = min(len(text), begin + most)
    edges = {edge for span in spans for edge in (span.start, span.end) if begin < edge < end}
    cuts = sorted(edges | {begin, end})
    cut = [_part(text, start, stop, spans, colours) for start, stop in pairwise(cuts)]
    return [*([Part(GAP)] if begin else []), *cut, *([Part(GAP)] if end < len(text) else [])]


def _part(text: str, start: int, end: int, spans: Sequence[Span], colours: Mapping[str, str]) -> Part:
    over = sorted((span for span in spans if span.start <= start and end <= span.end), key=lambda s: s.end - s.start)
    names = ", ".join(dict.fromkeys(span.label for span in over))
    return Part(text[start:end], names, colours.get(over[0].label, GREY) if over else "")
