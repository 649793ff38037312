"""Networks of transformers that learn the classes of whole images, one or several at once."""

from __future__ import annotations

from lsal.models.transformers_image.family import TransformersImage

__all__ = ["TransformersImage"]
