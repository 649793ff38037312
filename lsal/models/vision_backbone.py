"""A pretrained vision model of transformers, frozen: pictures in, one feature vector each out."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.errors import BadRequest
from lsal.models.pixels import file_state, read_image
from lsal.settings import silence

if TYPE_CHECKING:
    from lsal.records import Floats


def frozen_features(name: str, path: Path) -> Floats:
    """Features of a picture by the model `name`, length 1, float32 (d,); remembered by path, time and size.

    Raises BadRequest if there is no such model here, BadData if the picture cannot be read.
    """
    return _features(name, *file_state(path))


@lru_cache(maxsize=20_000)
def _features(name: str, path: str, modified: int, size: int) -> Floats:
    image = read_image(Path(path))
    import torch

    processor, model = _backbone(name)
    with torch.inference_mode():
        pixels = processor(images=[image], return_tensors="pt")["pixel_values"].to(model.device)
        vector = _pooled(model, pixels).float().cpu().numpy()[0]
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)


@lru_cache(maxsize=1)
def _backbone(name: str) -> tuple[Any, Any]:
    """Processor and model, from a folder or from what was downloaded before; never from the network."""
    silence()
    import torch
    from transformers import AutoImageProcessor, AutoModel

    try:
        processor = AutoImageProcessor.from_pretrained(name, local_files_only=True)
        model = AutoModel.from_pretrained(name, local_files_only=True).eval()
    except (OSError, ValueError) as error:
        raise absent(name, error) from error
    return processor, model.to("cuda" if torch.cuda.is_available() else "cpu")


def _pooled(model: Any, pixels: Any) -> Any:
    """One vector per picture: the image tower's own, else the mean over tokens or places.

    A pooler is not asked: many checkpoints lack its weights, and transformers then draws random ones.
    """
    if hasattr(model, "get_image_features"):
        out = model.get_image_features(pixel_values=pixels)
        return out if hasattr(out, "shape") else out.pooler_output
    return mean_state(model(pixel_values=pixels).last_hidden_state)


def mean_state(states: Any) -> Any:
    """The mean over tokens (n, tokens, d), or over places (n, d, height, width)."""
    return states.mean(dim=1) if states.ndim == 3 else states.flatten(2).mean(dim=2)


def absent(name: str, error: Exception) -> BadRequest:
    """The error for a model that is not here, or does not load."""
    if Path(name).is_dir():
        reason = str(error).splitlines()[0]
        return BadRequest(f"The folder {name} holds no vision model that loads ({reason})", "Give another folder")
    from huggingface_hub.constants import HF_HUB_CACHE

    what = f"There is no vision model '{name}' here: neither a folder of that name nor a download in {HF_HUB_CACHE}"
    return BadRequest(what, f"Give a path, model=/path/to/folder, or download it first: hf download {name}")
