"""Masks <-> Label Studio's run-length encoding, by the SDK. Imported when first used: the SDK takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsal.errors import BadData
from lsal.records import Brush

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRAWN = 255
PIXELS = 178_956_970
"""Of a mask, at most: as many as Pillow opens of an image."""
CHANNELS = 4
"""Label Studio keeps a mask as the pixels of an RGBA image; what is drawn shows in the last channel."""


def mask_of(brush: Brush) -> NDArray[Any]:
    """The mask (height, width), bool. Raises BadData for an encoding that does not fit its size."""
    from label_studio_sdk.converter.brush import decode_rle

    try:
        # How many values it unpacks to stands in front: looked at first, for so much memory is taken.
        if (
            int.from_bytes(brush.rle[:4]) != brush.width * brush.height * CHANNELS
            or brush.width * brush.height > PIXELS
        ):
            raise ValueError("it tells of another number of pixels, or of too many")
        flat = decode_rle(list(brush.rle))
        return flat.reshape(brush.height, brush.width, CHANNELS)[:, :, -1] > 0  # type: ignore[no-any-return]
    except (ValueError, IndexError, TypeError) as error:
        what = f"A brush stroke holds no mask of {brush.width} x {brush.height} pixels ({error})"
        raise BadData(what, "Draw it again") from None


def brush_of(mask: NDArray[Any]) -> Brush:
    """The brush stroke that draws a mask (height, width), true where it is drawn."""
    from label_studio_sdk.converter.brush import mask2rle

    height, width = mask.shape
    return Brush(bytes(mask2rle((mask > 0).astype("uint8") * DRAWN)), width, height)
