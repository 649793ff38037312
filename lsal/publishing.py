"""The switch: weights, publication, model_version and order of a project move together.

An intent is written first. The PATCH of `model_version` is the commit point; only then is
`current` replaced. Whoever opens the home after a crash asks the server which name is live,
and finishes the switch or drops it. What can be gone back to is part of the switch: a rollback
that was interrupted neither goes back twice nor forgets where it stood.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from lsal import standby
from lsal.errors import Busy
from lsal.files import as_written, read_json, write_json
from lsal.home import Home
from lsal.label_studio import queue
from lsal.label_studio.project import Project
from lsal.records import Entry, Publication, Ranking
from lsal.store import Store

log = logging.getLogger(__name__)


Sets = Sequence[Mapping[str, int]]
"""Sets of versions, as the store's history has them."""


def publish(
    home: Home, project: Project, store: Store, ranking: Ranking, live: Mapping[str, int], before: Sets | None = None
) -> Publication:
    """Make `ranking` the queue of Label Studio and `live` the versions that answer, as one step.

    `before` are the sets that can be gone back to then; without it the present one is added to them.
    """
    name = queue.new_name(ranking.versions)
    publication = Publication(
        name,
        dict(ranking.versions),
        tuple(entry.task_id for entry in ranking.entries),
        tuple(entry.task_id for entry in ranking.entries if entry.measuring),
        ranking.strategy,
        ranking.why,
        time.time(),
        tuple(entry.task_id for entry in ranking.entries if entry.relabel),
    )
    write_json(home.path("rankings", f"{name}.json"), asdict(ranking))
    write_json(home.path("intent.json"), {"publication": asdict(publication), "live": live, "before": before})
    queue.write(project, name, ranking.entries, home.path("server.json"))
    standby.prepare(home, live.values())  # so that between the server's switch and that of the weights lies a moment
    queue.switch(project, name)
    _finish(home, store, publication, live, before)
    return publication


def recover(home: Home, project: Project, store: Store) -> str | None:
    """`settle`, unless a round is running: then the intent is its own, not a crash's."""
    try:
        with home.lock():
            return settle(home, project, store)
    except Busy:
        return None


def settle(home: Home, project: Project, store: Store) -> str | None:
    """Finish or drop a switch that a crash interrupted; says which, None if there was none.

    For whoever holds the home's lock.
    """
    intent = read_json(home.path("intent.json"))
    if intent is None:
        return None
    with as_written(home.path("intent.json")):
        publication = _publication(intent["publication"])
    if queue.live_name(project) == publication.name:
        _finish(home, store, publication, intent["live"], intent.get("before"))
        return f"finished the interrupted switch to '{publication.name}'"
    home.path("intent.json").unlink()
    return f"dropped the interrupted switch to '{publication.name}', the queue before it stays"


def live_publication(home: Home) -> Publication | None:
    """What lsal last published, as the home remembers it."""
    kept = read_json(home.path("publication.json"))
    with as_written(home.path("publication.json")):
        return _publication(kept) if kept else None


def live_ranking(home: Home) -> Ranking | None:
    """The ranking behind the live publication, with scores and guesses."""
    publication = live_publication(home)
    path = home.path("rankings", f"{publication.name}.json") if publication else None
    kept = read_json(path) if path else None
    if not kept or not path:
        return None
    with as_written(path):
        problems = {int(task): said for task, said in kept["problems"].items()}
        return Ranking(**{**kept, "entries": tuple(Entry(**row) for row in kept["entries"]), "problems": problems})


def _finish(home: Home, store: Store, publication: Publication, live: Mapping[str, int], before: Sets | None) -> None:
    if dict(live) != store.current():
        store.make_current(live, before)
    write_json(home.path("publications", f"{publication.name}.json"), asdict(publication))
    write_json(home.path("publication.json"), asdict(publication))
    home.path("intent.json").unlink(missing_ok=True)
    log.info("published %d tasks as %s", len(publication.task_ids), publication.name)


def _publication(kept: Mapping[str, object]) -> Publication:
    fields = dict(kept)
    for name in ("task_ids", "measuring", "relabel"):
        fields[name] = tuple(map(int, fields.get(name) or ()))  # type: ignore[call-overload]
    if not isinstance(fields["name"], str):
        raise TypeError(f"its name is {fields['name']!r:.40}")
    return Publication(**fields)  # type: ignore[arg-type]
