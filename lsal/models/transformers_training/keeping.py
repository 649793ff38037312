"""The network that the next training begins with: that of an earlier version."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lsal.models.networked import NETWORK, kept_in
from lsal.models.transformers_training.nets import Net, Sort, read_net
from lsal.models.transformers_training.wishes import Some, path_of

log = logging.getLogger(__name__)


def begun_from(folder: Path, sort: Sort, wishes: Some, names: Sequence[str]) -> tuple[Some, Net | None]:
    """The wishes with the model of an earlier version, and its network, whose classes had these names.

    Where the wishes have named another model since, that one is begun from: they come back without a network.
    """
    earlier = path_of(kept_in(folder)["options"].get("model"))
    if (wishes.model or earlier) != earlier:
        log.info("begins anew: the earlier version was another model")
        return wishes, None
    return replace(wishes, model=earlier), read_net(folder / NETWORK, names, sort)
