"""Pools made out of predictions, or out of embeddings alone before there is a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.records import Control, Labels, Layout, Pool, Prediction, Regions, Spans, Target
from lsal.strategies.blocks import blocks, picked

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

LARGEST = 1e15
"""Of a figure in an embedding: squared distances of longer rows do not fit float32."""


def make_pool(
    predictions: Sequence[Prediction],
    control: Control,
    targets: Sequence[Target] = (),
    labelled: Sequence[Prediction] = (),
    seed: int = 0,
) -> Pool:
    """The pool of `predictions` on unlabelled tasks.

    `targets` are the labels given so far; `labelled` the model's predictions on the same
    tasks in the same order, for their embeddings, or nothing.
    """
    return pool_of(stacked(predictions, control), control, targets, stacked(labelled, control), seed)


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said of n tasks, as arrays; the shapes are those of `Pool`.

    `embeddings` are None where one task has none, `members` and `disagreement` also where there is no task.
    """

    task_ids: Ints
    chances: Floats
    offsets: Ints
    embeddings: Floats | None = None
    members: Floats | None = None
    disagreement: Floats | None = None
    objects: bool = False
    tokens: bool = False

    def __len__(self) -> int:
        return len(self.task_ids)


def stacked(predictions: Sequence[Prediction], control: Control) -> Said:
    """The same as arrays, in order."""
    counts, chances = [len(one.chances) for one in predictions], [one.chances for one in predictions]
    return Said(
        task_ids=np.array([one.task_id for one in predictions], np.int64),
        chances=np.concatenate(chances) if chances else np.zeros((0, len(control.labels)), np.float32),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        embeddings=_stack(predictions),
        members=_members(predictions),
        disagreement=_disagreement(predictions),
        objects=any(isinstance(one.target, Regions) and not _of_tokens(one.target) for one in predictions),
        tokens=any(_of_tokens(one.target) for one in predictions),
    )


def pool_of(
    said: Said, control: Control, targets: Sequence[Target] = (), labelled: Said | None = None, seed: int = 0
) -> Pool:
    """The pool of what was `said` of unlabelled tasks; else as `make_pool`."""
    known = labelled if labelled is not None and len(labelled) else None
    embedded = (said.embeddings is not None or not len(said)) and (known is None or known.embeddings is not None)
    return Pool(
        task_ids=said.task_ids,
        chances=said.chances,
        offsets=said.offsets,
        seen=count_classes(control, targets),
        seed=seed,
        embeddings=said.embeddings if embedded else None,
        labelled_embeddings=known.embeddings if known and embedded else None,
        labelled_classes=_classes(control, targets) if known else None,
        members=said.members,
        disagreement=said.disagreement,
        prior=_prior(targets),
        objects=said.objects,
        tokens=said.tokens,
    )


def start_pool(
    task_ids: Sequence[int] | Ints,
    control: Control,
    embeddings: Floats | None = None,
    seed: int = 0,
    known_finite: bool = False,
) -> Pool:
    """The pool before the first label: nobody has an opinion, so all chances are even, and nothing is found.

    The embeddings are copied, unless they are `known_finite`: float32, and each figure small enough to be squared.
    """
    n, classes, parts = len(task_ids), max(1, len(control.labels)), control.draws or control.marks
    even = np.full((n, classes), 1 / classes, np.float32)
    return Pool(
        task_ids=np.array(task_ids, np.int64),
        chances=np.zeros((0, classes + 1), np.float32) if parts else even,
        offsets=np.zeros(n + 1, np.int64) if parts else np.arange(n + 1),
        seen=np.zeros(len(control.labels), np.int64),
        seed=seed,
        embeddings=embeddings if embeddings is None or known_finite else finite(np.array(embeddings, np.float32)),
        objects=control.draws and not control.by_words,
        tokens=control.marks or control.by_words,
    )


def some_of(pool: Pool, among: Ints, **changes: Any) -> Pool:
    """The pool with the tasks at these positions alone, in this order."""
    units, offsets = units_of(pool.offsets[:-1][among], np.diff(pool.offsets)[among])
    kept: dict[str, Any] = {
        "task_ids": pool.task_ids[among],
        "chances": picked(pool.chances, units),
        "offsets": offsets,
        "embeddings": None if pool.embeddings is None else picked(pool.embeddings, among),
        "members": None if pool.members is None else pool.members[:, units],
        "disagreement": None if pool.disagreement is None else pool.disagreement[among],
    }
    return replace(pool, **kept | changes)


def units_of(begins: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Which units tasks have that begin at `begins` and have so many each, (units,), and their offsets, (n + 1,)."""
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return np.arange(offsets[-1]) + np.repeat(begins - offsets[:-1], counts), offsets


def count_classes(control: Control, targets: Sequence[Target]) -> Ints:
    """How often each label of the control was given, (classes,)."""
    column = {label: i for i, label in enumerate(control.labels)}
    given = [column[name] for target in targets for name in _given(target) if name in column]
    return np.bincount(np.array(given, np.int64), minlength=len(control.labels)).astype(np.int64)


def _given(target: Target) -> Sequence[str]:
    """The classes that people gave: to an image's objects, and to spans, each by itself."""
    return target.names if isinstance(target, Labels) else [one.label for one in target.items]


def _of_tokens(target: Target) -> bool:
    """Whether the chances that go with such a target are those of tokens."""
    return isinstance(target, Spans | Layout)


def _classes(control: Control, targets: Sequence[Target]) -> Ints:
    """The first label's class index of each target, -1 for none."""
    column = {label: i for i, label in enumerate(control.labels)}
    return np.array([column.get(target.names[0], -1) if target.names else -1 for target in targets], np.int64)


def _prior(targets: Sequence[Target]) -> float | None:
    """What who always gives the commonest answer would get."""
    given = Counter(target.names for target in targets if isinstance(target, Labels))
    return max(given.values()) / given.total() if given else None


def _disagreement(predictions: Sequence[Prediction]) -> Floats | None:
    told = [one.disagreement for one in predictions if one.disagreement is not None]
    return np.array(told, np.float32) if len(told) == len(predictions) > 0 else None


def _members(predictions: Sequence[Prediction]) -> Floats | None:
    told = [one.members for one in predictions if one.members is not None]
    return np.concatenate(told, axis=1) if len(told) == len(predictions) > 0 else None


def _stack(predictions: Sequence[Prediction]) -> Floats | None:
    vectors = [prediction.embedding for prediction in predictions if prediction.embedding is not None]
    return finite(np.stack(vectors)) if len(vectors) == len(predictions) > 0 else None


def finite(vectors: Floats) -> Floats:
    """The same rows, changed in place: what is no number, or too large to be squared, counts as 0."""
    for rows in blocks(*vectors.shape):
        vectors[rows][~(np.abs(vectors[rows]) < LARGEST)] = 0
    return vectors
