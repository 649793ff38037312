"""Networks: with a head for a control's labels and one for none of them, what makes their input, kept as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.models.heads import Head, kept_whole
from lsal.models.hub import HERE, quiet, read_tokenizer
from lsal.models.layoutlmv3.wishes import FAMILY
from lsal.records import Control

HEAD = Head("AutoModelForTokenClassification", FAMILY)
NONE = ""
"""The last class of a network: none of the labels."""
OUTSIDE = "O"
"""What others call that."""
SPECIAL = 2
"""Tokens that begin and end every window."""


@dataclass(frozen=True, slots=True)
class Net:
    """A torch module, what makes its pixels and its tokens, and the names of its classes."""

    module: Any
    processor: Any
    tokenizer: Any
    names: tuple[str, ...]

    @property
    def size(self) -> int:
        """The side of the square in pixels that it sees."""
        return int(self.module.config.input_size)

    @property
    def length(self) -> int:
        """The most tokens that it takes at once; positions are counted from behind that of padding."""
        config = self.module.config
        return int(config.max_position_embeddings) - int(config.pad_token_id) - 1


def classes_of(control: Control) -> tuple[str, ...]:
    """The names of a network's classes for a control."""
    return (*control.labels, NONE)


def fitted_to(source: Net, control: Control) -> Net:
    """A network for a control's labels with all that `source` knows; the caller sets the seed."""
    known = [_plain(name) for name in source.names]
    names = classes_of(control)
    module = HEAD.fitted(source.module, [control.aliases.get(name, name) for name in known], names)
    return Net(module, source.processor, source.tokenizer, names)


def write_net(net: Net, folder: Path) -> None:
    """Write tensors and JSON."""
    with quiet(FAMILY, "vision"):
        for part in (net.module, net.processor, net.tokenizer):
            part.save_pretrained(folder)


def read_net(folder: Path, names: Sequence[str]) -> Net:
    """What `write_net` wrote. Raises BadData for what is damaged or missing."""
    with kept_whole(folder), quiet(FAMILY, "vision") as transformers:
        module = HEAD.read(folder)
        processor = transformers.LayoutLMv3ImageProcessor.from_pretrained(str(folder), **HERE)
        return Net(module, processor, read_tokenizer(str(folder), FAMILY), tuple(names))


def _plain(name: str) -> str:
    """A label without the sign for the begin or the inside of an entity, which others learn too."""
    return NONE if name == OUTSIDE else name.removeprefix("B-").removeprefix("I-")
