"""ultralytics behind one door: silent, offline, with a folder of its own that goes when the process ends."""

from __future__ import annotations

import logging
import platform
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from lsal.errors import BadRequest
from lsal.models import devices
from lsal.settings import seclude_ultralytics


@lru_cache(maxsize=1)
def load() -> Any:
    """The package, imported; raises BadRequest where it is not installed.

    A notebook may have imported it before, with the settings of its user: those stay as they are,
    and what would send something is switched off in memory.
    """
    seclude_ultralytics(_own_folder())
    try:
        import torchvision  # noqa: F401  (its non-maximum suppression is used only if it is loaded)
        import ultralytics
        from PIL import Image
        from ultralytics.nn import tasks
        from ultralytics.utils import SETTINGS, SETTINGS_FILE, events, patches
    except ImportError as error:
        raise BadRequest(f"yolo needs ultralytics ({error})", "Install it: pip install 'lsal[yolo]'") from error
    events.events.enabled = False
    # Theirs looks for a plugin to install when a file is no image, and fails on that instead of the file.
    Image.open = patches._image_open
    tasks.SAFE_LOAD = True  # neither a `.pt` nor a yaml executes what it holds
    if Path(SETTINGS_FILE).is_relative_to(_own_folder()):
        SETTINGS.update({name: False for name, value in SETTINGS.items() if value is True})
        logging.getLogger("ultralytics").setLevel(logging.ERROR)
    return ultralytics


def device(wanted: Any = None) -> str:
    """Where networks run: what the user wants, else a GPU if there is one."""
    if "," in str(wanted):
        raise BadRequest(f"yolo trains on one device, not on {wanted}", "Name one: train={'device': 0}")
    if wanted is not None:
        return f"cuda:{wanted}" if str(wanted).isdigit() else str(wanted)
    return devices.best()


def layout(device: str) -> Any:
    """How a network's figures best lie in memory there: by channels where oneDNN computes, as ultralytics chooses."""
    import torch

    one_dnn = device == "cpu" and platform.machine() in ("AMD64", "x86_64") and torch.backends.mkldnn.is_available()
    return torch.channels_last if one_dnn else torch.contiguous_format


def loader_died(error: BaseException) -> bool:
    """Whether a process that loads images was ended by the system: mostly its shared memory was full."""
    return isinstance(error, RuntimeError) and "dataloader worker" in str(error).lower()


@lru_cache(maxsize=1)
def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="lsal-ultralytics-")


def _own_folder() -> Path:
    return Path(_scratch().name).resolve()
