"""Texts as a tagger gets them: word pieces in windows, and which of the pieces speaks for each token.

A token (`models.tokens`) is learned and read at its first piece; what the other pieces say is not asked for.
Fast tokenizers read the text as it stands and tell where each piece lies; others read token by token.
Of a text longer than a window every token is asked about once, where most of the text around it is seen.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from lsal.models.hub import quiet
from lsal.models.tokens import Token, tokens_of
from lsal.models.transformers_tokens.wishes import SORT

OVERLAP = 4
"""A window begins in the last quarter of the one before."""


class Place(NamedTuple):
    """Where a token is asked about: the window of its text, and the piece in there."""

    window: int
    piece: int


class Piece(NamedTuple):
    """One piece of a window: where it stands there and among all of the text, and which tokens have a part of it."""

    place: int
    order: tuple[int, int]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A text's tokens, its windows of numbered pieces, and each token's place; None where no piece is of it."""

    tokens: tuple[Token, ...]
    windows: tuple[list[int], ...]
    places: tuple[Place | None, ...]


def readings_of(tokenizer: Any, texts: Sequence[str], length: int) -> list[Reading]:
    """Each text in windows of at most `length` pieces."""
    read = _as_it_stands if tokenizer.is_fast else _token_by_token
    with quiet(SORT.family):
        return [_reading(tokens_of(text), read, tokenizer, text, length) for text in texts]


def _reading(tokens: Sequence[Token], read: Any, tokenizer: Any, text: str, length: int) -> Reading:
    if not tokens:
        return Reading((), (), ())
    read_windows = [window for window in read(tokenizer, text, tokens, length) if window[0]]
    places = _places(len(tokens), [pieces for _, pieces in read_windows])
    return Reading(tuple(tokens), tuple(numbers for numbers, _ in read_windows), places)


Window = tuple[list[int], list[Piece]]


def _as_it_stands(tokenizer: Any, text: str, tokens: Sequence[Token], length: int) -> Iterator[Window]:
    """The windows that the tokenizer makes; a piece may hold parts of several tokens, or of none."""
    read = tokenizer(
        text,
        truncation=True,
        max_length=length,
        stride=length // OVERLAP,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
    )
    starts, ends = [token.start for token in tokens], [token.end for token in tokens]
    begin = 0
    for numbers, offsets, marks in zip(
        read["input_ids"], read["offset_mapping"], read["special_tokens_mask"], strict=True
    ):
        of_text = [(place, *offsets[place]) for place, mark in enumerate(marks) if not mark]
        yield (
            numbers,
            [
                Piece(place, (start, begin + n), bisect_right(ends, start), bisect_left(starts, end))
                for n, (place, start, end) in enumerate(of_text)
                if start < end
            ],
        )
        begin += len(of_text) - length // OVERLAP


def _token_by_token(tokenizer: Any, text: str, tokens: Sequence[Token], length: int) -> Iterator[Window]:
    """Windows of the pieces of each token; where blanks are pieces too, of what stands between them as well."""
    numbers, owners = list[int](), list[int]()
    for each, owner in _parts(tokenizer, text, tokens):
        numbers += each
        owners += [owner] * len(each)
    room = length - tokenizer.num_special_tokens_to_add()
    step = max(1, room - length // OVERLAP)
    for begin in range(0, max(1, len(numbers) - (room - step)), step):
        part = numbers[begin : begin + room]
        whole = tokenizer.build_inputs_with_special_tokens(part)
        before = _before(tokenizer, part)
        yield (
            whole,
            [
                Piece(before + n, (owner, begin + n), owner, owner + 1)
                for n, owner in enumerate(owners[begin : begin + room])
                if owner >= 0
            ],
        )


def _parts(tokenizer: Any, text: str, tokens: Sequence[Token]) -> Iterator[tuple[list[int], int]]:
    """The pieces of each token with its number, and those between them with -1."""
    words = tokenizer([text[token.start : token.end] for token in tokens], add_special_tokens=False)["input_ids"]
    gaps: Sequence[list[int]] = [[]] * len(tokens)
    if " " in tokenizer.tokenize("a b"):
        between = [text[one.end : other.start] for one, other in pairwise(tokens)]
        gaps = tokenizer([text[: tokens[0].start], *between], add_special_tokens=False)["input_ids"]
    for number, (gap, word) in enumerate(zip(gaps, words, strict=True)):
        yield gap, -1
        yield word, number


def _before(tokenizer: Any, part: list[int]) -> int:
    """How many marks stand before the text."""
    return int([*tokenizer.get_special_tokens_mask(part, already_has_special_tokens=False), 0].index(0))


def _places(count: int, windows: Sequence[Sequence[Piece]]) -> tuple[Place | None, ...]:
    """For each token its first piece, in the window where the nearer end is farthest."""
    best: list[tuple[tuple[int, int], float, Place] | None] = [None] * count
    for number, pieces in enumerate(windows):
        for nth, piece in enumerate(pieces):
            left = float("inf") if number == 0 else nth
            right = float("inf") if number == len(windows) - 1 else len(pieces) - 1 - nth
            told = (piece.order, -min(left, right), Place(number, piece.place))
            for token in range(piece.first, piece.last):
                known = best[token]
                best[token] = told if known is None else min(told, known)
    return tuple(each and each[2] for each in best)
