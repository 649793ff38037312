"""From labelled texts to a network that learned them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsal.models import devices
from lsal.models.answers import class_indices, learnable, nothing_to_learn, prior_of, teaches, units_and_classes
from lsal.models.batches import CPU_BATCH, useful_batch
from lsal.models.hub import names_weights
from lsal.models.parting import parted
from lsal.models.transformers_image.loss import Loss, balancing
from lsal.models.transformers_text.lesson import Lesson
from lsal.models.transformers_text.nets import Net, fitted_to, given_net, random_net
from lsal.models.transformers_text.reading import text_of, windows_of
from lsal.models.transformers_text.teaching import teach
from lsal.models.transformers_text.wishes import Wishes
from lsal.protocols import Report
from lsal.records import Control, Example, Progress

if TYPE_CHECKING:
    from lsal.records import Floats

log = logging.getLogger(__name__)

RATE, RATE_OF_RANDOM = 5e-5, 1e-3
"""Steps of AdamW for weights that were given, and for what began as random ones."""
LEAST_CHECK = 5
"""Fewer texts say less of how good a network is than those that it learns from."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A network, how often its classes were seen, and from how many texts it learned."""

    net: Net
    prior: Floats
    count: int


@dataclass(frozen=True, slots=True)
class Given:
    """All that a training is given."""

    control: Control
    wishes: Wishes
    start: Net | None
    labelled: Sequence[Example]
    pool: Sequence[Example]
    check: Sequence[Example]
    seed: int
    report: Report


def learn(given: Given) -> Learned:
    """Train on what is labelled, with `start` or the wanted weights to begin with; BadData if nothing is usable."""
    control, report = given.control, given.report
    usable = [example for example in learnable(control, given.labelled) if text_of(example)]
    if not usable:
        raise nothing_to_learn(control, given.labelled)
    held = [example for example in given.check if teaches(control, example) and text_of(example)]
    train, held = (usable, held) if held else parted(usable, given.seed, LEAST_CHECK)
    class_indices(control, [*train, *held])
    report(Progress(0, 0, "reading texts"))
    net = _begun(given)
    lesson = _lesson(given, net, train, held or train)
    report(Progress(0, given.wishes.epochs, f"learning {len(train)} texts"))
    teach(lesson)
    return Learned(net, prior_of(control, class_indices(control, usable)), len(train))


def _begun(given: Given) -> Net:
    source = given.start or given_net(given.wishes)
    with devices.seeded(given.seed, "cpu"):
        if source is None:
            log.info("%s: random weights, as no weights are given", given.wishes.model or "a small BERT")
            texts = {example.task_id: text_of(example) for example in [*given.pool, *given.labelled]}
            source = random_net(given.wishes, list(texts.values()))
        return fitted_to(source, given.control.labels, given.control.aliases)


def _lesson(given: Given, net: Net, train: Sequence[Example], check: Sequence[Example]) -> Lesson:
    control, wishes, device = given.control, given.wishes, devices.best()
    length, classes = net.length(wishes), units_and_classes(control)[1]
    parts = [
        (windows_of(net.tokenizer, [text_of(e) for e in part], length, wishes.long), class_indices(control, part))
        for part in (train, check)
    ]
    useful = useful_batch(len(train))
    batch = wishes.batch or (min(CPU_BATCH, useful) if device == "cpu" else useful)
    weights = balancing(parts[0][1], control.several, classes) if wishes.balance else None
    rate = wishes.learning_rate or (RATE if names_weights(wishes.model) else RATE_OF_RANDOM)
    loss = Loss(control.several, weights)
    return Lesson(net, parts[0], parts[1], loss, wishes, length, batch, rate, device, given.seed, given.report)
