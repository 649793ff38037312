"""Networks of transformers that learn the classes of whole texts, one or several at once."""

from __future__ import annotations

from lsal.models.transformers_text.family import TransformersText

__all__ = ["TransformersText"]
