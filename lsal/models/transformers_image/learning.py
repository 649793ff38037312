"""From labelled images to a network that learned them: what can be read is learned, the rest is told."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lsal.models import devices
from lsal.models.answers import (
    class_indices,
    learnable,
    nothing_to_learn,
    prior_of,
    teaches,
    trained_on,
    units_and_classes,
)
from lsal.models.batches import CPU_BATCH, useful_batch
from lsal.models.hub import names_weights
from lsal.models.lessons import Lesson, teach
from lsal.models.losses import Loss, balancing
from lsal.models.parting import parted
from lsal.models.transformers_image.deck import Deck
from lsal.models.transformers_image.finding import given_net, random_net
from lsal.models.transformers_image.nets import Net, fitted_to
from lsal.models.transformers_image.shelf import Shelf
from lsal.models.transformers_image.wishes import Wishes
from lsal.protocols import Report
from lsal.records import Control, Example

if TYPE_CHECKING:
    from lsal.records import Floats

log = logging.getLogger(__name__)

RATE, RATE_OF_RANDOM = 1e-4, 1e-3
"""Steps of AdamW for weights that were given, and for what began as random ones."""

LEAST_CHECK = 5
"""Fewer images say less of how good a network is than those that it learns from."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A network, how often its classes were seen, and why images were left out, by task."""

    net: Net
    prior: Floats
    problems: dict[int, str]
    told: str


def learn(
    control: Control,
    wishes: Wishes,
    start: Net | None,
    labelled: Sequence[Example],
    check: Sequence[Example],
    seed: int,
    report: Report,
) -> Learned:
    """Train on `labelled`, with `start` or the wanted weights to begin with; raises BadData if nothing is usable."""
    usable = learnable(control, labelled)
    held = [example for example in check if teaches(control, example)]
    train, held = (usable, held) if held else parted(usable, seed, LEAST_CHECK)
    class_indices(control, [*train, *held])
    net = _begun(control, wishes, start or given_net(wishes), seed)
    shelf = Shelf(net.size)
    decks = [_deck(control, net, shelf, part, wishes, report) for part in (train, held)]
    for task, reason in shelf.problems.items():
        log.warning("Task %s: %s", task, reason)
    if not len(decks[0]):
        raise nothing_to_learn(control, labelled, next(iter(shelf.problems.values()), ""))
    lesson = _lesson(control, wishes, net, decks, seed, report)
    teach(lesson)
    taught = [example for example in usable if example.task_id not in shelf.problems]
    prior = prior_of(control, class_indices(control, taught))
    return Learned(net, prior, shelf.problems, trained_on(len(decks[0]), shelf.problems))


def _begun(control: Control, wishes: Wishes, source: Net | None, seed: int) -> Net:
    with devices.seeded(seed, "cpu"):
        if source is None:
            log.info("%s: random weights, as no weights are given", wishes.model or "a small ResNet")
            source = random_net(wishes)
        return fitted_to(source, control.labels, control.aliases)


def _deck(control: Control, net: Net, shelf: Shelf, part: Sequence[Example], wishes: Wishes, report: Report) -> Deck:
    places = shelf.put(part, report)
    targets = class_indices(control, [shelf.example(place) for place in places])
    return Deck(shelf, net.processor, places, targets, wishes)


def _lesson(control: Control, wishes: Wishes, net: Net, decks: Sequence[Deck], seed: int, report: Report) -> Lesson:
    device, useful = devices.best(), useful_batch(len(decks[0]))
    batch = wishes.batch or (min(CPU_BATCH, useful) if device == "cpu" else useful)
    classes = units_and_classes(control)[1]
    weights = balancing(decks[0].targets, control.several, classes) if wishes.balance else None
    loss = Loss(control.several, weights)
    train, check = (replace(deck, loss=loss) for deck in (decks[0], decks[1] if len(decks[1]) else decks[0]))
    rate = wishes.learning_rate or (RATE if names_weights(wishes.model) else RATE_OF_RANDOM)
    how = (wishes.epochs, wishes.patience, batch, rate, device, seed, report)
    return Lesson(net.module, train, check, *how, net.size, held_out=len(decks[1]))
