"""Networks: built for a control's classes, told what another one knows, kept as plain tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.models.heads import Head, kept_whole
from lsal.models.hub import HERE, quiet
from lsal.models.transformers_image.wishes import FAMILY

USUAL_SIZE = 224
HEAD = Head("AutoModelForImageClassification", FAMILY)


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
    known = [meaning.get(name, name) for name in source.names]
    return Net(HEAD.fitted(source.module, known, names), source.processor, tuple(names))


def write_net(net: Net, folder: Path) -> None:
    """Write tensors and JSON."""
    with quiet(FAMILY, "vision"):
        net.module.save_pretrained(folder)
        net.processor.save_pretrained(folder)


def read_net(folder: Path, names: Sequence[str]) -> Net:
    """What `write_net` wrote. Raises BadData for what is damaged or missing."""
    with kept_whole(folder), quiet(FAMILY, "vision") as transformers:
        module = HEAD.read(folder)
        processor = transformers.AutoImageProcessor.from_pretrained(str(folder), **HERE)
    return Net(module, processor, tuple(names))
