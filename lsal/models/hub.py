"""transformers behind one door: silent, without a look at the network, and clear about weights that are not here.

All families of transformers read through it: `quiet` gives the package, `HERE` says how everything
is read, `names_weights` what a user's `model` names, `absent` is the one error for what is not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lsal.errors import BadRequest
from lsal.models import devices
from lsal.settings import silence

HERE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""How everything is read: from what is on this machine, and executing nothing that lies beside the weights."""
WEIGHTS = (".safetensors", ".bin", ".index.json")
USUAL_LENGTH = 512
OFFSET = {"roberta", "xlm-roberta", "camembert", "mpnet", "xlm-roberta-xl", "roberta-prelayernorm"}
"""Types of networks whose first two positions are no text."""


@contextmanager
def quiet(family: str, extra: str = "text") -> Iterator[Any]:
    """The package; its bars and warnings are off meanwhile. Raises BadRequest where it is not installed."""
    silence()
    try:
        import torch  # noqa: F401, without it transformers imports all the same, and fails later
        import transformers
        from huggingface_hub import constants
        from transformers.utils import logging
    except ImportError as error:
        what = f"{family} needs torch and transformers ({error})"
        raise BadRequest(what, f"Install them: pip install 'lsal[{extra}]'") from error
    constants.HF_HUB_DISABLE_TELEMETRY = True  # it reads the variable once, at an import that may have been before ours
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield transformers
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def names_weights(model: str) -> bool:
    """Whether a model has weights: it is neither a file of JSON nor a folder with a configuration and nothing else."""
    path = _known.get(model) or Path(model)
    if not model or path.is_file():
        return bool(model) and path.suffix != ".json"
    if not (path / "config.json").is_file():
        return True
    return any(each.name.endswith(WEIGHTS) for each in path.iterdir())


_known: dict[str, Path] = {}
"""Where models lie that work from another machine names: it came with them."""


def know(places: Mapping[str, Path]) -> None:
    """From now on, these names mean these files and folders."""
    _known.update(places)


def here(model: str) -> Path:
    """What a model's name means as a path on this machine, whether or not there is something."""
    return _known.get(model) or Path(model).expanduser()


def places(options: Mapping[str, Any]) -> dict[str, Path]:
    """The file or folder of the model that options name, for work that goes to another machine; {} without one here."""
    model = options.get("model")
    if not isinstance(model, str) or not model:
        return {}
    try:
        return {model: here(model) if here(model).exists() else folder_of(model, "model")}
    except BadRequest:  # it may be there
        return {}


def where(model: str) -> str:
    """What transformers is asked for: a path as it is here, with `~`, else the name of a download."""
    path = here(model)
    return str(path) if path.exists() else model


def folder_of(model: str, noun: str) -> Path:
    """The folder of a model: one on this machine, or that of a download; raises BadRequest as `absent`."""
    path = here(model)
    if path.is_dir():
        return path
    try:
        from huggingface_hub import try_to_load_from_cache

        found = None if path.exists() else try_to_load_from_cache(model, "config.json")
    except ImportError as error:
        raise absent(model, noun, error) from error
    except ValueError:  # no name that a download could have
        found = None
    if not isinstance(found, str):
        raise absent(model, noun, ValueError("it is not a folder"))
    return Path(found).parent


def look_for(model: str, noun: str) -> None:
    """Raise BadRequest, as `absent`, if what a user's `model` names is not on this machine; "" names nothing."""
    if model and not here(model).exists():
        folder_of(model, noun)


def absent(model: str, noun: str, error: Exception) -> BadRequest:
    """The error for a model that is not here, or does not load; `noun` is what was looked for."""
    path = Path(model).expanduser()
    if path.exists():
        what = f"The {'folder' if path.is_dir() else 'file'} {model} holds no {noun} that loads"
        return BadRequest(f"{what} ({devices.first_line(error)})", "Give another folder: model=/path/to/folder")
    try:
        from huggingface_hub.constants import HF_HUB_CACHE as downloads
    except ImportError:
        downloads = "any cache"
    what = f"There is no {noun} '{model}' here: neither a folder of that name nor a download in {downloads}"
    return BadRequest(what, f"Give a path, model=/path/to/folder, or download it first: hf download {model}")


def most_tokens(config: Mapping[str, Any]) -> int:
    """The most tokens that a network of texts can read at once."""
    positions = config.get("max_position_embeddings") or config.get("n_positions") or USUAL_LENGTH
    return int(positions) - 2 * (config.get("model_type") in OFFSET)


def read_tokenizer(model: str, family: str) -> Any:
    """The tokenizer of a model: of a download, or of a folder, also of one with a tokenizer's files alone.

    Raises BadRequest if there is none here.
    """
    with quiet(family) as transformers:
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(where(model), **HERE)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise absent(model, "tokenizer", error) from error
    if tokenizer.pad_token is None:  # texts of one batch are made equally long; what fills them is masked
        known = tokenizer.get_vocab()
        filling = next((token for token in ("[PAD]", "<pad>") if token in known), None)
        tokenizer.pad_token = filling or tokenizer.eos_token or tokenizer.unk_token or min(known, key=known.__getitem__)
    return tokenizer
