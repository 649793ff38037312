"""Networks: built for a control's classes, told what another one knows, kept as plain tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.errors import BadData
from lsal.models import devices
from lsal.models.class_rows import fitted_module
from lsal.models.hub import HERE, quiet
from lsal.models.transformers_image.wishes import FAMILY

USUAL_SIZE = 224
AUTO = "AutoModelForImageClassification"


@dataclass(frozen=True, slots=True)
class Net:
    """A torch module of transformers, what makes its input of images, and the names of its classes."""

    module: Any
    processor: Any
    names: tuple[str, ...]

    @property
    def size(self) -> int:
        """The longest side in pixels that the processor makes of an image."""
        sizes = [dict(getattr(self.processor, name, None) or {}) for name in ("size", "crop_size")]
        return max((int(side) for size in sizes for side in size.values() if side), default=USUAL_SIZE)


def fitted_to(source: Net, names: Sequence[str], meaning: Mapping[str, str]) -> Net:
    """A network for the classes `names` with all that `source` knows; the caller sets the seed.

    Classes come along by their names, after `meaning` says what a name of the source is called here.
    """
    module = fitted_module(source.module, source.names, names, meaning, AUTO, FAMILY)
    return Net(module, source.processor, tuple(names))


def write_net(net: Net, folder: Path) -> None:
    """Write tensors and JSON."""
    with quiet(FAMILY, "vision"):
        net.module.save_pretrained(folder)
        net.processor.save_pretrained(folder)


def read_net(folder: Path, names: Sequence[str]) -> Net:
    """What `write_net` wrote. Raises BadData for what is damaged or missing."""
    with quiet(FAMILY, "vision") as transformers:
        try:
            module, found = transformers.AutoModelForImageClassification.from_pretrained(
                str(folder), dtype="float32", output_loading_info=True, use_safetensors=True, **HERE
            )
            processor = transformers.AutoImageProcessor.from_pretrained(str(folder), **HERE)
        except Exception as error:  # a damaged file of tensors or of JSON fails in every way
            said = devices.first_line(error)
            raise BadData(f"{folder} does not hold the network it says ({said})", "Train again: lsal train") from error
    if found["missing_keys"]:
        raise BadData(f"{folder} lacks weights: {min(found['missing_keys'])}", "Train again: lsal train")
    return Net(module.eval(), processor, tuple(names))
