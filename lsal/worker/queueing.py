"""Rank and publish: score what is open, pick a batch, put it at the head of the real queue, verify."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lsal import publishing, ranking, wishes
from lsal.desk import Desk
from lsal.errors import EmptyPool, LabelStudioError
from lsal.files import read_json
from lsal.label_studio import queue
from lsal.label_studio.mirror import OPEN
from lsal.label_studio.project import CONFLICT
from lsal.label_studio.sync import sync
from lsal.records import Publication, Ranking
from lsal.scored import Scored
from lsal.suspects import sending_back
from lsal.worker import doubting, drawn, pool_kept, suggesting
from lsal.worker.candidates import candidates, controls_to_rank
from lsal.worker.steps import Steps

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """A batch, and what was known of all tasks that it could be made of."""

    ranking: Ranking
    pool: Scored


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
    relabel, by = parameters.get("relabel"), str(parameters.get("engine") or "")
    publication = publish(desk, steps, lambda: rank(desk, steps, live, strategy, size, relabel, by), live, before)
    if isinstance(publication, str):
        return {"publication": None, "published": 0, "why": publication}
    checked = verify(desk, steps, publication)
    problems = read_json(desk.home.path("rankings", f"{publication.name}.json"))["problems"]
    return {
        "publication": publication.name,
        "published": len(publication.task_ids),
        "measuring": len(publication.measuring),
        "sent_back": len(publication.relabel),
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


def rank(
    desk: Desk,
    steps: Steps,
    live: Mapping[str, int],
    strategy: str = "",
    size: int = 0,
    relabel: float | None = None,
    by: str = "",
) -> Made:
    """The next batch, by the versions in `live`; before the first version by the data alone.

    `relabel` is the share of it that may be sent back to people, if not the project's; `by` the engine likewise.
    """
    settings, live = desk.home.settings(), desk.fitting(live)
    strategy, size, share = strategy or settings.strategy, size or settings.batch, settings.measuring_share
    reserve = desk.mirror.head(OPEN, share, size)
    names, weights = controls_to_rank(desk, live)
    choosable = desk.mirror.count(OPEN) - desk.mirror.count(OPEN, share)
    opened = [desk.mirror.tasks(OPEN, beyond=share) for _ in names]
    read = [candidates(desk, steps, *each, live, strategy, choosable, by) for each in zip(names, opened, strict=True)]
    told = [replace(one.asked, weight=weight) for one, weight in zip(read, weights, strict=True)]
    problems = {task: why for one in reversed(read) for task, why in one.problems.items()}
    wished = wishes.tidied(desk.home, desk.mirror, share)
    again = doubting.again(desk, steps, told, size, settings.relabel_share if relabel is None else relabel)
    with steps.step("rank"):
        made = ranking.rank(told, reserve, strategy, size, share, live, problems, again, wished)
        made = suggesting.with_others(desk, suggesting.with_given_weights(desk, made, live), live, names)
        return Made(made, pool_kept.pool_of(read[0], live.get(names[0])))


def publish(
    desk: Desk,
    steps: Steps,
    make: Callable[[], Made],
    live: Mapping[str, int],
    before: publishing.Sets | None = None,
) -> Publication | str:
    """Rank and switch; where no task is left that could be shown, why, and then only the versions go live.

    If a task was deleted since the last sync, so that Label Studio refuses the batch, or the
    label config was changed, the mirror is synced and the batch made afresh, once.
    """
    try:
        return _published(desk, steps, make, live, before)
    except _Outdated:
        sync(desk.mirror, desk.project)
        return _published(desk, steps, make, live, before, again=True)


class _Outdated(Exception):
    """Something was changed in Label Studio since the last sync."""


def _published(
    desk: Desk,
    steps: Steps,
    make: Callable[[], Made],
    live: Mapping[str, int],
    before: publishing.Sets | None,
    again: bool = False,
) -> Publication | str:
    try:
        made = make()
    except EmptyPool as error:
        if dict(live) != desk.store.current():
            desk.store.make_current(live, before)
        steps.commit()
        return error.what[:1].lower() + error.what[1:]
    if not again and _config_changed(desk):
        raise _Outdated
    try:
        with steps.step("publish"):
            published = publishing.publish(desk.home, desk.project, desk.store, made.ranking, live, before)
    except LabelStudioError as error:
        if error.status not in (400, CONFLICT):
            raise  # it may have switched all the same: the intent stays, to be asked about
        publishing.settle(desk.home, desk.project, desk.store)  # asked, not guessed: a proxy may have said no
        if again:
            raise
        raise _Outdated from error
    steps.commit()
    drawn.note(desk.home, made.ranking)
    pool_kept.keep(desk.home, made.pool, published.name)
    _send_back(desk, published)
    return published


def _send_back(desk: Desk, published: Publication) -> None:
    """Ask people again about what is labelled. The queue is live by now: what fails here goes with the next batch."""
    try:
        sending_back.send(desk.home, desk.project, desk.mirror, published.relabel)
    except LabelStudioError as error:
        log.warning("Not all labelled tasks could be sent back: %s", error)


def _config_changed(desk: Desk) -> bool:
    """Whether guesses were made in words that Label Studio may no longer know."""
    return bool(desk.project.read("label_config")["label_config"] != desk.mirror.label_config)


def verify(desk: Desk, steps: Steps, publication: Publication) -> queue.Verification:
    """Whether the real queue is the published one."""
    with steps.step("verify"):
        return queue.verify(desk.project, publication)
