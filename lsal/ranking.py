"""From predictions to a batch: what a strategy picked, what a person wished, and a share of tasks that neither saw."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lsal.errors import EmptyPool
from lsal.phrases import counted
from lsal.protocols import Strategy
from lsal.records import Control, Entry, Labels, Picks, Pool, Prediction, Ranking, Wishes
from lsal.strategies import STRATEGIES, measures
from lsal.strategies.pools import some_of

ToResult = Callable[[Prediction], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What one control's model says about the tasks that may be picked.

    `predictions` stand in the order of the pool; there are none before the control's first version.
    `weight` is how large a part of the batch it chooses, beside the other controls.
    """

    control: Control
    pool: Pool
    predictions: Sequence[Prediction] = ()
    to_result: ToResult | None = None
    weight: float = 1.0


def rank(
    candidates: Sequence[Candidates],
    reserve: Sequence[int],
    strategy: str,
    size: int,
    share: float,
    versions: Mapping[str, int] | None = None,
    problems: Mapping[int, str] | None = None,
    again: Sequence[Entry] = (),
    wishes: Wishes | None = None,
) -> Ranking:
    """A batch of `size` tasks, best first, chosen by all `candidates` in turns: see `in_turns`.

    `reserve` are the open measuring tasks in the fixed random order, `size` of them suffice: a `share` of the batch is
    their head, spread over the ranks and shown without a pre-annotation, so that nobody is
    anchored. So are the labelled tasks to be answered `again`. What a person pinned stands before all
    that a strategy picked, in their order. Raises EmptyPool.
    """
    wishes = wishes or Wishes()
    free, later = _as_wished(candidates, wishes)
    pool = len(wishes.pinned) + _tasks(free) + _tasks(later)
    size = min(size, pool + len(reserve) + len(again))
    if size == 0:
        raise _nothing_left(wishes, problems or {})
    wanted = math.ceil(size * share - 1e-9)  # 100 * 0.07 is a little more than 7
    measuring = min(len(reserve), max(wanted, size - pool - len(again)))
    pinned = [_pinned(candidates, task) for task in wishes.pinned[: size - measuring]]
    again = again[: size - measuring - len(pinned)]
    picked, why = _chosen(free, later, strategy, size - measuring - len(pinned) - len(again))
    why = "; ".join([f"{len(pinned)} pinned by a person"] * bool(pinned) + [why] * bool(why))
    why = why or ("only labelled tasks that are looked at again are left" if again else "only measuring tasks are left")
    entries = _spread(_spread([*pinned, *picked], again), [Entry(t, 0.0, measuring=True) for t in reserve[:measuring]])
    return Ranking(
        tuple(entries), strategy, dict(versions or {}), time.time(), why, pool=pool, problems=dict(problems or {})
    )


def _nothing_left(wishes: Wishes, problems: Mapping[int, str]) -> EmptyPool:
    if wishes.excluded:
        what = f"{counted(len(wishes.excluded), 'task')} left, excluded by a person, and no other one that can be read"
        return EmptyPool(what, "Give some back: lsal give-back --all")
    if problems:
        what = (
            f"None of the {counted(len(problems), 'open task')} can be read; the first: {next(iter(problems.values()))}"
        )
        return EmptyPool(what, "Correct the tasks, or the label config")
    return EmptyPool("Every task is labelled or skipped", "Add tasks to the project, or stop here")


def _as_wished(candidates: Sequence[Candidates], wishes: Wishes) -> tuple[list[Candidates], list[Candidates]]:
    """The candidates that a strategy may pick from, and those for when no other one is left."""
    apart, last = (np.array(ids, np.int64) for ids in ((*wishes.pinned, *wishes.excluded, *wishes.last), wishes.last))
    if not len(apart):
        return list(candidates), []
    held = [np.isin(one.pool.task_ids, apart) for one in candidates]
    free = [_some(one, np.flatnonzero(~out)) for one, out in zip(candidates, held, strict=True)]
    later = [_some(one, np.flatnonzero(np.isin(one.pool.task_ids, last))) for one in candidates] if len(last) else []
    return free, later


def _some(one: Candidates, among: Any) -> Candidates:
    """The candidates at these positions alone; of all of them nothing is copied."""
    if len(among) == len(one.pool):
        return one
    told: Any = one.predictions
    some = told.among(among) if hasattr(told, "among") else [told[place] for place in among] if told else []
    return replace(one, pool=some_of(one.pool, among), predictions=some)


def _tasks(candidates: Sequence[Candidates]) -> int:
    """How many different tasks they are."""
    if len(candidates) == 1:
        return len(candidates[0].pool)
    return len(np.unique(np.concatenate([one.pool.task_ids for one in candidates]))) if candidates else 0


