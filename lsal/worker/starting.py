"""The open tasks before a control's first version: what the data alone say of them, their embeddings."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal import training
from lsal.desk import Desk
from lsal.models import MODELS
from lsal.models.kept_vectors import keeping
from lsal.predicting.asking import ahead, chunked
from lsal.predicting.scoring import CHUNK
from lsal.records import Control, Example, Pool, Progress
from lsal.strategies.blocks import Growing
from lsal.strategies.pools import finite, start_pool
from lsal.worker.steps import TASK, Steps

if TYPE_CHECKING:
    from lsal.records import Floats

AT_ONCE = 20_000
"""Tasks that are embedded together."""


def unseen(desk: Desk, steps: Steps, control: Control, examples: Iterable[Example], total: int) -> Pool:
    """The pool of tasks that no version can say anything about yet."""
    settings, ids = desk.home.settings(), array("q")
    model = MODELS[desk.family(control.name)](control, desk.options(control.name), settings.seed)
    keeping(model, desk.home.folder)

    def tell() -> None:
        steps.report(Progress(min(len(ids), total or len(ids)), total, "reading", unit=TASK))

    coming = ahead(chunked(examples, CHUNK), tell)
    try:
        vectors = _embedded(model, _noted(chain.from_iterable(coming), ids))
    finally:
        coming.close()
    found = np.frombuffer(ids, np.int64) if ids else np.zeros(0, np.int64)
    return start_pool(found, control, vectors, settings.seed, known_finite=True)


def _embedded(model: Any, examples: Iterator[Example]) -> Floats | None:
    """Chunk by chunk; a family that looks at the pool first, and cannot say so, is given all of it at once."""
    size = AT_ONCE
    if model.needs_pool and hasattr(model, "look_at"):
        first = list(training.seen(examples))
        if first:  # else people were faster: nothing is open any more
            model.look_at(first)
        examples = chain(first, examples)
    elif model.needs_pool:
        size = 2**62
    kept: Growing | None = None
    for chunk in chunked(examples, size):
        vectors = model.embed(chunk)
        if vectors is None:
            kept = None
            _read_all(examples)
            break
        kept = kept or Growing(vectors.shape[1])
        kept.add(finite(np.array(vectors, np.float32)))
    return kept.whole() if kept else None


def _noted(examples: Iterable[Example], ids: array[int]) -> Iterator[Example]:
    for example in examples:
        ids.append(example.task_id)
        yield example


def _read_all(examples: Iterator[Example]) -> None:
    """Their ids are needed all the same."""
    for _ in examples:
        pass
