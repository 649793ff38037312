"""Spans of texts by a linear-chain CRF: learns in seconds, offline."""

from __future__ import annotations

from lsal.models.crf_tokens.family import CrfTokens

__all__ = ["CrfTokens"]
