"""Pages cut into what a network takes at once: whole words in pieces, each with the place of its word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.models.layoutlmv3.nets import SPECIAL, Net
from lsal.pages import thousandths
from lsal.records import Page

if TYPE_CHECKING:
    from lsal.records import Ints

IGNORED = -100
"""What torch takes for: learn nothing from this token."""
NOWHERE = (0, 0, 0, 0)

Pieces = list[list[int]]


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens with their boxes in thousandths. `words` are the words in it, `firsts` where each one's first piece is."""

    tokens: list[int]
    boxes: list[tuple[int, int, int, int]]
    words: list[int]
    firsts: list[int]

    def targets(self, classes: Sequence[int]) -> list[int]:
        """What each token teaches: a word's first piece its class, all else nothing."""
        row = [IGNORED] * len(self.tokens)
        for first, word in zip(self.firsts, self.words, strict=True):
            row[first] = classes[word]
        return row


def windows_of(page: Page, net: Net, length: int, overlap: int) -> list[Window]:
    """As few windows as hold all words, neighbours sharing about `overlap` tokens; none for a page without words."""
    room = min(length or net.length, net.length) - SPECIAL
    pieces = [word[:room] for word in _pieces(page.words, net.tokenizer)]
    made, begin = list[Window](), 0
    while begin < len(pieces):
        end, used = begin, 0
        while end < len(pieces) and used + len(pieces[end]) <= room:
            used += len(pieces[end])
            end += 1
        made.append(_window(page, net.tokenizer, pieces, range(begin, end)))
        if end == len(pieces):
            break
        begin = _back(pieces, begin, end, min(overlap, room // 2))
    return made


def best_window(windows: Sequence[Window], words: int) -> Ints:
    """For each word the window in which it stands farthest from where that was cut."""
    best, margin = np.zeros(words, np.int64), np.full(words, -1)
    for number, window in enumerate(windows):
        cut_before, cut_behind = number > 0, number < len(windows) - 1
        for place, word in enumerate(window.words):
            before = place if cut_before else words
            behind = len(window.words) - 1 - place if cut_behind else words
            if min(before, behind) > margin[word]:
                best[word], margin[word] = number, min(before, behind)
    return best


def _back(pieces: Pieces, begin: int, end: int, overlap: int) -> int:
    """Where the next window begins: so many words before the end of the last one as `overlap` tokens hold."""
    start, shared = end, 0
    while start - 1 > begin and shared + len(pieces[start - 1]) <= overlap:
        start -= 1
        shared += len(pieces[start])
    return start


def _pieces(words: Sequence[str], tokenizer: Any) -> Pieces:
    """The tokens of each word; one that has none is unknown."""
    told = tokenizer.backend_tokenizer.encode_batch(
        [[word] for word in words], is_pretokenized=True, add_special_tokens=False
    )
    return [each.ids or [tokenizer.unk_token_id] for each in told]


def _window(page: Page, tokenizer: Any, pieces: Pieces, words: range) -> Window:
    tokens, boxes, firsts = [tokenizer.cls_token_id], [NOWHERE], list[int]()
    for word in words:
        firsts.append(len(tokens))
        tokens += pieces[word]
        boxes += [thousandths(page.boxes[word])] * len(pieces[word])
    return Window([*tokens, tokenizer.sep_token_id], [*boxes, NOWHERE], list(words), firsts)
