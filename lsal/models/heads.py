"""Networks of transformers with a head for a control's classes: built, told what another one knows, read again."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.errors import BadData, BadRequest
from lsal.models import devices
from lsal.models.hub import HERE, quiet

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Head:
    """What a network ends in, by the name of the class that transformers has for it, and who asks: a `family`."""

    auto: str
    family: str
    extra: str = "vision"

    def random(self, config: Any) -> Any:
        """A network of random weights; the caller sets the seed. Raises what transformers does."""
        with quiet(self.family, self.extra) as transformers:
            return getattr(transformers, self.auto).from_config(config, trust_remote_code=False)

    def given(self, model: str) -> tuple[Any, Any]:
        """A network of given weights, and which tensors it lacks. Raises what transformers does."""
        with quiet(self.family, self.extra) as transformers:
            module, found = getattr(transformers, self.auto).from_pretrained(
                model, dtype="float32", output_loading_info=True, **HERE
            )
        return module.eval(), found["missing_keys"]

    def mind_missing(self, model: str, module: Any, missing: Sequence[str]) -> None:
        """Raise BadRequest for weights of something else: they would leave a random network, without a word."""
        body = set(module.state_dict()) - self.tensors(module.config)
        if len(body & set(missing)) > len(body) / 2:
            raise BadRequest(f"'{model}' holds no weights for {type(module).__name__}", "Give another model")

    def read(self, folder: Path) -> Any:
        """What was saved; within `kept_whole`."""
        with quiet(self.family, self.extra) as transformers:
            module, found = getattr(transformers, self.auto).from_pretrained(
                str(folder), dtype="float32", output_loading_info=True, use_safetensors=True, **HERE
            )
        if found["missing_keys"]:
            raise BadData(f"{folder} lacks weights: {min(found['missing_keys'])}", "Train again: lsal train")
        return module.eval()

    def fitted(self, source: Any, known: Sequence[str], names: Sequence[str]) -> Any:
        """A network for the classes `names` with all that `source` knows; `known` are its classes in our words.

        A class comes along where the names are the same; the others begin afresh, also where the numbers are the
        same. The caller sets the seed.
        """
        import torch

        config = deepcopy(source.config)
        config.id2label = dict(enumerate(names))
        config.label2id = {name: n for n, name in enumerate(names)}
        module = self.random(config).float()
        columns = {name: column for column, name in reversed([*enumerate(known)])}
        tensors, heads = source.state_dict(), self.tensors(config)
        with torch.no_grad():
            for name, tensor in module.state_dict().items():
                if name in heads:
                    _copy_rows(tensor, tensors.get(name), names, columns)
                elif name in tensors and tensors[name].shape == tensor.shape:
                    tensor.copy_(tensors[name])
        log.info("%d of %d classes are known to the weights", sum(name in columns for name in names), len(names))
        return module.eval()

    def tensors(self, config: Any) -> set[str]:
        """The tensors with one row for each class: those that grow with the number of classes."""
        import torch

        shapes = []
        for more in (0, 1):
            wider = deepcopy(config)
            wider.id2label = {n: str(n) for n in range(len(config.id2label) + more)}
            with torch.device("meta"):
                module = self.random(wider)
            shapes.append({name: tensor.shape for name, tensor in module.state_dict().items()})
        return {name for name, shape in shapes[0].items() if shapes[1].get(name) != shape}


@contextmanager
def kept_whole(folder: Path) -> Iterator[None]:
    """Around the reading of what was saved: raises BadData for what is damaged or missing."""
    try:
        yield
    except BadData:
        raise
    except Exception as error:  # a damaged file of tensors or of JSON fails in every way
        said = devices.first_line(error)
        raise BadData(f"{folder} does not hold the network it says ({said})", "Train again: lsal train") from error


def _copy_rows(tensor: Any, known: Any, names: Sequence[str], columns: dict[str, int]) -> None:
    if known is None or known.shape[1:] != tensor.shape[1:]:
        return
    for row, name in enumerate(names):
        if name in columns:
            tensor[row] = known[columns[name]]
