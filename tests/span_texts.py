"""Texts, pages and dialogues full of what is hard to count, and spans in them; the same for the same seed."""

import html
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lsal.kinds import match
from lsal.label_studio.config import read_config
from lsal.protocols import Kind
from lsal.records import Control, Example, Passage, Piece, Prediction, Span, Spans

LABELS = ("A", "B", "C")
INSIDE = "".join(f'<Label value="{label}"/>' for label in LABELS)
TAGS = {"Text": "Labels", "HyperText": "HyperTextLabels", "Paragraphs": "ParagraphLabels"}
WORDS = ("Zoë", "met", "Bob", "naïve", "a", "x < y", "AT&T", "&amp;", '"q"', "<b>", "\\n", "$5", "ǅ", "ß")
EMOJI = ("😀", "👩‍👩‍👧‍👦", "🇫🇷", "🇩🇪🇯🇵", "👍🏽", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "𝒳", "𠮷野家", "1️⃣")
MARKS = ("e\u0301", "z\u0351\u0323\u0489", "한국", "ก็", "नि", "\u0301")
HIDDEN = ("\u200b", "\u200d", "\ufeff", "\u2060", "\u00ad", "\u202e", "\u2066x\u2069", "\u061c")
LEFTWARDS = ("שלום", "مرحبا", "\u200fא", "שָׁלוֹם")
SPACES = (" ", " ", " ", "  ", "\t", "\r\n", "\n", "\r", "\n\n", "\u00a0", "\u2028", "\u3000", " \t ")
AROUND = ("b", "i", "span", "div", "p", "u", "em", "section", "h2", "a")


@dataclass(frozen=True, slots=True)
class Case:
    """One task with its spans, as a model would predict them."""

    kind: Kind
    control: Control
    example: Example
    value: Any
    spans: Spans

    @property
    def written(self) -> list[dict[str, Any]]:
        """The prediction in Label Studio's JSON."""
        return self.kind.result(self.control, Prediction(1, self.spans, CHANCES), self.example)


class _None:
    """No chances: those of spans are not written."""


CHANCES: Any = _None()


def handled(config: str) -> Mapping[str, tuple[Control, Kind]]:
    """The controls of a config, by name."""
    found, unhandled = match(read_config(config).controls)
    assert not unhandled, unhandled
    return found


def config_of(shown: str, name: str = "x", more: str = "") -> str:
    """An object and its labels; `name` is the field too."""
    tag = TAGS[shown]
    return f'<{shown} name="{name}" value="${name}" {more}/><{tag} name="in_{name}" toName="{name}">{INSIDE}</{tag}>'


def text(draw: random.Random, most: int = 12) -> str:
    """Anything that people write, with what nobody sees."""
    parts = []
    for _ in range(draw.randint(1, most)):
        parts.append(draw.choice(draw.choice((WORDS, WORDS, EMOJI, MARKS, HIDDEN, LEFTWARDS))))
        parts.append(draw.choice(SPACES) if draw.random() < 0.7 else "")
    return draw.choice(("", "", " ", "\n")) + "".join(parts)


def page(draw: random.Random, depth: int = 0) -> str:
    """HTML with tags in tags, tables, line breaks, and what is not seen."""
    parts = []
    for _ in range(draw.randint(1, 4)):
        inner = (
            page(draw, depth + 1)
            if depth < 3 and draw.random() < 0.4
            else html.escape(text(draw, 4), draw.random() < 0.5)
        )
        tag = draw.choice(AROUND)
        parts.append(
            draw.choice(
                (
                    inner,
                    f"<{tag}>{inner}</{tag}>",
                    f'<{tag} class="k" title="a > b">\n  {inner}</{tag}>',
                    f"{inner}<br>\n",
                    f"<!-- {draw.choice(WORDS[:4])} -->{inner}<br/>",
                    f"<script>if (a < b) no()</script>{inner}&nbsp;&#128512;&eacute;",
                    f"<style>p > b {{x: y}}</style>{inner}<hr><img alt='no'>",
                    f"<table>\n <tr><td>{html.escape(draw.choice(EMOJI))}</td> <td>b</td>\n</tr></table>",
                    f"<ul><li>{html.escape(draw.choice(LEFTWARDS))}<li>two</ul>",
                )
            )
        )
    return "".join(parts)


def dialogue(draw: random.Random) -> list[dict[str, Any]]:
    """Turns, some of which nobody is said to have spoken."""
    return [{"author": draw.choice(("Ann", "Bo 😀", "")), "text": text(draw, 5)} for _ in range(draw.randint(1, 4))]


MAKERS = {"Text": text, "HyperText": page, "Paragraphs": dialogue}


def spots(given: str | Passage) -> list[Piece]:
    """The stretches in which a span may begin and end."""
    if isinstance(given, str):
        return [Piece(0, len(given), "")]
    seen = (piece for piece in given.pieces if "/br[" not in piece.place)
    return [piece for piece in seen if piece.end > piece.start]


def spans_in(draw: random.Random, given: str | Passage, most: int, visible: bool = False) -> Iterator[Span]:
    """Spans that may overlap; `visible` ones begin and end with what can be seen, as people's selections do."""
    places = [at for piece in spots(given) for at in range(piece.start, piece.end)]
    if visible:
        places = [at for at in places if str(given)[at].isprintable() and not str(given)[at].isspace()]
    for _ in range(draw.randint(1, most) if places else 0):
        first = draw.choice(places)
        last = draw.choice([at for at in places if first <= at <= first + 30])
        yield Span(first, last + 1, draw.choice(LABELS), score=draw.randint(0, 100) / 100)


def case_of(
    draw: random.Random, control: Control, kind: Kind, value: Any, most: int = 4, visible: bool = False
) -> Case:
    """A case of what one task holds."""
    example = kind.example(control, 1, {control.data_key: value}, _no_file)
    assert isinstance(example.input, str | Passage), example.problem
    spans = list(spans_in(draw, example.input, most, visible))
    if spans and draw.random() < 0.3:  # one stretch, two labels
        first = spans[0]
        spans.append(Span(first.start, first.end, next(label for label in LABELS if label != first.label)))
    told = [span for span in spans if not isinstance(value, list) or shown(kind, control, example, span)]
    return Case(kind, control, example, value, Spans.of(told))


def shown(kind: Kind, control: Control, example: Example, span: Span) -> bool:
    """Whether people are shown it: the editor would break a character in some spans of dialogues."""
    return bool(kind.result(control, Prediction(1, Spans((span,)), CHANCES), example))


def _no_file(url: str) -> Any:
    raise AssertionError(url)
