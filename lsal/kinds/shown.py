"""What an object that shows text takes out of a task: a text, HTML, or the turns of a dialogue."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from lsal.errors import BadData
from lsal.kinds.choices import setting
from lsal.protocols import Fetch
from lsal.records import Control, Passage, Piece

ENCODINGS = {"base64": "latin-1", "base64unicode": "utf-8"}
"""Label Studio's names for a text packed in base64, and what the bytes then are."""


def shown_text(control: Control, value: Any, fetch: Fetch) -> str:
    """The text, or the HTML, of Text and HyperText; out of a file if the object has `valueType="url"`."""
    if setting(control, "valueType") == "url":
        value = fetch(_text(value)).read_text("utf-8-sig", errors="replace")
    text = _text(value)
    encoding = ENCODINGS.get(setting(control, "encoding"))
    return base64.b64decode(text).decode(encoding) if encoding else text


def shown_dialogue(control: Control, value: Any, fetch: Fetch) -> Passage:
    """One line for each turn, `author: text`; a piece is the text of a turn, at the turn's number."""
    if setting(control, "valueType") == "url":
        value = orjson.loads(fetch(_text(value)).read_bytes().removeprefix(b"\xef\xbb\xbf"))
    name_key, text_key = setting(control, "nameKey") or "author", setting(control, "textKey") or "text"
    turns = _turns(value, name_key, text_key)
    if setting(control, "contextScroll") == "true":
        turns.sort(key=_begins)
    lines: list[str] = []
    pieces: list[Piece] = []
    at = 0
    for number, turn in enumerate(turns):
        name, text = turn.get(name_key), _text(turn.get(text_key, ""))
        before = ("\n" if number else "") + (f"{name}: " if name else "")
        pieces.append(Piece(at + len(before), at + len(before) + len(text), str(number)))
        lines.append(before + text)
        at += len(before) + len(text)
    return Passage("".join(lines), tuple(pieces))


def _turns(turns: Any, name_key: str, text_key: str) -> list[Mapping[str, Any]]:
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise BadData("A list of turns was expected", f'Write it as [{{"{name_key}": ..., "{text_key}": ...}}, ...]')
    if turns and not any(text_key in turn for turn in turns):
        raise BadData(f"No turn has a '{text_key}'", "Name the field that has the text in Paragraphs: textKey")
    return list(turns)


def _begins(turn: Mapping[str, Any]) -> tuple[bool, float, float]:
    """With contextScroll the editor numbers turns as they begin, and those that do not say when, last."""
    begin, end, lasts = (turn.get(key) or 0 for key in ("start", "end", "duration"))
    return not begin, begin, end or begin + lasts if begin else 0


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise BadData(f"A text was expected, not {type(value).__name__}", "Correct the task, and import it again")
    return str(value)
