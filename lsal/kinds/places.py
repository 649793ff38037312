"""Where a span stands: characters of the model's text <-> the `value` of a region in Label Studio's JSON.

| object | how Label Studio's editor counts |
|---|---|
| Text | code points from the text's beginning; a CR and an LF are one each |
| HyperText | UTF-16 units within the text node at an XPath; `globalOffsets`: code points of the page, a br is one |
| Paragraphs | UTF-16 units within a turn, which its number names |

Where a browser shows other white space than there is, the editor counts characters beyond U+FFFF of such
a text node, and of those behind it, as one unit. `globalOffsets` are right all the same: they are believed
first, and the editor is led to believe them too, by an XPath that is right and that it does not know.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lsal.errors import BadData
from lsal.records import Passage, Piece

Value = Mapping[str, Any]
Stretch = tuple[int, int]
"""Start and end, in code points of the text that the model sees."""

ITSELF = "/."
"""Ends an XPath that names what it would name without."""
DRAW_AGAIN = "Mark it again in Label Studio, or delete it there"


def units(text: str) -> int:
    """How long the text is in UTF-16, as a browser counts it."""
    return len(text) + sum(map(_wide, text))


def points(text: str, offset: int) -> int | None:
    """How many code points of `text` the first `offset` UTF-16 units are; None beyond its end."""
    if offset <= 0 or offset > units(text):
        return 0 if offset == 0 else None
    for count, char in enumerate(text):
        if offset <= 0:
            return count
        offset -= units(char)
    return len(text)


def write_place(text: str | Passage, stretch: Stretch) -> dict[str, Any] | None:
    """The place in the editor's terms; None if nothing of it stands at a place that can be marked."""
    if isinstance(text, str):
        return {"start": stretch[0], "end": stretch[1]} if 0 <= stretch[0] < stretch[1] <= len(text) else None
    touched = [piece for piece in text.pieces if _markable(piece) and _meets(piece, stretch)]
    if not touched:
        return None
    first, last = touched[0], touched[-1]
    start, end = max(stretch[0], first.start), min(stretch[1], last.end)
    place: dict[str, Any] = {
        "start": first.place,
        "end": last.place,
        "startOffset": units(text.text[first.start : start]),
        "endOffset": units(text.text[last.start : end]),
    }
    if first.place.startswith("/"):
        before = _counted(text.pieces)
        spanned = before[first] + start - first.start, before[last] + end - last.start
        place["globalOffsets"] = {"start": spanned[0], "end": spanned[1]}
        if _wide(text.text[first.start : start]) or _wide(text.text[last.start : end]):
            place |= {"start": first.place + ITSELF, "end": last.place + ITSELF}
        return place
    cuts = (first, place["startOffset"]), (last, place["endOffset"])
    return None if any(_breaks(text.text[turn.start : turn.end], offset) for turn, offset in cuts) else place


def read_place(text: str | Passage, value: Value) -> Stretch:
    """Where a region stands; raises BadData if that is not in the text, or if its own text is another one."""
    found = list(dict.fromkeys(_candidates(text, value)))
    if not found:
        raise BadData("it stands outside of its text", DRAW_AGAIN)
    told = value.get("text")
    if not isinstance(told, str) or not told or _says_nothing(text, value):
        return found[0]
    fitting = [stretch for stretch in found if _fits(told, str(text)[slice(*stretch)])]
    if not fitting:
        there = str(text)[slice(*found[0])]
        raise BadData(f"it was made of {told!r:.60}, where {there!r:.60} stands now", DRAW_AGAIN)
    return fitting[0]


def _candidates(text: str | Passage, value: Value) -> Iterator[Stretch]:
    """Every place that the region names, the surest first."""
    if isinstance(text, str):
        bounds = _ints(value, "start", "end")
        if bounds and 0 <= bounds[0] < bounds[1] <= len(text):
            yield bounds
        return
    counted = value.get("globalOffsets")
    bounds = _ints(counted, "start", "end") if isinstance(counted, Mapping) else None
    if bounds:
        yield from _ordered([_absolute(text.pieces, bounds[0], False), _absolute(text.pieces, bounds[1], True)])
    offsets = _ints(value, "startOffset", "endOffset")
    ends = [_relative(text, value.get(side), at) for side, at in zip(("start", "end"), offsets or (), strict=False)]
    yield from _ordered(ends)


