"""Asking models: the live one for Label Studio's requests, any version for a whole pool."""

from __future__ import annotations

from lsal.predicting.live import Live
from lsal.predicting.loading import Predictor, asked, load, showing, thoroughly, twice
from lsal.predicting.scoring import CHUNK, score

__all__ = ["CHUNK", "Live", "Predictor", "asked", "load", "score", "showing", "thoroughly", "twice"]
