"""Networks found on this machine: given weights, or a configuration whose weights are random; and their tokenizers."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lsal.errors import BadRequest
from lsal.models import devices
from lsal.models.hub import HERE, absent, names_weights, quiet, read_tokenizer, where
from lsal.models.layoutlmv3.nets import HEAD, Net
from lsal.models.layoutlmv3.wishes import FAMILY, NOUN, Wishes

log = logging.getLogger(__name__)

SMALL: dict[str, Any] = {
    "hidden_size": 192,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 384,
    "coordinate_size": 32,
    "shape_size": 32,
    "max_position_embeddings": 514,
    "input_size": 112,
}
"""A network that learns from a few dozen pages on a CPU within minutes."""
KIND = "layoutlmv3"
"""What a configuration says of itself."""
VOCABULARY = 4000
SPECIALS = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
"""In the order of their numbers, which are those of a configuration that does not say otherwise."""


def given_net(wishes: Wishes) -> Net | None:
    """The network whose weights the options name; None if they name none, or a configuration alone.

    Raises BadRequest if there is no such model here, or it does not load.
    """
    if not names_weights(wishes.model):
        return None
    try:
        module, missing = HEAD.given(where(wishes.model))
    except (OSError, ValueError, RuntimeError) as error:
        raise absent(wishes.model, NOUN, error) from error
    if module.config.model_type != KIND:
        what = f"'{wishes.model}' is a {module.config.model_type}, which sees no pages"
        raise BadRequest(what, "Give the weights of a LayoutLMv3")
    HEAD.mind_missing(wishes.model, module, missing)
    if wishes.size not in (0, module.config.input_size):
        what = f"The weights of '{wishes.model}' are for pages of {module.config.input_size} pixels, not {wishes.size}"
        raise BadRequest(what, "Leave out the option 'size', or give another model")
    names = tuple(name for _, name in sorted(module.config.id2label.items()))
    tokenizer = read_tokenizer(wishes.model, FAMILY)
    return Net(module, _processor(wishes.model, module.config.input_size), _fast(tokenizer, wishes.model), names)


def random_net(wishes: Wishes, words: Iterable[str]) -> Net:
    """A network of random weights, by the configuration that the options name; the caller sets the seed.

    Where no tokenizer lies beside that, one is trained on `words`.
    """
    tokenizer = _tokenizer_beside(wishes.model) or trained_tokenizer(words)
    try:
        config = _configuration(wishes, len(tokenizer))
        module = HEAD.random(config)
    except (OSError, ValueError, TypeError) as error:
        what = f"No network can be built from '{wishes.model}' ({devices.first_line(error)})"
        raise BadRequest(what, "Give the configuration of a LayoutLMv3") from error
    return Net(module, _processor(wishes.model, config.input_size), tokenizer, ())


def trained_tokenizer(words: Iterable[str]) -> Any:
    """Byte-level BPE as LayoutLMv3 has it, of the pieces that are frequent in the words."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    with quiet(FAMILY, "vision") as transformers:
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        made.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=list(SPECIALS.values()),
            initial_alphabet=sorted(alphabet),
            show_progress=False,
        )
        made.train_from_iterator(sorted(Counter(words).elements()), trainer)
        tokens = {**SPECIALS, "cls_token": "<s>", "sep_token": "</s>"}
        return transformers.PreTrainedTokenizerFast(tokenizer_object=made, **tokens)


def _tokenizer_beside(model: str) -> Any:
    """The tokenizer of a model without weights, None where it has none."""
    path = Path(where(model)) if model else None
    folder = path.parent if path and path.is_file() else path
    if folder is None or not any((folder / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        return None
    return _fast(read_tokenizer(str(folder), FAMILY), model)


def _fast(tokenizer: Any, model: str) -> Any:
    """Words are cut into pieces, each known to be of which word: only fast tokenizers tell."""
    ends = (tokenizer.cls_token_id, tokenizer.sep_token_id)
    if getattr(tokenizer, "backend_tokenizer", None) is None or None in ends:
        what = f"The tokenizer of '{model}' does not tell which piece is of which word"
        raise BadRequest(what, "Give a model with a tokenizer.json, as LayoutLMv3's has")
    return tokenizer


def _configuration(wishes: Wishes, tokens: int) -> Any:
    with quiet(FAMILY, "vision") as transformers:
        if wishes.model:
            config = transformers.LayoutLMv3Config.from_pretrained(where(wishes.model), **HERE)
            config.vocab_size = max(tokens, config.vocab_size)
        else:
            config = transformers.LayoutLMv3Config(**SMALL, vocab_size=tokens)
    if wishes.size:
        config.input_size = wishes.size
    return config


def _processor(model: str, side: int) -> Any:
    """Whole pages scaled into a square, their colours as the model's own processor has them; words are given."""
    kept: dict[str, Any] = {}
    with quiet(FAMILY, "vision") as transformers:
        if model:
            path = Path(where(model))
            try:
                beside = str(path.parent) if path.is_file() else where(model)
                given = transformers.LayoutLMv3ImageProcessor.from_pretrained(beside, **HERE)
                kept = {name: getattr(given, name) for name in ("image_mean", "image_std")}
            except (OSError, ValueError):
                log.info("%s has no processor of images: colours are taken as usual", model)
        return transformers.LayoutLMv3ImageProcessor(apply_ocr=False, size={"height": side, "width": side}, **kept)
