"""Classes of a whole text: Choices or a Taxonomy on Text, HyperText or Paragraphs."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
from typing import Any, ClassVar

import orjson

from lsal.errors import BadData
from lsal.kinds import Sample
from lsal.kinds.choices import Choices, setting
from lsal.protocols import Fetch
from lsal.records import Control, Labels

ENCODINGS = {"base64": "latin-1", "base64unicode": "utf-8"}
"""Label Studio's names for a text packed in base64, and what the bytes then are."""
UNSEEN = frozenset(("script", "style", "title", "template"))
INLINE = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q")
) | frozenset(("s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr"))
"""Tags that do not end a word."""


class TextChoices(Choices):
    """Input: the text that people see."""

    name: ClassVar[str] = "text_choices"
    families: ClassVar[tuple[str, ...]] = ("sklearn_text", "embedded_text", "transformers_text", "random")
    with_model: ClassVar[str] = "embedded_text"
    objects: ClassVar[tuple[str, ...]] = ("Text", "HyperText", "Paragraphs")

    @classmethod
    def samples(cls) -> tuple[Sample, ...]:
        """A single choice with aliases, a multiple one on HTML, and a dialogue."""
        single = '<Choices name="c" toName="x"><Choice value="A"/><Choice value="B" alias="b" predicted_values="2"/>'
        several = '<Choices name="c" toName="x" choice="multiple"><Choice value="A"/><Choice value="B"/>'
        tree = '<Choice value="A"><Choice value="B"/><Choice value="C" alias="c"/></Choice><Choice value="B"/>'
        one, other = Labels(("A",)), Labels(("b",))
        return (
            Sample(f'<View><Text name="x" value="$t"/>{single}</Choices></View>', {"t": "Hello"}, (one, other)),
            Sample(
                f'<View><HyperText name="x" value="$t"/>{several}</Choices></View>',
                {"t": "<p>Hello</p>"},
                (Labels(), one, Labels(("A", "B"))),
            ),
            Sample(
                f'<View><Paragraphs name="x" value="$t"/>{single}</Choices></View>',
                {"t": [{"author": "Ann", "text": "Hello"}]},
                (one, other),
            ),
            Sample(
                f'<View><Text name="x" value="$t"/><Taxonomy name="c" toName="x">{tree}</Taxonomy></View>',
                {"t": "Hello"},
                (Labels(), one, Labels(("A / B", "B")), Labels(("A", "A / c"))),
            ),
            Sample(
                '<View><Text name="x" value="$t"/>'
                f'<Taxonomy name="c" toName="x" maxUsages="1">{tree}</Taxonomy></View>',
                {"t": "Hello"},
                (one, Labels(("A / c",))),
            ),
        )

    def read(self, control: Control, value: Any, fetch: Fetch) -> str:
        """The text, out of a file if the object has `valueType="url"`; raises BadData."""
        if setting(control, "valueType") == "url":
            value = fetch(_text(value)).read_text("utf-8-sig", errors="replace")
            if control.object_tag == "Paragraphs":
                value = orjson.loads(value)
        if control.object_tag == "Paragraphs":
            return _dialogue(value, setting(control, "nameKey") or "author", setting(control, "textKey") or "text")
        text = _text(value)
        if encoding := ENCODINGS.get(setting(control, "encoding")):
            text = base64.b64decode(text).decode(encoding)
        return visible_text(text) if control.object_tag == "HyperText" else text


def visible_text(html: str) -> str:
    """The words that a browser shows, separated by single spaces."""
    words = _Words()
    words.feed(html)
    words.close()
    return " ".join("".join(words.parts).split())


class _Words(HTMLParser):
    """Gathers text; tags that break the line also break words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in UNSEEN
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in UNSEEN))
        self._break(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)

    def _break(self, tag: str) -> None:
        if tag not in INLINE:
            self.parts.append(" ")


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise BadData(f"A text was expected, not {type(value).__name__}", "Correct the task, and import it again")
    return str(value)


def _dialogue(turns: Any, name_key: str, text_key: str) -> str:
    """One line for each turn, `author: text`."""
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise BadData("A list of turns was expected", f'Write it as [{{"{name_key}": ..., "{text_key}": ...}}, ...]')
    if turns and not any(text_key in turn for turn in turns):
        raise BadData(f"No turn has a '{text_key}'", "Name the field that has the text in Paragraphs: textKey")
    lines = [(turn.get(name_key), _text(turn.get(text_key, ""))) for turn in turns]
    return "\n".join(f"{name}: {text}" if name else text for name, text in lines)
