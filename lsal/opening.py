"""Opening images: large ones are allowed here, and so without the warning that Pillow has for them."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_filters = threading.Lock()


def open_image(path: Path) -> Image:
    """The file with its header read, to be closed by the caller.

    Raises what Pillow raises for what is no image, any OSError, ValueError or SyntaxError, and
    ValueError for one of more pixels than Pillow allows (about 179 million).
    """
    from PIL import Image

    with _filters, warnings.catch_warnings():  # the filters belong to the process, not to the thread
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            return Image.open(path)
        except Image.DecompressionBombError as error:
            raise ValueError(str(error)) from None
