"""Pools made out of predictions, or out of embeddings alone before there is a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.records import Control, Labels, Layout, Pool, Prediction, Regions, Spans, Target
from lsal.strategies.blocks import blocks

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
    counts = [len(prediction.chances) for prediction in predictions]
    chances = [prediction.chances for prediction in predictions]
    embedded = all(prediction.embedding is not None for prediction in [*predictions, *labelled])
    return Pool(
        task_ids=np.array([prediction.task_id for prediction in predictions], np.int64),
        chances=np.concatenate(chances) if chances else np.zeros((0, len(control.labels)), np.float32),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        seen=count_classes(control, targets),
        seed=seed,
        embeddings=_stack(predictions) if embedded else None,
        labelled_embeddings=_stack(labelled) if embedded else None,
        labelled_classes=_classes(control, targets) if labelled else None,
        members=_members(predictions),
        disagreement=_disagreement(predictions),
        prior=_prior(targets),
        objects=any(isinstance(p.target, Regions) and not _of_tokens(p.target) for p in predictions),
        tokens=any(_of_tokens(p.target) for p in predictions),
    )


def start_pool(task_ids: Sequence[int], control: Control, embeddings: Floats | None = None, seed: int = 0) -> Pool:
    """The pool before the first label: nobody has an opinion, so all chances are even, and nothing is found."""
    n, classes, parts = len(task_ids), max(1, len(control.labels)), control.draws or control.marks
    even = np.full((n, classes), 1 / classes, np.float32)
    return Pool(
        task_ids=np.array(task_ids, np.int64),
        chances=np.zeros((0, classes + 1), np.float32) if parts else even,
        offsets=np.zeros(n + 1, np.int64) if parts else np.arange(n + 1),
        seen=np.zeros(len(control.labels), np.int64),
        seed=seed,
        embeddings=None if embeddings is None else finite(np.array(embeddings, np.float32)),
        objects=control.draws and not control.by_words,
        tokens=control.marks or control.by_words,
    )


def some_of(pool: Pool, among: Ints, **changes: Any) -> Pool:
    """The pool with the tasks at these positions alone, in this order."""
    counts = np.diff(pool.offsets)[among]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    units = np.arange(offsets[-1]) + np.repeat(pool.offsets[:-1][among] - offsets[:-1], counts)
    kept = {
        "task_ids": pool.task_ids[among],
        "chances": pool.chances[units],
        "offsets": offsets,
        "embeddings": None if pool.embeddings is None else pool.embeddings[among],
        "members": None if pool.members is None else pool.members[:, units],
        "disagreement": None if pool.disagreement is None else pool.disagreement[among],
    }
    return replace(pool, **kept | changes)


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
    return finite(np.stack(vectors)) if vectors else None


def finite(vectors: Floats) -> Floats:
    """The same rows, changed in place: what is no number, or too large to be squared, counts as 0."""
    for rows in blocks(*vectors.shape):
        vectors[rows][~(np.abs(vectors[rows]) < LARGEST)] = 0
    return vectors
