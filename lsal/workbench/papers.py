"""Figures for papers: letters stay letters in PDF and SVG, and no file is replaced unasked."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from lsal.errors import BadRequest
from lsal.files import write_whole

LETTERS = {"pdf.fonttype": 42, "ps.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "lsal"}
"""TrueType in PDF, which publishers ask for; text in SVG, which can be searched and edited."""
FORMATS = (".png", ".svg", ".pdf")
DPI = 300


class PaperFigure(Figure):
    """A matplotlib figure whose letters stay letters in PDF and SVG."""

    def savefig(self, *given: Any, **more: Any) -> None:
        """As matplotlib saves it."""
        with matplotlib.rc_context(LETTERS):
            super().savefig(*given, **more)


def require_place(out: Path | str, force: bool = False) -> Path:
    """Where a figure can be written.

    Raises BadRequest for no PNG, SVG or PDF file, a folder that is not there, and, without `force`, a file that is.
    """
    place = Path(out).expanduser().resolve()
    if place.suffix.lower() not in FORMATS:
        raise BadRequest(f"The plot cannot be written as '{place.name}'", "Name a PNG, SVG or PDF file: --out FILE")
    if not place.parent.is_dir():
        raise BadRequest(f"There is no folder '{place.parent}' for the plot", "Make it, or name another: --out FILE")
    if place.exists() and not force:
        raise BadRequest(f"There is a '{place.name}' already", "Name another: --out FILE. Replace it: --force")
    return place


def write_figure(figure: Figure, out: Path | str, force: bool = False) -> Path:
    """Write a figure, whole or not at all; raises BadRequest as `require_place` does."""
    place = require_place(out, force)
    written, kind = BytesIO(), place.suffix.lower()[1:]
    undated = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    figure.savefig(written, format=kind, dpi=DPI, bbox_inches="tight", metadata=undated)
    try:
        write_whole(place, written.getvalue())
    except OSError as error:
        raise BadRequest(f"The plot cannot be written ({error})", "Name another place: --out FILE") from None
    return place
