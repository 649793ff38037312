"""Networks found on this machine: given weights, or a configuration whose weights are random; and their processors."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsal.errors import BadRequest
from lsal.models import devices
from lsal.models.hub import HERE, absent, names_weights, quiet
from lsal.models.transformers_image.nets import HEAD, USUAL_SIZE, Net
from lsal.models.transformers_image.wishes import FAMILY, NOUN, Wishes

log = logging.getLogger(__name__)

SMALL: dict[str, Any] = {"hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2], "layer_type": "basic"}
"""What makes a ResNet one of 18 layers."""


def given_net(wishes: Wishes) -> Net | None:
    """The network whose weights the options name; None if they name none, or a configuration alone.

    Raises BadRequest if there is no such model here, or it does not load.
    """
    if not names_weights(wishes.model):
        return None
    try:
        module, missing = HEAD.given(wishes.model)
    except (OSError, ValueError, RuntimeError) as error:
        raise absent(wishes.model, NOUN, error) from error
    HEAD.mind_missing(wishes.model, module, missing)
    _mind_size(wishes, module.config)
    names = tuple(name for _, name in sorted(module.config.id2label.items()))
    return Net(module, _processor(wishes, module.config), names)


def random_net(wishes: Wishes) -> Net:
    """A network of random weights, by the configuration that the options name; the caller sets the seed."""
    with quiet(FAMILY, "vision") as transformers:
        try:
            config = _configuration(transformers, wishes)
            module = HEAD.random(config)
        except (OSError, ValueError, TypeError) as error:
            said = devices.first_line(error)
            what = f"No network can be built from '{wishes.model}' ({said})"
            raise BadRequest(what, "Give the configuration of a model that classifies images") from error
        return Net(module.eval(), _processor(wishes, config), ())


def _configuration(transformers: Any, wishes: Wishes) -> Any:
    if wishes.model:
        config = transformers.AutoConfig.from_pretrained(str(Path(wishes.model)), **HERE)
    else:
        config = transformers.ResNetConfig(**SMALL)
    if wishes.size and hasattr(config, "image_size"):
        config.image_size = wishes.size
    return config


def _processor(wishes: Wishes, config: Any) -> Any:
    """The model's own; where it has none, or another size is wanted: whole images scaled into a square."""
    import transformers

    given: Any = None
    if wishes.model:
        try:
            path = Path(wishes.model)
            where = str(path.parent if path.is_file() else path) if path.exists() else wishes.model
            given = transformers.AutoImageProcessor.from_pretrained(where, **HERE)
        except (OSError, ValueError):
            log.info("%s has no processor of images: they are scaled into a square", wishes.model)
    if given is not None and not wishes.size:
        return given
    side = wishes.size or _side(config)
    kept = {name: value for name in ("image_mean", "image_std") if (value := getattr(given, name, None)) is not None}
    return transformers.ViTImageProcessor(size={"height": side, "width": side}, **kept)


def _side(config: Any) -> int:
    side = getattr(config, "image_size", None) or USUAL_SIZE
    return int(max(side) if isinstance(side, Sequence) else side)


def _mind_size(wishes: Wishes, config: Any) -> None:
    fixed = getattr(config, "image_size", None)
    if wishes.size and fixed and _side(config) != wishes.size:
        what = f"The weights of '{wishes.model}' are for images of {_side(config)} pixels, not {wishes.size}"
        raise BadRequest(what, "Leave out the option 'size', or give another model")
