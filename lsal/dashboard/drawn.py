"""Images made small, turned as people see them, with regions drawn on them in the colours of their classes."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from lsal.brushes import mask_of
from lsal.dashboard.colours import GREY
from lsal.errors import BadData
from lsal.geometry import corners
from lsal.opening import open_image
from lsal.records import Box, Brush, Point, Region

if TYPE_CHECKING:
    from PIL.Image import Image

MOST = 100
"""Regions on one picture: more of them hide each other."""
LINE, EDGE, RIM = 4, 6, 3
"""Pixels: a line in the colour of its class, on a darker one that sets it off from any photograph; a mask's rim."""
DARK = (0, 0, 0, 120)
TINT, VEIL = 60, 110
"""How opaque (of 255) the inside of an outline is, and a mask."""
QUALITY = 85

_log = logging.getLogger(__name__)


def small(path: Path, side: int) -> Image | None:
    """The picture as RGB, at most `side` pixels wide and high; None for a file that cannot be shown.

    A JPEG is decoded at a fraction of its size, so that large photographs cost little.
    """
    from PIL import ImageOps

    from lsal.models.pixels import rgb

    try:
        with open_image(path) as image:
            image.draft("RGB", (2 * side, 2 * side))
            if image.mode.startswith("I;16"):  # which Pillow cannot scale
                image = rgb(image)
            image.thumbnail((side, side))
            return rgb(ImageOps.exif_transpose(image))
    except Exception as error:  # decoders answer broken files with almost any error
        _log.info("no thumbnail of %s: %s", path, error)
        return None


def draw(image: Image, regions: Sequence[Region], colours: Mapping[str, str]) -> Image:
    """A copy of the picture with the regions on it, the surest on top; one of no known class is grey."""
    from PIL import Image as images

    drawn = image.convert("RGBA")
    for region in reversed(regions[:MOST]):
        layer = images.new("RGBA", drawn.size)
        try:
            _shape(layer, region, colours.get(region.label, GREY))
        except BadData as error:
            _log.info("a region is not drawn: %s", error)
        drawn.alpha_composite(layer)
    return drawn.convert("RGB")


def data_url(image: Image, form: str = "PNG") -> str:
    """The picture in a data: URL; photographs are much smaller as JPEG."""
    kept = BytesIO()
    # Without subsampling, or thin lines would lose their colour.
    image.save(kept, form, **({"quality": QUALITY, "subsampling": 0} if form == "JPEG" else {}))
    return f"data:image/{form.lower()};base64,{base64.b64encode(kept.getvalue()).decode()}"


def _shape(layer: Image, region: Region, colour: str) -> None:
    shape, size = region.shape, layer.size
    if isinstance(shape, Brush):
        _mask(layer, shape, colour)
    elif isinstance(shape, Box):
        _outline(layer, corners(shape, size), colour)
    elif shape.points:
        _outline(layer, shape.points, colour, TINT)


def _outline(layer: Image, points: Sequence[Point], colour: str, tint: int = 0) -> None:
    from PIL import ImageColor, ImageDraw

    width, height = layer.size
    # The outermost pixels are kept free: half a line would be lost there.
    ring = [(min(max(x * width, 1), width - 2), min(max(y * height, 1), height - 2)) for x, y in points]
    pen, full = ImageDraw.Draw(layer), (*ImageColor.getrgb(colour)[:3], 255)
    if tint and len(ring) > 2:
        pen.polygon(ring, fill=(*full[:3], tint))
    closed = [*ring, *ring[:2]]  # the first side twice: its corner is a joint too
    pen.line(closed, fill=DARK, width=EDGE, joint="curve")
    pen.line(closed, fill=full, width=LINE, joint="curve")


def _mask(layer: Image, brush: Brush, colour: str) -> None:
    from PIL import Image as images
    from PIL import ImageFilter

    mask = images.fromarray(mask_of(brush)).convert("L").resize(layer.size, images.Resampling.BOX)
    inside = mask.point(lambda share: 255 * (share > 127))
    core = inside.filter(ImageFilter.MinFilter(RIM))
    layer.paste(colour, mask=inside)
    layer.putalpha(images.composite(images.new("L", layer.size, VEIL), inside, core))