def _chosen(free: Sequence[Candidates], later: Sequence[Candidates], strategy: str, n: int) -> tuple[list[Entry], str]:
    """What the strategy picks, and for want of others what was pushed last, in the strategy's order too."""
    picked, why = _picked(free, strategy, n) if n and _tasks(free) else ([], "")
    room = n - len(picked)
    if not room or not _tasks(later):
        return picked, why
    more, _ = _picked(later, strategy, room)
    told = f"{len(more)} that were pushed last, no other one is left"
    return [*picked, *(replace(one, probability=None) for one in more)], f"{why}; {told}" if why else told


def _pinned(candidates: Sequence[Candidates], task: int) -> Entry:
    """A task that a person chose, with what every model says of it; one that no model can read without."""
    results, told, score = dict[str, list[dict[str, Any]]](), dict[str, Any](), 0.0
    for one in candidates:
        places = np.flatnonzero(one.pool.task_ids == task)
        if len(places) and one.predictions and one.to_result:
            said = one.predictions[int(places[0])]
            results[one.control.name] = one.to_result(said)
            if not told:
                told, score = doubts(one.control, said), float(measures.margin(some_of(one.pool, places))[0])
    return Entry(task, score, parts={"uncertainty": score} if told else {}, result=results, pinned=True, **told)


def in_turns(orders: Sequence[Sequence[int]], weights: Sequence[float], n: int) -> list[tuple[int, int]]:
    """Take `n` tasks from the heads of several orders: pairs of the order and the place in it.

    An order of twice the weight is taken from twice as often; a task that was taken already is
    passed over. It is the alternating selection of Reichart et al. (2008, Multi-Task Active Learning
    for Linguistic Annotations), with weights: scores of different models cannot be compared, turns can.
    """
    taken, found, places = set[int](), list[tuple[int, int]](), [0] * len(orders)
    turns = [0] * len(orders)
    while len(found) < n:
        for which, order in enumerate(orders):
            while places[which] < len(order) and order[places[which]] in taken:
                places[which] += 1
        able = [which for which, order in enumerate(orders) if places[which] < len(order)]
        if not able:
            break
        which = min(able, key=lambda one: (turns[one] + 1) / weights[one])
        turns[which] += 1
        taken.add(orders[which][places[which]])
        found.append((which, places[which]))
    return found


def _picked(candidates: Sequence[Candidates], strategy: str, n: int) -> tuple[list[Entry], str]:
    choose: Strategy = STRATEGIES[strategy]
    asked = [one for one in candidates if one.weight > 0 and len(one.pool)]
    picks = [choose(one.pool, n) for one in asked]
    orders = [[int(one.pool.task_ids[p]) for p in found.positions] for one, found in zip(asked, picks, strict=True)]
    taken = in_turns(orders, [one.weight for one in asked], n)
    known = [_told_of(one, [orders[which][k] for which, k in taken]) for one in candidates]
    entries = []
    for which, k in taken:
        results = {
            one.control.name: one.to_result(told[orders[which][k]])
            for one, told in zip(candidates, known, strict=True)
            if one.to_result and orders[which][k] in told
        }
        # Turns between several controls leave no chance that could be told.
        chance = chance_of(picks[which], k) if len(asked) == 1 else None
        entries.append(replace(_entry(asked[which], picks[which], k, results), probability=chance))
    whys = [f"{one.control.name}: {found.why}" for one, found in zip(asked, picks, strict=True)]
    return entries, "; ".join(whys) if len(whys) > 1 else picks[0].why


def _told_of(one: Candidates, tasks: Sequence[int]) -> dict[int, Prediction]:
    """What is told of some tasks; nothing of those that are not among the candidates."""
    if not one.predictions:
        return {}
    places = np.flatnonzero(np.isin(one.pool.task_ids, np.array(tasks, np.int64)))
    return {int(one.pool.task_ids[place]): one.predictions[place] for place in places.tolist()}


def chance_of(picks: Picks, k: int) -> float | None:
    """The chance of inclusion of the k-th pick; None where a strategy decided, which says 0 or nothing."""
    chance = math.nan if picks.probability is None else float(picks.probability[k])
    return chance if 0 < chance <= 1 else None


def _entry(by: Candidates, picks: Picks, k: int, results: Mapping[str, list[dict[str, Any]]]) -> Entry:
    position = int(picks.positions[k])
    parts = {name: float(values[k]) for name, values in picks.parts.items()}
    task, score = int(by.pool.task_ids[position]), float(picks.scores[k])
    told = doubts(by.control, by.predictions[position]) if by.predictions else {}
    return Entry(task, score, parts=parts, result=results, **told)


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


def _spread(picked: Sequence[Entry], among: Sequence[Entry]) -> list[Entry]:
    """Put the entries of the second list among the picked ones at even distances."""
    size, entries, queue = len(picked) + len(among), [], list(picked)
    places = {int((j + 0.5) * size / len(among)): entry for j, entry in enumerate(among)}
    for place in range(size):
        entries.append(places[place] if place in places else queue.pop(0))
    return entries
