"""One look of a network at a few texts: pieces filled up to one length, logits and last states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from lsal.records import Floats


class Look(NamedTuple):
    """Logits as the head gives them, the last states (n, pieces, d) before it, and which of (n, pieces) are text."""

    logits: Any
    states: Any
    mask: Any


def look(module: Any, tokenizer: Any, windows: Sequence[Sequence[int]], states: bool = False) -> Look:
    """What a network says of windows of numbered pieces; the states are None where it shows none."""
    import torch

    device = module.device
    filled = tokenizer.pad({"input_ids": list(windows)}, padding_side="right", return_tensors="pt").to(device)
    mask = filled["attention_mask"]
    half = device.type == "cuda" and torch.is_grad_enabled() and torch.cuda.is_bf16_supported()
    with torch.autocast(device.type, torch.bfloat16, enabled=half):
        out = module(input_ids=filled["input_ids"], attention_mask=mask, output_hidden_states=states)
    last = (getattr(out, "hidden_states", None) or getattr(out, "encoder_hidden_states", None) or [None])[-1]
    return Look(out.logits.float(), last if states else None, mask)


def width(module: Any) -> int:
    """How many numbers a state has."""
    config = module.config
    return int(getattr(config, "hidden_size", None) or getattr(config, "d_model", None) or config.dim)


def of_length_one(vectors: Floats) -> Floats:
    """Rows (n, d) scaled to length 1; those of zeros stay."""
    scaled: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return scaled
