"""From predictions to a batch: what a strategy picked, and a share of tasks that it never saw."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lsal.errors import EmptyPool
from lsal.protocols import Strategy
from lsal.records import Control, Entry, Labels, Picks, Pool, Prediction, Ranking
from lsal.strategies import STRATEGIES

ToResult = Callable[[Prediction], list[dict[str, Any]]]


def rank(
    control: Control,
    pool: Pool,
    reserve: Sequence[int],
    strategy: str,
    size: int,
    share: float,
    predictions: Sequence[Prediction] = (),
    to_result: ToResult | None = None,
    versions: Mapping[str, int] | None = None,
    problems: Mapping[int, str] | None = None,
) -> Ranking:
    """A batch of `size` tasks, best first.

    `pool` is what the strategy may pick from, `predictions` its predictions in the same order
    (none before the first version). `reserve` are the open measuring tasks in the fixed random
    order: a `share` of the batch is their head, spread over the ranks and shown without a
    pre-annotation, so that nobody is anchored. Raises EmptyPool.
    """
    size = min(size, len(pool) + len(reserve))
    if size == 0:
        raise EmptyPool("Every task is labelled or skipped", "Add tasks to the project, or stop here")
    wanted = math.ceil(size * share - 1e-9)  # 100 * 0.07 is a little more than 7
    measuring = min(len(reserve), max(wanted, size - len(pool)))
    picked, why = [], "only measuring tasks are left"
    if size > measuring:
        choose: Strategy = STRATEGIES[strategy]
        picks = choose(pool, size - measuring)
        picked = [_entry(control, pool, picks, k, predictions, to_result) for k in range(len(picks.positions))]
        why = picks.why
    entries = _spread(picked, [Entry(task, 0.0, measuring=True) for task in reserve[:measuring]])
    return Ranking(
        tuple(entries), strategy, dict(versions or {}), time.time(), why, pool=len(pool), problems=dict(problems or {})
    )


def _entry(
    control: Control,
    pool: Pool,
    picks: Picks,
    k: int,
    predictions: Sequence[Prediction],
    to_result: ToResult | None,
) -> Entry:
    position = int(picks.positions[k])
    parts = {name: float(values[k]) for name, values in picks.parts.items()}
    task, score = int(pool.task_ids[position]), float(picks.scores[k])
    if not predictions or to_result is None:
        return Entry(task, score, parts=parts)
    told = predictions[position]
    return Entry(task, score, parts=parts, result={control.name: to_result(told)}, **doubts(control, told))


def doubts(control: Control, told: Prediction) -> dict[str, Any]:
    """The guess, its runner-up and the gap between them, for people to read; of objects and spans how many."""
    if control.several or not isinstance(told.target, Labels):
        nothing = not isinstance(told.target, Labels) and not told.target.items
        return {"guess": told.target.text, "chance": None if nothing else told.confidence}
    chances = told.chances
    order = chances[0].argsort()[::-1]
    second = order[1] if len(order) > 1 else order[0]
    return {
        "guess": control.labels[order[0]],
        "chance": float(chances[0, order[0]]),
        "runner_up": control.labels[second],
        "margin": float(chances[0, order[0]] - chances[0, second]),
    }


def _spread(picked: Sequence[Entry], measuring: Sequence[Entry]) -> list[Entry]:
    """Put the measuring tasks among the picked ones at even distances."""
    size, entries, queue = len(picked) + len(measuring), [], list(picked)
    places = {int((j + 0.5) * size / len(measuring)): entry for j, entry in enumerate(measuring)}
    for place in range(size):
        entries.append(places[place] if place in places else queue.pop(0))
    return entries
