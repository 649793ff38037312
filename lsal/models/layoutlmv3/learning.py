"""From labelled pages to a network that learned them: what can be read is learned, the rest is told."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lsal.errors import BadData
from lsal.models import devices
from lsal.models.answers import nothing_to_learn, trained_on
from lsal.models.batches import CPU_BATCH, useful_batch
from lsal.models.hub import names_weights
from lsal.models.layoutlmv3.deck import Deck
from lsal.models.layoutlmv3.finding import given_net, random_net
from lsal.models.layoutlmv3.nets import Net, classes_of, fitted_to
from lsal.models.layoutlmv3.windows import windows_of
from lsal.models.layoutlmv3.wishes import Wishes
from lsal.models.lessons import Lesson, teach
from lsal.models.losses import LARGEST_WEIGHT
from lsal.models.parting import parted
from lsal.models.transformers_image.shelf import Shelf
from lsal.pages import layout_of
from lsal.protocols import Report
from lsal.records import Control, Example, Layout, Page, Regions

if TYPE_CHECKING:
    from lsal.records import Floats

log = logging.getLogger(__name__)

RATE, RATE_OF_RANDOM = 3e-5, 1e-3
"""Steps of AdamW for weights that were given, and for what began as random ones."""
LEAST_CHECK = 3
"""Fewer pages say less of how good a network is than those that it learns from."""
UNREAD = "it is an image without words: the task gives none"


@dataclass(frozen=True, slots=True)
class Learned:
    """A network, and why pages were left out, by task."""

    net: Net
    problems: dict[int, str]
    told: str


@dataclass(frozen=True, slots=True)
class Lecture:
    """What a training is about: the control, the options, the seed and who hears of it."""

    control: Control
    wishes: Wishes
    seed: int
    report: Report


def learn(
    given: Lecture,
    start: Net | None,
    labelled: Sequence[Example],
    pool: Sequence[Example],
    check: Sequence[Example],
) -> Learned:
    """Train on `labelled`, with `start` or the wanted weights to begin with; raises BadData if nothing is usable.

    The tokenizer of random weights is trained on the words of the `pool`.
    """
    usable, held = ([one for one in part if teaches(one)] for part in (labelled, check))
    if not usable:
        raise nothing_to_learn(given.control, labelled, _reason(labelled))
    train, held = (usable, held) if held else parted(usable, given.seed, LEAST_CHECK)
    words = {one.key: words_of(given.control, one) for one in [*train, *held]}
    net = _begun(given, start or given_net(given.wishes), [*pool, *usable])
    shelf = Shelf(net.size)
    decks = [_deck(given, net, shelf, part, words) for part in (train, held)]
    for task, reason in shelf.problems.items():
        log.warning("Task %s: %s", task, reason)
    if not len(decks[0]):
        raise nothing_to_learn(given.control, labelled, next(iter(shelf.problems.values()), ""))
    teach(_lesson(given, net, decks))
    pages = sum(one.task_id not in shelf.problems for one in train)
    return Learned(net, shelf.problems, trained_on(pages, shelf.problems, "pages"))


def teaches(example: Example) -> bool:
    """Whether one is a page with words that people looked at: nothing marked is an answer too."""
    page = example.input
    return isinstance(page, Page) and bool(page.words) and isinstance(example.target, Regions) and not example.problem


def words_of(control: Control, example: Example) -> list[int]:
    """The class of each word. Raises BadData for a label that the control does not have."""
    page, target = example.input, example.target
    assert isinstance(page, Page)
    assert isinstance(target, Regions)
    told = target if isinstance(target, Layout) and len(target.words) == len(page.words) else layout_of(target, page)
    column = {name: n for n, name in enumerate(classes_of(control))}
    if unknown := set(told.words) - set(column):
        known = ", ".join(control.labels)
        what = f"Control '{control.name}' has no label '{min(unknown)}', only: {known}"
        raise BadData(what, "Add it to the label config")
    return [column[label] for label in told.words]


def _reason(labelled: Sequence[Example]) -> str:
    without = any(one.input is not None and not isinstance(one.input, Page) for one in labelled)
    blank = any(isinstance(one.input, Page) and not one.input.words for one in labelled)
    problem = next((one.problem for one in labelled if one.problem), "")
    return problem or (UNREAD if without else "their pages have no words" if blank else "")


def _begun(given: Lecture, source: Net | None, seen: Sequence[Example]) -> Net:
    with devices.seeded(given.seed, "cpu"):
        if source is None:
            log.info("%s: random weights, as no weights are given", given.wishes.model or "a small LayoutLMv3")
            pages = {one.key: one.input for one in seen if isinstance(one.input, Page)}
            source = random_net(given.wishes, (word for page in pages.values() for word in page.words))
        return fitted_to(source, given.control)


def _deck(given: Lecture, net: Net, shelf: Shelf, part: Sequence[Example], words: dict[str, list[int]]) -> Deck:
    places, wishes = shelf.put(part, given.report), given.wishes
    pages = {place: shelf.example(place) for place in places}
    cut = [
        (place, window)
        for place, example in pages.items()
        if isinstance(example.input, Page)
        for window in windows_of(example.input, net, wishes.length, wishes.overlap)
    ]
    return Deck(shelf, net, cut, {place: words[example.key] for place, example in pages.items()})


def _lesson(given: Lecture, net: Net, decks: Sequence[Deck]) -> Lesson:
    wishes, device, useful = given.wishes, devices.best(), useful_batch(len(decks[0]))
    batch = wishes.batch or (min(CPU_BATCH, useful) if device == "cpu" else useful)
    weights = _balancing(decks[0], len(net.names)) if wishes.balance else None
    train, check = (replace(deck, weights=weights) for deck in (decks[0], decks[1] if len(decks[1]) else decks[0]))
    rate = wishes.learning_rate or (RATE if names_weights(wishes.model) else RATE_OF_RANDOM)
    how = (wishes.epochs, wishes.patience, batch, rate, device, given.seed, given.report)
    return Lesson(net.module, train, check, *how, net.size, "pages", len(decks[1].classes))


def _balancing(deck: Deck, classes: int) -> Floats:
    """Weights by which rare labels count as much as frequent ones, at most LARGEST_WEIGHT."""
    counts = np.bincount(np.concatenate([np.array(each) for each in deck.classes.values()]), minlength=classes)
    weights = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
    balanced: Floats = np.clip(weights, 1 / LARGEST_WEIGHT, LARGEST_WEIGHT).astype(np.float32)
    return balanced
