"""The tasks that may be picked, as the model of each control sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lsal import engine, outlook, predicting
from lsal.desk import Desk
from lsal.models import MODELS
from lsal.models.kept_vectors import keeping
from lsal.protocols import Strategy
from lsal.ranking import Candidates
from lsal.records import Control, Example, Pool, Prediction, Progress, Task
from lsal.strategies import STRATEGIES
from lsal.strategies.pools import make_pool, start_pool
from lsal.worker.steps import Steps, told


@dataclass(frozen=True, slots=True)
class Read:
    """One control's candidates, why some tasks are not among them, and the labelled tasks that its pool knows."""

    asked: Candidates
    problems: Mapping[int, str]
    labelled: Sequence[int] = ()


def controls_to_rank(desk: Desk, live: Mapping[str, int]) -> tuple[list[str], list[float]]:
    """The controls whose models choose the batch, with the weight of each.

    Those that have a version, as the setting `rank_by` weighs them; before any, the first that a
    kind handles: the data alone say the same for all of them.
    """
    handled, weights = desk.need_handled(), desk.home.settings().rank_by or {}
    able = {name: float(weights.get(name, 0.0 if weights else 1.0)) for name in handled if name in live}
    chosen = {name: weight for name, weight in able.items() if weight > 0}
    if not chosen:  # of none that counts is there a version yet
        return [next(iter(able), next(iter(handled)))], [1.0]
    return list(chosen), list(chosen.values())


def candidates(
    desk: Desk, steps: Steps, name: str, tasks: Sequence[Task], live: Mapping[str, int], strategy: str, by: str = ""
) -> Read:
    """Read and score the `tasks` for one control, by its version in `live` if it has one; `by` this engine,
    if not the project's.
    """
    control, kind = desk.handled[name]
    with steps.step("read"):
        read = list(told(desk.examples(name, tasks), len(tasks), steps.report))
        problems = {e.task_id: why for e in read if (why := _problem(e, control))}
        examples = [e for e in read if e.task_id not in problems]
    with steps.step("score"):
        predictions, pool, unread, labelled = _score(desk, steps, control, examples, live, STRATEGIES[strategy], by)
    by_task = {e.task_id: e for e in examples}
    if name in live:
        outlook.sample.keep(desk.home, live[name], ((by_task[one.task_id].key, one.target) for one in predictions))

    def to_result(one: Prediction) -> list[dict[str, Any]]:
        return kind.result(control, one, by_task[one.task_id])

    return Read(Candidates(control, pool, predictions, to_result), problems | unread, labelled)


def _problem(example: Example, control: Control) -> str | None:
    """Why a task is kept out of the batch: a model has nothing but the prior to say about it,
    which is the greatest doubt there is, so that such tasks would head every queue.
    """
    if example.input is not None and not str(example.input).strip():
        return f"task {example.task_id}: field '{control.data_key}' is empty"
    return example.problem


def _score(
    desk: Desk,
    steps: Steps,
    control: Control,
    examples: Sequence[Example],
    live: Mapping[str, int],
    strategy: Strategy,
    by: str,
) -> tuple[list[Prediction], Pool, dict[int, str], list[int]]:
    """Predictions and the pool that they make up, why some tasks are not in it, and the labelled ones beside it."""
    settings, number = desk.home.settings(), live.get(control.name)
    version = desk.store.get(number) if number is not None else None
    if version is None:
        model = MODELS[desk.family(control.name)](control, desk.options(control.name), settings.seed)
        keeping(model, desk.home.folder)
        ids = [e.task_id for e in examples]
        return [], start_pool(ids, control, model.embed(examples) if examples else None, settings.seed), {}, []
    trained = [task for task in desk.mirror.labelled() if task.place >= settings.measuring_share]
    labelled = [e for e in desk.labelled(control.name, trained) if e.counts]

    def meanwhile() -> None:
        steps.report(Progress(0, 0, "scoring"))

    with engine.opened(by or settings.engine, settings.workers, settings.gpus, meanwhile) as executor:
        how = (executor, steps.report, desk.options(control.name), strategy)
        scored = predicting.score(version, control, [*examples, *labelled], *how)
    split = len(examples)
    predictions = [one for one in scored[:split] if not one.problem]
    unread = {one.task_id: f"task {one.task_id}: {one.problem}" for one in scored[:split] if one.problem}
    targets = [e.target for e in labelled if e.target is not None]
    pool = make_pool(predictions, control, targets, scored[split:], settings.seed + version.number)
    told = version.metrics.get("cross_validation") or {}  # one that was too dear to cross-validate has none
    pool = replace(pool, held_out=told.get("accuracy"), prior=told.get("commonest", pool.prior))
    return predictions, pool, unread, [e.task_id for e in labelled]
