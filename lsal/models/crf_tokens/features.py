"""What a chain of tokens shows to the CRF: each word, its shape, its neighbours, and what the pool says of it.

The features are those that taggers of entities have had since Ratinov & Roth 2009.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from lsal.models.crf_tokens.vocabulary import Vocabulary
from lsal.models.tokens import Token

AROUND = (-2, -1, 1, 2)
AFFIX = 4
"""Letters of the longest prefix and suffix."""
RUNS = re.compile(r"(.)\1+")


def features_of(chain: Sequence[Token], known: Vocabulary) -> list[list[str]]:
    """For each token its features, as names."""
    own = [_own(token.text) for token in chain]
    pool = [known.features(token.text) for token in chain]
    shown = []
    for place in range(len(chain)):
        told = [*own[place], *pool[place], *_place(place, len(chain))]
        for step in AROUND:
            if 0 <= place + step < len(chain):
                told += [f"{step}{one}" for one in (*own[place + step][:2], *pool[place + step])]
        told += _pairs(own, place)
        shown.append(told)
    return shown


def shape(text: str) -> str:
    """A word by its kinds of letters: `McDonald's-42` is `XxXxxxxxx'x-dd`."""
    return "".join(_kind(sign) for sign in text)


@lru_cache(maxsize=50_000)
def _own(text: str) -> tuple[str, ...]:
    """The word in lower case and its short shape come first: they are what its neighbours see of it."""
    lower, long = text.lower(), shape(text)
    told = [f"w={lower}", f"s={RUNS.sub(chr(92) + '1', long)}", f"W={text}", f"S={long[:12]}"]
    told += [f"p={lower[:n]}" for n in range(1, min(AFFIX, len(lower)) + 1)]
    told += [f"e={lower[-n:]}" for n in range(1, min(AFFIX, len(lower)) + 1)]
    told += [name for name, holds in _traits(text) if holds]
    return tuple(told)


def _traits(text: str) -> Iterator[tuple[str, bool]]:
    yield "bias", True
    yield "title", text[:1].isupper() and text[1:].islower()
    yield "upper", text.isupper() and len(text) > 1
    yield "mixed", any(sign.isupper() for sign in text[1:]) and not text.isupper()
    yield "digit", text.isdigit()
    yield "digits", any(sign.isdigit() for sign in text)
    yield "@", text.startswith("@") and len(text) > 1
    yield "#", text.startswith("#") and len(text) > 1
    yield "link", text.startswith(("http", "www."))
    yield "sign", not any(sign.isalnum() for sign in text)


def _place(place: int, length: int) -> list[str]:
    return ["first"] * (place == 0) + ["last"] * (place == length - 1)


def _pairs(own: Sequence[Sequence[str]], place: int) -> list[str]:
    """The word, and its shape, with the one before and the one after."""
    told = []
    if place:
        told += [f"<{before}|{mine}" for before, mine in zip(own[place - 1][:2], own[place][:2], strict=True)]
    if place + 1 < len(own):
        told += [f">{mine}|{after}" for mine, after in zip(own[place][:2], own[place + 1][:2], strict=True)]
    return told


def _kind(sign: str) -> str:
    if sign.isupper():
        return "X"
    if sign.islower():
        return "x"
    if sign.isdigit():
        return "d"
    return "a" if sign.isalpha() else sign
