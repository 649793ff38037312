"""How a project begins: made from data on lsal's own Label Studio, or attached where it is."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lsal import annotator, settings, sources
from lsal.errors import BadRequest
from lsal.files import write_json
from lsal.home import Home, create_home
from lsal.label_studio import server
from lsal.label_studio.config import read_config
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.protocols import Report
from lsal.records import Progress
from lsal.sources import Row, Source

AT_ONCE = 5000
"""Tasks in one import."""


def new(
    root: Path,
    up: Callable[[], Server],
    name: str,
    *,
    demo: bool = False,
    title: str = "",
    columns: tuple[str, str] = ("text", "label"),
    labels: Sequence[str] = (),
    hold_out: float = 0.2,
    seed: int = 0,
    report: Report | None = None,
) -> Home:
    """Make a project out of a source. A demo keeps its labels for the simulated annotator, and
    a part of the items out of the project entirely, to test on. `up` starts Label Studio, once
    the source was found to be fine.
    """
    source = sources.read_source(name, root / "cache" / "digits", columns, labels)
    if demo and any(row.label is None for row in source.rows):
        raise BadRequest("A demo needs the label of every item", "Leave --demo out: people will label the project")
    running = up()
    connection = Connection(running.url, running.key)
    made = Project.create(connection, title or f"lsal {source.title}", source.config)
    facts = made.read()
    home = create_home(root, running.url, made.number, facts["created_at"], facts["title"], own_server=True, demo=demo)
    inside, outside = split(source.rows, hold_out, seed) if demo else (source.rows, [])
    unused = 0 if demo else sum(row.label is not None for row in source.rows)
    write_json(home.path("source.json"), {"source": name, "items": len(inside), "labels_unused": unused})
    ids = _add(home, made, source, inside, report)
    if demo:
        made.change(description=annotator.mark_of(home))
        answers = {task: row.label or "" for task, row in zip(ids, inside, strict=True)}
        annotator.keep_truth(home, answers, [_held_out(source, row) for row in outside])
    return home


def attach(root: Path, url: str, number: int, key: str = "") -> Home:
    """Attach to a project that is already on a Label Studio server. Changes nothing there.

    A `key` is kept once the server has accepted it.
    """
    running = server.running(root)
    own = running is not None and _same_server(running.url, url)
    given = key if not own else ""
    held = given or settings.label_studio_key(root, server.OWN if own else url)
    facts = Project(Connection(url, held), number).read()
    read_config(facts["label_config"])  # what lsal cannot read is refused before anything is kept
    if given:
        settings.keep_key(root, url, given)
    return create_home(root, url.rstrip("/"), number, facts["created_at"], facts["title"], own_server=own)


def _same_server(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/").replace("//localhost:", "//127.0.0.1:")


def split(rows: Sequence[Row], share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """Rows for the project and rows held out: as the source says, else a seeded random share."""
    out = sources.kept_for_testing([row.split for row in rows])
    if not out:
        order = random.Random(seed).sample(range(len(rows)), len(rows))
        out = set(order[: round(len(rows) * share)])
    return [r for n, r in enumerate(rows) if n not in out], [r for n, r in enumerate(rows) if n in out]


def _add(home: Home, project: Project, source: Source, rows: Sequence[Row], report: Report | None) -> list[int]:
    if source.kind == "image":
        folder = server.files_folder(home.root) / home.slug
        placed = [sources.place_image(Path(row.content), folder) for row in rows]
        project.add_local_files(str(folder), "images of lsal")
        data: list[dict[str, Any]] = [{"image": f"/data/local-files/?d={home.slug}/{path.name}"} for path in placed]
    else:
        data = [{"text": row.content} for row in rows]
    ids: list[int] = []
    for begin in range(0, len(data), AT_ONCE):
        ids += project.add_tasks(data[begin : begin + AT_ONCE])
        if report:
            report(Progress(len(ids), len(data), "adding tasks"))
    return ids


def _held_out(source: Source, row: Row) -> dict[str, Any]:
    content = {"file": str(row.content)} if source.kind == "image" else {"text": row.content}
    return {**content, "label": row.label}
