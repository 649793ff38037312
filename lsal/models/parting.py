"""What a training is checked on where nothing was given for it: a fixed tenth of what is labelled."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from lsal.records import Example

CHECK_SHARE = 0.1
FEW = 10
"""With fewer examples than this, training is checked on what it learns from."""


def parted(examples: Sequence[Example], seed: int, least: int = 1) -> tuple[list[Example], list[Example]]:
    """Those to learn from, and those to check on; none to check on where there are FEW, or less than `least` drawn.

    A fixed draw by each example itself: the same ones check whatever else was labelled.
    """
    if len(examples) < FEW:
        return list(examples), []
    check = [example for example in examples if _is_checked(example, seed)] or [examples[0]]
    if len(check) < least:
        return list(examples), []
    held = {id(example) for example in check}
    return [example for example in examples if id(example) not in held], check


def _is_checked(example: Example, seed: int) -> bool:
    drawn = hashlib.sha256(f"{seed} {example.key}".encode()).digest()
    return int.from_bytes(drawn[:4], "big") < CHECK_SHARE * 2**32