def _ordered(ends: Sequence[int | None]) -> Iterator[Stretch]:
    start, end = ends if len(ends) == 2 else (None, None)
    if start is not None and end is not None and start < end:
        yield start, end


def _relative(text: Passage, place: Any, offset: int) -> int | None:
    """A place by the name of its piece, or of a tag around it."""
    name = str(place).removesuffix(ITSELF)
    named = next((piece for piece in text.pieces if piece.place == name), None)
    if named is None and name.startswith("/"):
        inside = (piece for piece in text.pieces if _markable(piece) and piece.place.startswith(f"{name.rstrip('/')}/"))
        named = next(inside, None)
    if named is None or named.skipped:
        return None
    within = points(text.text[named.start : named.end], offset)
    return None if within is None else named.start + within


def _absolute(pieces: Sequence[Piece], offset: int, is_end: bool) -> int | None:
    """A place by what stands before it in the page; at a border, an end belongs to what is before it."""
    for piece, before in _counted(pieces).items():
        within, length = offset - before, piece.end - piece.start
        if (0 < within <= length) if is_end else (0 <= within < length):
            return piece.start + within
    return None


def _counted(pieces: Sequence[Piece]) -> dict[Piece, int]:
    """How many characters the editor counts before each piece."""
    before: dict[Piece, int] = {}
    total = 0
    for piece in pieces:
        before[piece] = total
        total += piece.end - piece.start + piece.skipped
    return before


def _wide(text: str) -> bool:
    """Whether there is a character in it that UTF-16 writes as two units."""
    return any(char > "\uffff" for char in text)


def _breaks(turn: str, offset: int) -> bool:
    """Whether the editor would store half a character when it submits a region of the turn with such a border.

    It cuts the region's text out of the turn as shown, with less white space, at the offset within the
    turn as it stands. Label Studio keeps half an emoji, and then answers no request for tasks any more.
    """
    shown = re.sub(r"[ \t\n\r\f]+", " ", turn)
    for text in dict.fromkeys((shown, shown.lstrip(" "), shown.strip(" "))):
        count = points(text, offset)
        if count is not None and units(text[:count]) != offset:
            return True
    return False


def _markable(piece: Piece) -> bool:
    return not piece.skipped and (not piece.place.startswith("/") or piece.place.rpartition("/")[2].startswith("text"))


def _meets(piece: Piece, stretch: Stretch) -> bool:
    return max(piece.start, stretch[0]) < min(piece.end, stretch[1])


def _ints(value: Any, *names: str) -> tuple[int, int] | None:
    found = [value.get(name) for name in names]
    whole = [int(each) for each in found if _is_number(each)]
    return (whole[0], whole[1]) if len(whole) == len(names) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _fits(told: str, there: str) -> bool:
    """Whether the text that a region carries can be what stands there.

    The editor leaves out what the browser does not show: white space, often more.
    """
    letters = iter(_bare(there))
    return all(letter in letters for letter in _bare(told))


def _bare(text: str) -> str:
    return re.sub(r"\\n|\s", "", text).casefold()


def _says_nothing(text: str | Passage, value: Value) -> bool:
    """Whether the text that a region carries cannot be compared with what stands there.

    The editor cuts that of a turn out of the turn as it is shown, with less white space, at the
    same offsets; and that of several turns has what stands between them, such as times.
    """
    if isinstance(text, str) or any(piece.place.startswith("/") for piece in text.pieces):
        return False
    if str(value.get("start")) != str(value.get("end")):
        return True
    turns = (text.text[piece.start : piece.end] for piece in text.pieces if piece.place == str(value.get("start")))
    return any(turn != " ".join(turn.split()) for turn in turns)
