"""LayoutLMv3: the label of each word of a page, from the word, its place, and the image around it.

Huang et al. 2022, LayoutLMv3: Pre-training for Document AI with Unified Text and Image Masking.
"""

from __future__ import annotations

from lsal.models.layoutlmv3.family import LayoutLMv3

__all__ = ["LayoutLMv3"]
