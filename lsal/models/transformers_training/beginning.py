"""How a training begins: with which weights, how many texts a step, and how far it steps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lsal.models import devices
from lsal.models.batches import CPU_BATCH, useful_batch
from lsal.models.hub import names_weights
from lsal.models.transformers_training.nets import Net, Sort, fitted_to, given_net, random_net
from lsal.models.transformers_training.wishes import Wishes

log = logging.getLogger(__name__)

RATE, RATE_OF_RANDOM = 5e-5, 1e-3
"""Steps of AdamW for weights that were given, and for what began as random ones."""
LEAST_CHECK = 5
"""Fewer texts say less of how good a network is than those that it learns from."""


Called = Callable[[Sequence[str]], Mapping[str, str]]
"""What classes of a network, by their names, are called here."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a training begins with: a network that is at hand, or what is wished for, reading the pool's texts."""

    start: Net | None
    wishes: Wishes
    sort: Sort
    texts: Iterable[str]
    seed: int

    def net_for(self, names: Sequence[str], called: Called) -> tuple[Net, bool]:
        """A network for the classes `names`, see `nets.fitted_to`, and whether it knew some of them before."""
        source = self.start or given_net(self.wishes, self.sort)
        with devices.seeded(self.seed, "cpu"):
            if source is None:
                log.info("%s: random weights, as no weights are given", self.wishes.model or "a small BERT")
                source = random_net(self.wishes, list(self.texts), self.sort)
            meaning = called(source.names)
            knows = not {meaning.get(name, name) for name in source.names}.isdisjoint(names)
            return fitted_to(source, names, meaning), knows


def batch_of(wishes: Wishes, texts: int, device: str) -> int:
    """How many texts a step takes: as many as are wished, else what is of use for so few."""
    useful = useful_batch(texts)
    return wishes.batch or (min(CPU_BATCH, useful) if device == "cpu" else useful)


def rate_of(wishes: Wishes) -> float:
    """How far a step goes: as wished, else as suits the weights that training begins with."""
    return wishes.learning_rate or (RATE if names_weights(wishes.model) else RATE_OF_RANDOM)
