"""An encoder as it lies on disk: its files, what tells it from every other one, how it pools, how much it reads.

Nothing here loads the network: who has all embeddings already never waits for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lsal.errors import BadData, BadRequest
from lsal.files import read_json
from lsal.models.embedded_text.wishes import NOUN, Wishes
from lsal.models.hub import USUAL_LENGTH, absent, folder_of, most_tokens, names_weights

MEAN, CLS = "mean", "cls"
SIZES = ("hidden_size", "d_model", "dim", "n_embd", "emb_dim")
WORDS = ("tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt", "*.model")
"""The files of a tokenizer, of any make."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """`folder` holds the network, `pooling` is how its tokens become one vector, `length` the most tokens it gets.

    `digest` is that of all that decides about a text's embedding; `width` the numbers of one.
    """

    folder: Path
    pooling: str
    length: int
    width: int
    digest: str


def find_encoder(wishes: Wishes) -> Encoder:
    """The encoder that the options name. Raises BadRequest if it is not here, or cannot be used so."""
    top = folder_of(wishes.model, NOUN)
    try:
        return _found(top, wishes)
    except (BadData, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise absent(wishes.model, NOUN, error) from error


def _found(top: Path, wishes: Wishes) -> Encoder:
    modules = read_json(top / "modules.json", [])
    body = top / next((each["path"] for each in modules if each["type"].endswith("Transformer")), "")
    config = read_json(body / "config.json")
    if config is None or not names_weights(str(body)):
        raise OSError("it has no weights" if config else "it has no config.json")
    config = {**config, **config.get("text_config", {})}
    pooling = _pooling(top, modules, wishes.model)
    length = _length(body, config, wishes)
    width = next((int(config[name]) for name in SIZES if name in config), 1)
    return Encoder(body, pooling, length, width, _digest(body, pooling, length))


def _pooling(top: Path, modules: list[Mapping[str, Any]], model: str) -> str:
    """As sentence-transformers keeps it beside the network; the mean where nothing is said."""
    at = next((each["path"] for each in modules if each["type"].endswith("Pooling")), "1_Pooling")
    kept = read_json(top / at / "config.json", {})
    named = kept.get("pooling_mode")
    on = [name.removeprefix("pooling_mode_") for name, value in kept.items() if value is True and "pooling" in name]
    wanted = {"mean_tokens": MEAN, "cls_token": CLS}.get(on[0], on[0]) if len(on) == 1 else named or (on and str(on))
    if wanted and wanted not in (MEAN, CLS):
        raise BadRequest(f"'{model}' makes one vector of a text by {wanted}", "Give a model that does by mean or cls")
    return wanted or MEAN


def _length(body: Path, config: Mapping[str, Any], wishes: Wishes) -> int:
    """The tokens that are looked at: those wanted, else what the model was made for."""
    most = most_tokens(config)
    if wishes.length > most:
        raise BadRequest(f"'{wishes.model}' reads at most {most} tokens, not {wishes.length}", "Give a smaller length")
    made_for = read_json(body / "sentence_bert_config.json", {}).get("max_seq_length")
    made_for = made_for or read_json(body / "tokenizer_config.json", {}).get("model_max_length")
    return wishes.length or min(most, USUAL_LENGTH, int(made_for or USUAL_LENGTH))


def _digest(body: Path, pooling: str, length: int) -> str:
    weights = sorted(body.glob("*.safetensors")) or sorted(body.glob("*.bin"))
    words = sorted({path for name in WORDS for path in body.glob(name)})
    whole = hashlib.sha256(f"{pooling} {length}".encode())
    for path in (body / "config.json", *words, *weights):
        found = path.stat()
        whole.update(f"{path.name} {_file_digest(path, found.st_mtime_ns, found.st_size)}\n".encode())
    return whole.hexdigest()[:32]


@lru_cache(maxsize=256)
def _file_digest(path: Path, modified: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
