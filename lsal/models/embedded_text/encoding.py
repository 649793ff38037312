"""Texts into vectors by an encoder: those that are kept are looked up, the network is loaded for the others alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.errors import BadRequest
from lsal.models import devices
from lsal.models.batches import TEXT, halved
from lsal.models.embedded_text.encoder import CLS, Encoder
from lsal.models.embedded_text.wishes import FAMILY, NOUN
from lsal.models.hub import HERE, absent, quiet, read_tokenizer
from lsal.models.kept_vectors import digests, vectors
from lsal.protocols import Report
from lsal.records import Progress

if TYPE_CHECKING:
    from lsal.records import Floats

KEPT_AT_ONCE = 256
"""After so many new texts, what was worked out is kept, progress is told, and a cancel heard."""
CPU_BATCH = 16
GPU_BATCH = 128

_loading = threading.Lock()


def embedded(
    encoder: Encoder, texts: Sequence[str], keep_in: Path | None, batch: int = 0, report: Report | None = None
) -> Floats:
    """The embeddings of texts, float32 (n, d) of length 1; new ones are kept in the folder `keep_in`."""
    kept = vectors(keep_in, encoder.digest, encoder.width)
    keys, first, back = np.unique(digests(texts), return_index=True, return_inverse=True)
    found, known = kept.look_up(keys)
    rows = np.zeros((len(keys), encoder.width), np.float32)
    rows[found] = known
    missing = np.flatnonzero(~found)
    for begin in range(0, len(missing), KEPT_AT_ONCE):
        if report is not None:
            report(Progress(begin, len(missing), f"embedding texts, {len(texts)} in all"))
        part = missing[begin : begin + KEPT_AT_ONCE]
        rows[part] = _worked_out(encoder, [texts[first[place]] for place in part], batch)
        kept.keep(keys[part], rows[part])
    every: Floats = rows[back]
    return every


def _worked_out(encoder: Encoder, texts: Sequence[str], batch: int) -> Floats:
    """Batches of texts of about the same length: what fills the shorter ones up costs time."""
    with _loading:
        tokenizer, module = _network(encoder)
    tokens = tokenizer(list(texts), truncation=True, max_length=encoder.length)["input_ids"]
    order = sorted(range(len(texts)), key=lambda place: len(tokens[place]))
    size = batch or (CPU_BATCH if module.device.type == "cpu" else GPU_BATCH)
    rows = np.zeros((len(texts), encoder.width), np.float32)
    for begin in range(0, len(order), size):
        places = order[begin : begin + size]
        rows[places] = _pooled(encoder, tokenizer, module, [tokens[place] for place in places])
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return rows


def _pooled(encoder: Encoder, tokenizer: Any, module: Any, tokens: Sequence[Sequence[int]]) -> Floats:
    """One vector for each text; in halves where memory does not hold the whole."""
    try:
        return _forward(encoder, tokenizer, module, tokens)
    except RuntimeError as error:
        if not devices.out_of_memory(error):
            raise
        half = halved(len(tokens), encoder.length, str(module.device), error, TEXT)
    devices.release()
    parts = [_pooled(encoder, tokenizer, module, each) for each in (tokens[:half], tokens[half:])]
    return np.concatenate(parts)


def _forward(encoder: Encoder, tokenizer: Any, module: Any, tokens: Sequence[Sequence[int]]) -> Floats:
    import torch

    filled = tokenizer.pad({"input_ids": list(tokens)}, return_tensors="pt").to(module.device)
    given = {name: filled[name] for name in ("input_ids", "attention_mask")}
    on_gpu = module.device.type == "cuda"
    short = torch.bfloat16 if on_gpu and torch.cuda.is_bf16_supported() else torch.float16
    with torch.inference_mode(), torch.autocast(module.device.type, short, enabled=on_gpu):
        states = module(**given).last_hidden_state.float()
    mask = given["attention_mask"][:, :, None].float()
    first = mask.argmax(dim=1, keepdim=True).expand(-1, 1, states.shape[2])  # where a tokenizer fills from the left
    one = states.gather(1, first)[:, 0] if encoder.pooling == CLS else (states * mask).sum(1) / mask.sum(1).clamp(min=1)
    pooled: Floats = one.cpu().numpy()
    return pooled


@lru_cache(maxsize=1)
def _network(encoder: Encoder) -> tuple[Any, Any]:
    """Tokenizer and network, kept for the next text; of one that also decodes, the half that reads."""
    where = str(encoder.folder)
    tokenizer = read_tokenizer(where, FAMILY)
    with quiet(FAMILY) as transformers:
        try:
            module, found = transformers.AutoModel.from_pretrained(
                where, dtype="float32", output_loading_info=True, **HERE
            )
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise absent(where, NOUN, error) from error
    if 2 * len(found["missing_keys"]) > len(module.state_dict()):
        raise BadRequest(f"'{where}' holds no weights for {type(module).__name__}", "Give another model")
    if module.config.is_encoder_decoder:
        module = module.get_encoder()
    return tokenizer, module.to(devices.best()).eval()
