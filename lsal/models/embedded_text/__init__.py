"""Texts by the embeddings of a frozen encoder, worked out once and kept, and a linear head that learns in seconds."""

from __future__ import annotations

from lsal.models.embedded_text.family import EmbeddedText

__all__ = ["EmbeddedText"]
