"""Texts as a network gets them: tokens, cut at a length or in overlapping windows; the logits of a text's windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lsal.models.transformers_text.wishes import WINDOWS
from lsal.models.transformers_training.looking import look

OVERLAP = 4
"""A window begins in the last quarter of the one before."""
MOST_WINDOWS = 32
"""Of a text that is longer still, the rest is cut off."""

Windows = list[list[int]]
"""The tokens of one text, a list for each window."""


def windows_of(tokenizer: Any, texts: Sequence[str], length: int, long: str) -> list[Windows]:
    """The windows of each text, of at most `length` tokens; one each where long texts are cut."""
    if not texts:
        return []
    if long != WINDOWS or not tokenizer.is_fast:
        tokens = tokenizer(list(texts), truncation=True, max_length=length)["input_ids"]
        return [[each] for each in tokens]
    shared = length // OVERLAP
    read = tokenizer(list(texts), truncation=True, max_length=length, stride=shared, return_overflowing_tokens=True)
    found: list[Windows] = [[] for _ in texts]
    for tokens, owner in zip(read["input_ids"], read["overflow_to_sample_mapping"], strict=True):
        if len(found[owner]) < MOST_WINDOWS:
            found[owner].append(tokens)
    return found


def ask(module: Any, tokenizer: Any, texts: Sequence[Windows], states: bool = False) -> tuple[Any, Any]:
    """Logits (n, classes) of n texts, the mean over the windows of each; with `states` also the mean of their tokens.

    The latter, (n, d), is that of the last layer before the classes.
    """
    import torch

    every, last, mask = look(module, tokenizer, [window for text in texts for window in text], states)
    owners = torch.tensor([n for n, text in enumerate(texts) for _ in text], device=module.device)
    logits = _means(every, owners, len(texts))
    if last is None:
        return logits, logits
    shown = mask[:, :, None].float()
    return logits, _means((last.float() * shown).sum(1) / shown.sum(1).clamp(min=1), owners, len(texts))


def _means(rows: Any, owners: Any, count: int) -> Any:
    """The mean of the rows (windows, d) of each owner, (count, d)."""
    import torch

    total = rows.new_zeros((count, rows.shape[1])).index_add(0, owners, rows)
    return total / torch.bincount(owners, minlength=count)[:, None]
