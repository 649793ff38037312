"""From labelled texts to a network that learned them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsal.models import devices
from lsal.models.answers import class_indices, learnable, nothing_to_learn, prior_of, teaches, units_and_classes
from lsal.models.losses import Loss, balancing
from lsal.models.parting import parted
from lsal.models.texts import words_of
from lsal.models.transformers_text.lesson import Lesson
from lsal.models.transformers_text.reading import windows_of
from lsal.models.transformers_text.wishes import SORT, Wishes
from lsal.models.transformers_training.beginning import LEAST_CHECK, Beginning, batch_of, rate_of
from lsal.models.transformers_training.nets import Net
from lsal.models.transformers_training.teaching import teach
from lsal.protocols import Report
from lsal.records import Control, Example, Progress

if TYPE_CHECKING:
    from lsal.records import Floats


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
    usable = [example for example in learnable(control, given.labelled) if words_of(example)]
    if not usable:
        raise nothing_to_learn(control, given.labelled)
    held = [example for example in given.check if teaches(control, example) and words_of(example)]
    train, held = (usable, held) if held else parted(usable, given.seed, LEAST_CHECK)
    class_indices(control, [*train, *held])
    report(Progress(0, 0, "reading texts"))
    net = _begun(given)
    lesson = _lesson(given, net, train, held)
    report(Progress(0, given.wishes.epochs, f"learning {len(train)} texts"))
    teach(lesson)
    return Learned(net, prior_of(control, class_indices(control, usable)), len(train))


def _begun(given: Given) -> Net:
    control, texts = given.control, {example.task_id: words_of(example) for example in [*given.pool, *given.labelled]}
    beginning = Beginning(given.start, given.wishes, SORT, texts.values(), given.seed)
    return beginning.net_for(control.labels, lambda names: control.aliases)[0]


def _lesson(given: Given, net: Net, train: Sequence[Example], held: Sequence[Example]) -> Lesson:
    control, wishes, device = given.control, given.wishes, devices.best()
    length, classes = net.length(wishes), units_and_classes(control)[1]
    parts = [
        (windows_of(net.tokenizer, [words_of(e) for e in part], length, wishes.long), class_indices(control, part))
        for part in (train, held or train)
    ]
    weights = balancing(parts[0][1], control.several, classes) if wishes.balance else None
    return Lesson(
        net=net,
        train=parts[0],
        check=parts[1],
        loss=Loss(control.several, weights),
        wishes=wishes,
        length=length,
        batch=batch_of(wishes, len(train), device),
        rate=rate_of(wishes),
        device=device,
        seed=given.seed,
        report=given.report,
        held_out=len(held),
    )
