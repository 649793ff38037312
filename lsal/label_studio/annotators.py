"""Who labelled what and when, and how far each agrees with the others: counted by SQLite in the mirror.

When somebody labelled is when the answer was last changed, in UTC: Label Studio's `updated_at`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lsal.files import to_json
from lsal.label_studio.mirror import Mirror
from lsal.label_studio.tally import LABELS

PAUSE_S, PROGRAM_S = 600.0, 0.3
"""Who submits nothing for longer did something else; no person is faster: as in `lsal.outlook.pace`."""


class Counts(NamedTuple):
    """One person's answers and skips, of the answers those to measuring tasks, and the last one's stamp."""

    answers: int
    skips: int
    measuring: int
    last: str


def counts(mirror: Mirror, share: float) -> dict[int, Counts]:
    """Of every person, the busiest first; tasks with a place below `share` are for measuring."""
    query = """
    SELECT person, count(DISTINCT CASE WHEN skipped = 0 THEN task END) AS answers,
        count(DISTINCT CASE WHEN skipped THEN task END),
        count(DISTINCT CASE WHEN skipped = 0 AND place < ? THEN task END), max(a.updated_at)
    FROM annotations a LEFT JOIN tasks t ON t.id = a.task
    WHERE person IS NOT NULL GROUP BY person ORDER BY answers DESC, person"""
    return {row[0]: Counts(*row[1:]) for row in mirror.select(query, share)}


def seconds_of_work(mirror: Mirror) -> dict[int, tuple[float, int]]:
    """Seconds between successive answers of one person, pauses and imports left out, and how many such gaps."""
    query = f"""
    SELECT person, sum(gap), count(*) FROM (
        SELECT person, 86400 * (julianday(updated_at)
            - julianday(lag(updated_at) OVER (PARTITION BY person ORDER BY updated_at))) AS gap
        FROM annotations WHERE skipped = 0 AND person IS NOT NULL)
    WHERE gap BETWEEN {PROGRAM_S} AND {PAUSE_S} GROUP BY person"""
    return {person: (float(seconds), int(gaps)) for person, seconds, gaps in mirror.select(query)}


def by_hour(mirror: Mirror, since: str) -> dict[str, int]:
    """Answers by the hour, `2026-01-31T09`, of those from a stamp on."""
    query = """SELECT substr(updated_at, 1, 13) AS hour, count(*) FROM annotations
               WHERE skipped = 0 AND updated_at >= ? GROUP BY hour ORDER BY hour"""
    return dict(mirror.select(query, since))


def agreement(mirror: Mirror, controls: Sequence[str]) -> dict[int, tuple[int, int]]:
    """Of each person: of so many comparisons with another's answer to the same task, how many are the same.

    The same are answers that give the same labels in all of the controls.
    """
    query = f"""
    WITH several AS (SELECT task FROM annotations WHERE skipped = 0 AND person IS NOT NULL
            GROUP BY task HAVING count(DISTINCT person) > 1),
    people AS (SELECT DISTINCT task, person FROM annotations
            WHERE skipped = 0 AND person IS NOT NULL AND task IN several),
    given AS (SELECT task, who, group_concat(control || char(30) || label, char(31)) AS labels FROM (
            SELECT DISTINCT task, who, control, label FROM ({LABELS})
            WHERE task IN several AND control IN (SELECT value FROM json_each(?))
            ORDER BY task, who, control, label) GROUP BY task, who),
    said AS (SELECT p.task, p.person, coalesce(g.labels, '') AS labels
            FROM people p LEFT JOIN given g ON g.task = p.task AND g.who = p.person)
    SELECT one.person, sum(one.labels = other.labels), count(*)
    FROM said one JOIN said other ON other.task = one.task AND other.person <> one.person GROUP BY one.person"""
    rows: list[tuple[Any, ...]] = mirror.select(query, to_json(list(controls)).decode())
    return {person: (int(same), int(shared)) for person, same, shared in rows}
