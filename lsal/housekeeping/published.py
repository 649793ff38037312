"""Batches and answers that stand in Label Studio as predictions, and that nothing points to any more.

Known by their names: those that this home published under, or tried to, and `lsal-CONTROL.vN`
under which its old versions answered. Names that another lsal gave are not touched.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from lsal.errors import BadRequest
from lsal.files import read_json
from lsal.home import Home
from lsal.housekeeping.rubbish import Rubbish, rubbish
from lsal.label_studio import predictions
from lsal.label_studio.project import Project
from lsal.store import Store

ANSWERED = re.compile(r"lsal-(?!queue-).+\.v\d+")


@dataclass(slots=True)
class Withdrawn:
    """What went from Label Studio, by name; what stayed because somebody needs it; files that went with them.

    `resting` are batches that the policy does not keep, and that stay for a while after they were replaced: who has
    one of their tasks open could not submit it without.
    """

    deleted: dict[str, int] = field(default_factory=dict)
    kept: int = 0
    resting: int = 0
    files: list[Rubbish] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def remove(home: Home, store: Store, project: Project, most: int, within_s: float, dry_run: bool = False) -> Withdrawn:
    """Remove predictions of old names, at most `most` and for `within_s` seconds; then the files of their rankings."""
    begun = time.monotonic()
    settings = home.settings()
    limit = time.time() - 60 * settings.keep_replaced_minutes
    batches, resting = _old_batches(home, settings.keep_publications, limit)
    told, replaced = Withdrawn(resting=resting), _replaced(store, limit)
    held = predictions.counts(project) if batches or replaced else {}
    answers = [name for name in held if held[name] and name in _old_answers(held, replaced)]
    others = {*batches, *answers}
    for name in (*batches, *answers):
        done = predictions.Removed(0, 0)
        if held.get(name):
            room, spare = most - sum(told.deleted.values()), within_s - (time.monotonic() - begun)
            if room <= 0 or spare <= 0:
                told.left.append(f"up to {held[name]} predictions of '{name}'")
                continue
            try:
                done = predictions.remove(project, name, room, spare, dry_run=dry_run, others=others)
            except BadRequest:  # it is live: somebody set it by hand
                continue
        told.kept += done.kept
        if done.deleted:
            told.deleted[name] = done.deleted
        if not done.whole:
            told.left.append(f"more predictions of '{name}'")
        elif name in batches:
            told.files.append(batches[name])
            if not dry_run:
                batches[name].remove()
    return told


def _old_batches(home: Home, keep: int, limit: float) -> tuple[dict[str, Rubbish], int]:
    """Names beyond the newest `keep` that were live, oldest first, and all that never were; with their files.

    And how many others beyond `keep` there are, which were replaced later than `limit`.
    """
    safe = {read_json(home.path("publication.json"), {}).get("name")}
    safe.add((read_json(home.path("intent.json")) or {}).get("publication", {}).get("name"))
    rankings = sorted(home.path("rankings").glob("*.json"), key=lambda path: path.stat().st_mtime)
    lived = [path for path in rankings if home.path("publications", path.name).exists()]
    replaced = {one: following.stat().st_mtime for one, following in pairwise(lived)}
    found, resting = dict[str, Rubbish](), 0
    for path in rankings:
        if path.stem in safe or path in lived[-keep:]:
            continue
        if path in lived and replaced.get(path, limit) >= limit:
            resting += 1
            continue
        found[path.stem] = rubbish("ranking", path.stem, path, *_beside(home, path))
    return found, resting


def _beside(home: Home, ranking: Path) -> list[Path]:
    return [home.path("refills", ranking.name)]


def _replaced(store: Store, limit: float) -> list[int]:
    """Versions that are not live and were followed by a newer one before `limit`."""
    made, live = store.all(), set(store.current().values())
    newest = max((version.number for version in made if version.made_at < limit), default=0)
    return [version.number for version in made if version.number < newest and version.number not in live]


def _old_answers(held: dict[str, int], replaced: Collection[int]) -> set[str]:
    """Names under which only replaced versions answered."""
    names = (name for name in held if ANSWERED.fullmatch(name))
    return {name for name in names if {int(n) for n in re.findall(r"\.v(\d+)(?=\+|$)", name)} <= set(replaced)}
