"""Networks: built for a control's classes, told what another one knows, kept as plain tensors."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.errors import BadData
from lsal.models import devices
from lsal.models.hub import HERE, quiet
from lsal.models.transformers_image.wishes import FAMILY

log = logging.getLogger(__name__)

USUAL_SIZE = 224


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

    A class comes along where the names are the same, after `meaning` says what a name of the source
    is called here; the others begin afresh, also where the numbers are the same.
    """
    import torch

    config = deepcopy(source.module.config)
    config.id2label = dict(enumerate(names))
    config.label2id = {name: n for n, name in enumerate(names)}
    with quiet(FAMILY, "vision") as transformers:
        module = transformers.AutoModelForImageClassification.from_config(config, trust_remote_code=False).float()
    columns = {meaning.get(name, name): column for column, name in enumerate(source.names)}
    known, heads = source.module.state_dict(), head_tensors(config)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name in heads:
                _copy_rows(tensor, known.get(name), names, columns)
            elif name in known and known[name].shape == tensor.shape:
                tensor.copy_(known[name])
    log.info("%d of %d classes are known to the weights", sum(name in columns for name in names), len(names))
    return Net(module.eval(), source.processor, tuple(names))


def head_tensors(config: Any) -> set[str]:
    """The tensors with one row for each class: those that grow with the number of classes."""
    import torch

    shapes = []
    for more in (0, 1):
        wider = deepcopy(config)
        wider.id2label = {n: str(n) for n in range(len(config.id2label) + more)}
        with torch.device("meta"), quiet(FAMILY, "vision") as transformers:
            module = transformers.AutoModelForImageClassification.from_config(wider, trust_remote_code=False)
        shapes.append({name: tensor.shape for name, tensor in module.state_dict().items()})
    return {name for name, shape in shapes[0].items() if shapes[1].get(name) != shape}


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


def _copy_rows(tensor: Any, known: Any, names: Sequence[str], columns: Mapping[str, int]) -> None:
    if known is None or known.shape[1:] != tensor.shape[1:]:
        return
    for row, name in enumerate(names):
        if name in columns:
            tensor[row] = known[columns[name]]
