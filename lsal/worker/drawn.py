"""With what chance tasks were picked, where chance decided: kept for as long as the project, unlike its rankings."""

from __future__ import annotations

from lsal.files import read_json, write_json
from lsal.home import Home
from lsal.records import Ranking

NAME = "drawn.json"


def note(home: Home, ranking: Ranking) -> None:
    """Remember the chances of a published batch; of a task that was in the draw again, that of either draw."""
    known = chances(home)
    new = {e.task_id: e.probability for e in ranking.entries if e.probability is not None}
    for task, chance in new.items():
        known[task] = 1 - (1 - known.get(task, 0.0)) * (1 - chance)
    if new:
        write_json(home.path(NAME), {str(task): chance for task, chance in known.items()})


def chances(home: Home) -> dict[int, float]:
    """The chance of each task that was ever drawn."""
    return {int(task): float(chance) for task, chance in read_json(home.path(NAME), {}).items()}
