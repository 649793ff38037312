"""Networks of transformers that mark spans of texts: taggers of word pieces, given or made here."""

from __future__ import annotations

from lsal.models.transformers_tokens.family import TransformersTokens

__all__ = ["TransformersTokens"]
