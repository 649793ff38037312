"""A pretrained vision model of transformers, frozen: pictures in, one feature vector each out."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.models import devices
from lsal.models.hub import HERE, absent, quiet, where
from lsal.models.pixels import file_state, read_image

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
    with quiet("image_features", "vision") as transformers:
        try:
            processor = transformers.AutoImageProcessor.from_pretrained(where(name), **HERE)
            model = transformers.AutoModel.from_pretrained(where(name), **HERE).eval()
        except (OSError, ValueError) as error:
            raise absent(name, "vision model", error) from error
    return processor, model.to(devices.best())


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
