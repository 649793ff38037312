"""Rank and publish: score what is open, pick a batch, put it at the head of the real queue, verify."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lsal import predicting, publishing, ranking
from lsal.desk import Desk
from lsal.engine import ENGINES
from lsal.errors import EmptyPool, LabelStudioError
from lsal.files import read_json
from lsal.label_studio import queue
from lsal.label_studio.mirror import OPEN
from lsal.label_studio.sync import sync
from lsal.models import MODELS
from lsal.models.kept_vectors import keeping
from lsal.protocols import Kind
from lsal.records import Control, Example, Pool, Prediction, Publication, Ranking
from lsal.strategies import STRATEGIES
from lsal.strategies.pools import make_pool, start_pool
from lsal.worker import suggesting
from lsal.worker.steps import Steps, told


def renew(
    desk: Desk,
    steps: Steps,
    live: Mapping[str, int],
    parameters: Mapping[str, Any],
    before: publishing.Sets | None = None,
) -> dict[str, Any]:
    """Rank by the versions in `live`, publish, verify: the new queue, for the end of a job.

    `before` are the sets of versions that can be gone back to then, if not the present one too.
    """
    strategy, size = str(parameters.get("strategy") or ""), int(parameters.get("batch") or 0)
    publication = publish(desk, steps, lambda: rank(desk, steps, live, strategy, size), live, before)
    if publication is None:
        return {"publication": None, "published": 0, "why": "every task is labelled or skipped"}
    checked = verify(desk, steps, publication)
    problems = read_json(desk.home.path("rankings", f"{publication.name}.json"))["problems"]
    return {
        "publication": publication.name,
        "published": len(publication.task_ids),
        "measuring": len(publication.measuring),
        "strategy": publication.strategy,
        "why": publication.why,
        "exact": checked.exact,
        "faults": checked.faults,
        "problems": problems,
    }


def pull(desk: Desk, steps: Steps) -> None:
    """What changed in Label Studio since the last sync."""
    with steps.step("sync"):
        sync(desk.mirror, desk.project, steps.report)


def rank(desk: Desk, steps: Steps, live: Mapping[str, int], strategy: str = "", size: int = 0) -> Ranking:
    """The next batch, by the versions in `live`; before the first version by the data alone."""
    settings, live = desk.home.settings(), desk.fitting(live)
    tasks = list(desk.mirror.tasks(OPEN))
    reserve = [task.id for task in tasks if task.place < settings.measuring_share]
    name, (control, kind) = _control_to_rank(desk, live)
    strategy = strategy or settings.strategy
    looks_twice = bool(getattr(STRATEGIES[strategy], "looks_twice", False))
    with steps.step("read"):
        choosable = [task for task in tasks if task.place >= settings.measuring_share]
        read = list(told(desk.examples(name, choosable), len(choosable), steps.report))
        problems = {e.task_id: why for e in read if (why := _problem(e, control))}
        examples = [e for e in read if e.task_id not in problems]
        by_task = {e.task_id: e for e in examples}
    with steps.step("score"):
        predictions, pool, unread = _score(desk, steps, control, examples, live, looks_twice)
    with steps.step("rank"):
        made = ranking.rank(
            control,
            pool,
            reserve,
            strategy,
            size or settings.batch,
            settings.measuring_share,
            predictions,
            lambda one: kind.result(control, one, by_task[one.task_id]),
            live,
            problems | unread,
        )
        return suggesting.with_others(desk, suggesting.with_given_weights(desk, made, live), live, name)


def _problem(example: Example, control: Control) -> str | None:
    """Why a task is kept out of the batch: a model has nothing but the prior to say about it,
    which is the greatest doubt there is, so that such tasks would head every queue.
    """
    if example.input is not None and not str(example.input).strip():
        return f"task {example.task_id}: field '{control.data_key}' is empty"
    return example.problem


def publish(
    desk: Desk,
    steps: Steps,
    make: Callable[[], Ranking],
    live: Mapping[str, int],
    before: publishing.Sets | None = None,
) -> Publication | None:
    """Rank and switch; None when every task is labelled, and then only the versions go live.

    If a task was deleted since the last sync, so that Label Studio refuses the batch, or the
    label config was changed, the mirror is synced and the batch made afresh, once.
    """
    for attempt in (1, 2):
        try:
            made = make()
        except EmptyPool:
            if dict(live) != desk.store.current():
                desk.store.make_current(live, before)
            steps.commit()
            return None
        if attempt == 1 and _config_changed(desk):
            sync(desk.mirror, desk.project)
            continue
        try:
            with steps.step("publish"):
                published = publishing.publish(desk.home, desk.project, desk.store, made, live, before)
            steps.commit()
            return published
        except LabelStudioError as error:
            if error.status not in (400, queue.CONFLICT):
                raise  # it may have switched all the same: the intent stays, to be asked about
            desk.home.path("intent.json").unlink(missing_ok=True)
            if attempt == 2:
                raise
            sync(desk.mirror, desk.project)
    return None


def _config_changed(desk: Desk) -> bool:
    """Whether guesses were made in words that Label Studio may no longer know."""
    return bool(desk.project.read()["label_config"] != desk.mirror.label_config)


def verify(desk: Desk, steps: Steps, publication: Publication) -> queue.Verification:
    """Whether the real queue is the published one."""
    with steps.step("verify"):
        return queue.verify(desk.project, publication)


def _control_to_rank(desk: Desk, live: Mapping[str, int]) -> tuple[str, tuple[Control, Kind]]:
    """The first control that has a version; before any, the first that a kind handles."""
    handled = desk.need_handled()
    name = next((name for name in handled if name in live), next(iter(handled)))
    return name, handled[name]


def _score(
    desk: Desk,
    steps: Steps,
    control: Control,
    examples: Sequence[Example],
    live: Mapping[str, int],
    looks_twice: bool = False,
) -> tuple[list[Prediction], Pool, dict[int, str]]:
    """Predictions and the pool that they make up, and why some tasks are not in it."""
    settings, number = desk.home.settings(), live.get(control.name)
    version = desk.store.get(number) if number is not None else None
    if version is None:
        model = MODELS[desk.family(control.name)](control, desk.options(control.name), settings.seed)
        keeping(model, desk.home.folder)
        ids = [e.task_id for e in examples]
        return [], start_pool(ids, control, model.embed(examples) if examples else None, settings.seed), {}
    trained = [task for task in desk.mirror.labelled() if task.place >= settings.measuring_share]
    labelled = [e for e in desk.labelled(control.name, trained) if e.counts]
    with ENGINES[settings.engine]() as executor:
        how = (executor, steps.report, desk.options(control.name), looks_twice)
        scored = predicting.score(version, control, [*examples, *labelled], *how)
    split = len(examples)
    predictions = [one for one in scored[:split] if not one.problem]
    unread = {one.task_id: f"task {one.task_id}: {one.problem}" for one in scored[:split] if one.problem}
    targets = [e.target for e in labelled if e.target is not None]
    pool = make_pool(predictions, control, targets, scored[split:], settings.seed + version.number)
    return predictions, pool, unread
