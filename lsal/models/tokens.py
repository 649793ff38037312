"""Words of a text with the characters that they stand at, and the way from spans to tags of words and back.

A word is what stands between spaces, without the punctuation around it; an address, an @name, a #tag and
an emoji with all its parts are one each. Scripts that write no spaces (Chinese, Japanese, Thai, Lao,
Khmer, Burmese) give a token for each sign, so that a span can begin at any of them.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from lsal.phrases import counted
from lsal.records import Span

log = logging.getLogger(__name__)

OUT = "O"
"""The tag of a token that is in no span."""

LINE, ENDS = re.compile(r"[\r\n\u2028\u2029]"), (".", "!", "?", "。", "！", "？", "…", "।", "؟")
LONG, LONGEST = 60, 200
"""Tokens from which on a line is cut at the ends of its sentences, and after which it is cut anywhere."""

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
JOINS = "\u00ad\u200c\u200d"
"""Unseen characters inside of words."""
UNSEEN = r"\s\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
FLAGS, PICTURES = "\U0001f1e6-\U0001f1ff", "\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
TRIMMINGS = "\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"


class Token(NamedTuple):
    """One word: `text[start:end]`, counted in code points."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tagged:
    """The tags of a text's tokens, how many of its spans they cannot hold, and how many they widen."""

    tags: tuple[str, ...]
    left_out: int = 0
    widened: int = 0


def tokens_of(text: str) -> list[Token]:
    """The tokens in order; spaces, and unseen characters between words, are in none."""
    return [Token(found[0], found.start(), found.end()) for found in _pattern().finditer(text)]


def chains_of(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """From which token to which each chain goes: a line, or a sentence where a line is long."""
    begin = 0
    for place in range(1, len(tokens) + 1):
        if place == len(tokens) or _ends(text, tokens, begin, place):
            yield begin, place
            begin = place


def tags_of(tokens: Sequence[Token], spans: Sequence[Span]) -> Tagged:
    """Each token's tag: `B-label` where a span begins, `I-label` where it goes on, else `O` (BIO).

    Tags cannot overlap: of spans that do, the longest is kept, the first of equal ones. A span that begins
    or ends within a token is widened to all of it; one without any token is left out.
    """
    tags, starts, ends = [OUT] * len(tokens), [t.start for t in tokens], [t.end for t in tokens]
    left_out = widened = 0
    for span in sorted(spans, key=lambda one: (one.start - one.end, one.start, one.label)):
        first, last = bisect_right(ends, span.start), bisect_left(starts, span.end)
        if first >= last or any(tag != OUT for tag in tags[first:last]):
            left_out += 1
            continue
        widened += starts[first] < span.start or ends[last - 1] > span.end
        tags[first:last] = [f"B-{span.label}", *[f"I-{span.label}"] * (last - first - 1)]
    return Tagged(tuple(tags), left_out, widened)


def losses_of(told: Sequence[Tagged]) -> str:
    """What is not learned as people marked it, in words, "" if all is; the log has it too."""
    left_out, widened = sum(one.left_out for one in told), sum(one.widened for one in told)
    if left_out:
        log.warning("%d spans overlap a longer one, or hold no word: they are not learned", left_out)
    if widened:
        log.info("%d spans begin or end within a word: all of it is learned", widened)
    losses = [f"{counted(left_out, 'span')} left out (overlaps, or no word)"] if left_out else []
    return ", ".join([*losses, *([f"{counted(widened, 'span')} widened to whole words"] if widened else [])])


def spans_of(tags: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """The label, the first token and the one after the last of each span; an `I` that follows nothing begins one."""
    begin, label = 0, ""
    for place, tag in enumerate([*tags, OUT]):
        goes_on = tag[:2] == "I-" and tag[2:] == label
        if label and not goes_on:
            yield label, begin, place
        if not goes_on:
            begin, label = place, tag[2:]


def _ends(text: str, tokens: Sequence[Token], begin: int, place: int) -> bool:
    """Whether a chain that began at `begin` ends before the token at `place`."""
    last, count = tokens[place - 1], place - begin
    if LINE.search(text, last.end, tokens[place].start):
        return True
    return count >= LONGEST or (count >= LONG and last.text.endswith(ENDS))


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    marks = _marks()
    letter, more = rf"[^\W{UNSPACED}]", rf"[{marks}{JOINS}]"
    word = rf"{letter}(?:{letter}|{more})*"
    picture = rf"[{PICTURES}][{TRIMMINGS}]*"
    kinds = (
        r"(?:https?://|www\.)[!-~]*[0-9A-Za-z/#=&_~-]",
        r"[0-9A-Za-z_.+-]+@[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+",
        rf"[@#]{word}",
        r"\d+(?:[.,:]\d+)+(?!\w)",
        rf"(?<=\w)['’](?:s|m|d|t|re|ve|ll)(?!{letter})",
        word,
        rf"[{UNSPACED}]{more}*",
        rf"[{FLAGS}]{{2}}",
        rf"{picture}(?:\u200d{picture})*",
        rf"([^\w{UNSEEN}{UNSPACED}])\1*{more}*",
    )
    return re.compile("|".join(kinds), re.IGNORECASE)


def _marks() -> str:
    """All combining characters, as ranges of a pattern: for Python none of them is part of a word."""
    ranges: list[list[int]] = []
    for code in (*range(0x300, 0x20000), *range(0xE0100, 0xE01F0)):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(rf"\U{low:08x}-\U{high:08x}" for low, high in ranges)
