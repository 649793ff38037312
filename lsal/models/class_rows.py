"""Networks of transformers for other classes: rows of the head come along by the names of their classes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from lsal.models.hub import quiet

log = logging.getLogger(__name__)


def fitted_module(
    module: Any, known_names: Sequence[str], names: Sequence[str], meaning: Mapping[str, str], auto: str, family: str
) -> Any:
    """A module of the sort `auto` for the classes `names` with all that `module` knows; the caller sets the seed.

    A class comes along where the names are the same, after `meaning` says what a name that was known
    is called here; the others begin afresh, also where the numbers are the same.
    """
    import torch

    config = deepcopy(module.config)
    config.id2label = dict(enumerate(names))
    config.label2id = {name: n for n, name in enumerate(names)}
    with quiet(family) as transformers:
        fitted = getattr(transformers, auto).from_config(config, trust_remote_code=False).float()
    columns = {meaning.get(name, name): column for column, name in enumerate(known_names)}
    known, heads = module.state_dict(), head_tensors(config, auto, family)
    with torch.no_grad():
        for name, tensor in fitted.state_dict().items():
            if name in heads:
                _copy_rows(tensor, known.get(name), names, columns)
            elif name in known and known[name].shape == tensor.shape:
                tensor.copy_(known[name])
    log.info("%d of %d classes are known to the weights", sum(name in columns for name in names), len(names))
    return fitted.eval()


def head_tensors(config: Any, auto: str, family: str) -> set[str]:
    """The tensors with one row for each class: those that grow with the number of classes."""
    import torch

    shapes = []
    for more in (0, 1):
        wider = deepcopy(config)
        wider.id2label = {n: str(n) for n in range(len(config.id2label) + more)}
        with torch.device("meta"), quiet(family) as transformers:
            module = getattr(transformers, auto).from_config(wider, trust_remote_code=False)
        shapes.append({name: tensor.shape for name, tensor in module.state_dict().items()})
    return {name for name, shape in shapes[0].items() if shapes[1].get(name) != shape}


def _copy_rows(tensor: Any, known: Any, names: Sequence[str], columns: Mapping[str, int]) -> None:
    if known is None or known.shape[1:] != tensor.shape[1:]:
        return
    for row, name in enumerate(names):
        if name in columns:
            tensor[row] = known[columns[name]]
