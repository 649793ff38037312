"""The text of an example, as every family of texts reads it."""

from __future__ import annotations

import re

from lsal.records import Example

SURROGATES = re.compile("[\ud800-\udfff]")
"""Halves of characters, which no tokenizer takes: an editor that counts in UTF-16 can cut one in two."""


def text_of(example: Example) -> str:
    """As many characters as the text has, so that places in it stay right; "" for what cannot be read."""
    return "" if example.input is None else SURROGATES.sub("\ufffd", str(example.input))


def words_of(example: Example) -> str:
    """The same without white space around it: for classes, places do not count."""
    return text_of(example).strip()
