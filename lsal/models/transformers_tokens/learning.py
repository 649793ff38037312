"""From marked texts to a tagger that learned them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lsal.models import devices
from lsal.models.answers import nothing_to_learn, unknown_label
from lsal.models.losses import balancing
from lsal.models.parting import parted
from lsal.models.texts import text_of
from lsal.models.tokens import Tagged, losses_of, tags_of, tokens_of
from lsal.models.transformers_tokens.lesson import SILENT, Lesson
from lsal.models.transformers_tokens.reading import Reading, readings_of
from lsal.models.transformers_tokens.tags import aliases_of, tags_for
from lsal.models.transformers_tokens.wishes import SORT, Wishes
from lsal.models.transformers_training.beginning import LEAST_CHECK, Beginning, batch_of, rate_of
from lsal.models.transformers_training.nets import Net, lean
from lsal.models.transformers_training.teaching import teach
from lsal.protocols import Report
from lsal.records import Control, Example, Progress, Spans

if TYPE_CHECKING:
    from lsal.records import Floats


@dataclass(frozen=True, slots=True)
class Learned:
    """A tagger, how often its tags were seen (tags,), from how many texts it learned, and what no tag could hold."""

    net: Net
    prior: Floats
    count: int
    losses: str


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


@dataclass(frozen=True, slots=True)
class Shown:
    """Windows of texts, the class of each piece or SILENT, and for each text how its spans became tags."""

    windows: list[list[int]]
    classes: list[list[int]]
    told: list[Tagged]

    def counts(self, tags: int) -> Floats:
        """How often each class is taught, at least once each: (tags,)."""
        seen = np.array([one for row in self.classes for one in row if one != SILENT], np.int64)
        return (np.bincount(seen, minlength=tags) + 1).astype(np.float32)


def learn(given: Given) -> Learned:
    """Train on what is marked, with `start` or the wanted weights to begin with; BadData if nothing is usable."""
    usable = [example for example in given.labelled if _teaches(example)]
    if not usable:
        raise nothing_to_learn(given.control, given.labelled)
    held = [example for example in given.check if _teaches(example)]
    train, held = (usable, held) if held else parted(usable, given.seed, LEAST_CHECK)
    given.report(Progress(0, 0, "reading texts"))
    _refuse_unknown(given.control, [*train, *held])
    net, knows = _begun(given)
    length = net.length(given.wishes)
    shown, checked = (_shown(net, part, given.control, length) for part in (train, held or train))
    counts = shown.counts(len(net.names))
    if not knows and not given.wishes.balance:
        lean(net, counts / counts.sum())
    given.report(Progress(0, given.wishes.epochs, f"learning {len(train)} texts"))
    teach(replace(_lesson(given, net, shown, checked, length), held_out=len(held)))
    return Learned(net, counts / counts.sum(), len(train), losses_of(shown.told))


def targets_of(reading: Reading, tags: Sequence[str], column: dict[str, int]) -> list[list[int]]:
    """The class of each piece of each window: that of the token it speaks for, SILENT elsewhere.

    A piece that speaks for several tokens says of the first that is in a span what it is.
    """
    classes = [[SILENT] * len(window) for window in reading.windows]
    for place, tag in zip(reading.places, tags, strict=True):
        if place is not None and classes[place.window][place.piece] in (SILENT, 0):
            classes[place.window][place.piece] = column[tag]
    return classes


def _shown(net: Net, examples: Sequence[Example], control: Control, length: int) -> Shown:
    column, shown = {tag: n for n, tag in enumerate(tags_for(control.labels))}, Shown([], [], [])
    readings = readings_of(net.tokenizer, [text_of(example) for example in examples], length)
    for example, reading in zip(examples, readings, strict=True):
        told = tags_of(reading.tokens, example.target.items if isinstance(example.target, Spans) else ())
        shown.told.append(told)
        shown.windows.extend(reading.windows)
        shown.classes.extend(targets_of(reading, told.tags, column))
    return shown


def _begun(given: Given) -> tuple[Net, bool]:
    control = given.control
    texts = {example.task_id: text_of(example) for example in [*given.pool, *given.labelled]}
    beginning = Beginning(given.start, given.wishes, SORT, texts.values(), given.seed)
    return beginning.net_for(tags_for(control.labels), lambda names: aliases_of(names, control))


def _lesson(given: Given, net: Net, shown: Shown, checked: Shown, length: int) -> Lesson:
    device, taught = devices.best(), sum(one != SILENT for row in shown.classes for one in row)
    lesson = Lesson(
        net=net,
        train=(shown.windows, shown.classes),
        check=(checked.windows, checked.classes),
        tokens=max(1.0, taught / len(shown.windows)),
        wishes=given.wishes,
        length=length,
        batch=batch_of(given.wishes, len(shown.windows), device),
        rate=rate_of(given.wishes),
        device=device,
        seed=given.seed,
        report=given.report,
    )
    return replace(lesson, weights=_balanced(shown, len(net.names))) if given.wishes.balance else lesson


def _balanced(shown: Shown, tags: int) -> Floats:
    """Weights by which rare tags count as much as frequent ones."""
    seen = np.array([one for row in shown.classes for one in row if one != SILENT], np.int64)
    return balancing(seen[:, None], several=False, classes=tags)


def _teaches(example: Example) -> bool:
    """Whether one has a word and was looked at; nothing marked is an answer too."""
    return isinstance(example.target, Spans) and bool(tokens_of(text_of(example)))


def _refuse_unknown(control: Control, examples: Sequence[Example]) -> None:
    """Raise BadData for a label that the control does not have."""
    for example in examples:
        for name in example.target.names if example.target is not None else ():
            if name not in control.labels:
                raise unknown_label(control, name)
