"""What people said, counted in the mirror: by task, by person, by control and label; and how far they agree.

All of it is counted by SQLite over the annotations as Label Studio writes them. Skips are no
answers. A person who answered a task twice counts once for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from lsal.label_studio.mirror import Mirror

REGIONS = """
SELECT a.task, coalesce(a.person, -a.id) AS who, CASE r.type WHEN 'object' THEN r.value ELSE '{}' END AS region
FROM annotations a, json_each(CAST(a.result AS TEXT)) r WHERE a.skipped = 0
"""
"""One row for each region; what is none, as imported annotations may have it, counts as one that says nothing."""

LABELS = f"""
SELECT task, who, json_extract(region, '$.from_name') AS control,
    CASE l.type WHEN 'array' THEN (SELECT group_concat(value, ' / ') FROM json_each(l.value)) ELSE l.value END AS label
FROM ({REGIONS}), json_each(region, '$.value."' || replace(json_extract(region, '$.type'), '"', '') || '"') l
WHERE json_extract(region, '$.type') IS NOT NULL
"""
"""One row for each label of each region: Label Studio keeps them under the name of the region's type.

A path of a taxonomy is a list, whose steps are joined as in `records.PATH`.
"""


def totals(mirror: Mirror) -> list[int]:
    """How many answers and how many skips there are."""
    [(answers, skips)] = mirror.select_once("SELECT sum(skipped = 0), sum(skipped) FROM annotations")
    return [int(answers or 0), int(skips or 0)]


def by_task(mirror: Mirror) -> dict[int, tuple[int, int]]:
    """Answers and skips of each task that has any."""
    rows = mirror.select("SELECT task, sum(skipped = 0), sum(skipped) FROM annotations GROUP BY task")
    return {task: (answers, skips) for task, answers, skips in rows}


def by_person(mirror: Mirror) -> dict[int, int]:
    """How many tasks each person labelled, the busiest first."""
    query = """SELECT person, count(DISTINCT task) AS tasks FROM annotations
               WHERE skipped = 0 AND person IS NOT NULL GROUP BY person ORDER BY tasks DESC, person"""
    return dict(mirror.select_once(query))


def by_label(mirror: Mirror) -> Mapping[str, Mapping[str, int]]:
    """How many answers gave each label, by control, also those that the label config no longer has."""
    found: dict[str, dict[str, int]] = {}
    query = f"SELECT control, label, count(DISTINCT task || ':' || who) FROM ({LABELS}) GROUP BY control, label"
    for control, label, count in mirror.select(query):
        found.setdefault(str(control), {})[str(label)] = count
    return found


def beyond(mirror: Mirror, wanted: int) -> int:
    """How many tasks more people labelled than were `wanted`."""
    query = """SELECT count(*) FROM (SELECT task FROM annotations WHERE skipped = 0
               GROUP BY task HAVING count(DISTINCT coalesce(person, -id)) > ?)"""
    return int(mirror.select(query, wanted)[0][0])


def agreement(mirror: Mirror, control: str) -> tuple[int, int]:
    """Of the tasks that several people answered: on how many all gave the same labels, and how many there are."""
    query = f"""
    WITH several AS (
        SELECT task FROM annotations WHERE skipped = 0 GROUP BY task HAVING count(DISTINCT coalesce(person, -id)) > 1),
    people AS (SELECT DISTINCT task, coalesce(person, -id) AS who FROM annotations
        WHERE skipped = 0 AND task IN several),
    said AS (SELECT task, who, group_concat(label, char(31)) AS labels FROM (
            SELECT DISTINCT task, who, label FROM ({LABELS}) WHERE control = ?1 AND task IN several
            ORDER BY task, who, label)
        GROUP BY task, who)
    SELECT count(*), coalesce(sum(same), 0) FROM (
        SELECT count(DISTINCT coalesce(said.labels, '')) = 1 AS same
        FROM people LEFT JOIN said USING (task, who) GROUP BY task)
    """
    [(several, same)] = mirror.select(query, control)
    return int(same), int(several)
