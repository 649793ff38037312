"""Networks for texts: given weights, or random ones by a configuration; kept as a plain `save_pretrained` folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.errors import BadRequest
from lsal.models import devices
from lsal.models.heads import Head, kept_whole
from lsal.models.hub import HERE, USUAL_LENGTH, absent, most_tokens, names_weights, quiet, read_tokenizer, where
from lsal.models.transformers_training.wishes import Wishes
from lsal.models.word_pieces import word_pieces

if TYPE_CHECKING:
    from lsal.records import Floats

log = logging.getLogger(__name__)

SMALL: dict[str, Any] = {
    "hidden_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 256,
    "max_position_embeddings": 256,
}
"""What makes a BERT one that learns on a processor in seconds."""


@dataclass(frozen=True, slots=True)
class Sort:
    """Which networks a family is for: those that this class of transformers builds, called this in errors."""

    family: str
    noun: str
    auto: str

    @property
    def head(self) -> Head:
        """What they end in."""
        return Head(self.auto, self.family, "text")


@dataclass(frozen=True, slots=True)
class Net:
    """A torch module of transformers, its tokenizer, the names of its classes, and what sort it is of."""

    module: Any
    tokenizer: Any
    names: tuple[str, ...]
    sort: Sort

    def length(self, wishes: Wishes) -> int:
        """The most tokens that are read at once. Raises BadRequest if more are wanted than it can."""
        most = most_tokens(self.module.config.to_dict())
        if wishes.length > most:
            what = f"'{wishes.model or self.sort.family}' reads at most {most} tokens, not {wishes.length}"
            raise BadRequest(what, "Give a smaller length")
        return wishes.length or int(min(most, USUAL_LENGTH, self.tokenizer.model_max_length))


def given_net(wishes: Wishes, sort: Sort) -> Net | None:
    """The network whose weights the options name; None if they name none, or a configuration alone.

    Raises BadRequest if there is no such model here, or it does not load.
    """
    if not names_weights(wishes.model):
        return None
    tokenizer = read_tokenizer(wishes.model, sort.family)
    try:
        module, missing = sort.head.given(where(wishes.model))
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise absent(wishes.model, sort.noun, error) from error
    sort.head.mind_missing(wishes.model, module, missing)
    names = tuple(name for _, name in sorted(module.config.id2label.items()))
    return Net(_filling(module, tokenizer), tokenizer, names, sort)


def random_net(wishes: Wishes, texts: Sequence[str], sort: Sort) -> Net:
    """A network of random weights, by the configuration that the options name; the caller sets the seed.

    Where that has no tokenizer beside it, word pieces come from `texts`.
    """
    with quiet(sort.family) as transformers:
        tokenizer = _own_tokenizer(wishes, sort) or word_pieces(texts)
        try:
            config = _configuration(transformers, wishes)
            config.vocab_size = len(tokenizer)
            module = sort.head.random(config)
        except (OSError, ValueError, TypeError, KeyError) as error:
            what = f"No network can be built from '{wishes.model}' ({devices.first_line(error)})"
            raise BadRequest(what, f"Give the configuration of a {sort.noun}") from error
    return Net(_filling(module, tokenizer), tokenizer, (), sort)


def fitted_to(source: Net, names: Sequence[str], meaning: Mapping[str, str]) -> Net:
    """A network for the classes `names` with all that `source` knows; the caller sets the seed.

    Classes come along by their names, after `meaning` says what a name of the source is called here.
    """
    known = [meaning.get(name, name) for name in source.names]
    module = source.sort.head.fitted(source.module, known, names)
    return Net(module, source.tokenizer, tuple(names), source.sort)


def lean(net: Net, chances: Floats) -> None:
    """Let a head that knows nothing yet say how often each class is: it need not find that out first."""
    import torch

    heads = net.sort.head.tensors(net.module.config)
    with torch.no_grad():
        for name, tensor in net.module.state_dict().items():
            if name in heads and tensor.dim() == 1:
                tensor.copy_(torch.from_numpy(np.log(chances)))


def write_net(net: Net, folder: Path) -> None:
    """Write tensors and JSON, as `save_pretrained` does."""
    with quiet(net.sort.family):
        net.module.save_pretrained(folder)
        net.tokenizer.save_pretrained(folder)


def read_net(folder: Path, names: Sequence[str], sort: Sort) -> Net:
    """What `write_net` wrote. Raises BadData for what is damaged or missing."""
    with kept_whole(folder):
        return Net(sort.head.read(folder), read_tokenizer(str(folder), sort.family), tuple(names), sort)


def _configuration(transformers: Any, wishes: Wishes) -> Any:
    if wishes.model:
        return transformers.AutoConfig.from_pretrained(str(Path(wishes.model)), **HERE)
    return transformers.BertConfig(**SMALL)


def _own_tokenizer(wishes: Wishes, sort: Sort) -> Any:
    """The one beside a configuration, if there is one."""
    path = Path(wishes.model)
    beside = path.parent if path.is_file() else path
    if not wishes.model or not any(beside.glob("tokenizer*")):
        return None
    return read_tokenizer(str(beside), sort.family)


def _filling(module: Any, tokenizer: Any) -> Any:
    """Some networks look for the last token of a text by what fills up the shorter ones."""
    module.config.pad_token_id = tokenizer.pad_token_id
    return module.eval()
