"""A project on lsal's own Label Studio, made whole: what was killed halfway is gone on with.

root/making/KEY.json    what was begun: the token in the project's description, the tasks on their way
root/making/KEY.lock    held by whoever makes it

The key is a digest of all that the project is made of. While it is made, Label Studio shows it
as unfinished, and it has no home. Whoever makes the same project again finds it by its token and
goes on behind the tasks that the server has: an import is stored as a whole or not at all.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filelock import FileLock, Timeout

from lsal.errors import Busy, LabelStudioError
from lsal.files import keep_private, read_json, write_json
from lsal.home import Home, create_home, slug_of
from lsal.label_studio import server
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.protocols import Report
from lsal.records import Progress
from lsal.sources import Row, place_image

AT_ONCE = 1000
"""Tasks in one import."""
BYTES = 8_000_000
"""About how much of texts one import carries."""
ON_ITS_WAY_S = 20.0
"""How long an import may still be stored after the process that sent it was killed."""
UNFINISHED = " (unfinished)"
LONGEST = 50
"""Letters of a title that Label Studio takes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a project is made of: `rows` reads its `count` tasks, `key` tells it from every other."""

    key: str
    title: str
    source: str
    config: str
    count: int
    rows: Callable[[], Iterable[Row]]
    demo: bool = False


def make(root: Path, connection: Connection, plan: Plan, report: Report | None = None) -> tuple[Home, Project]:
    """The project with all its tasks, and its home. `finish` it once the home has what it needs.

    Raises Busy while another process makes the same one.
    """
    keep_private(root)
    (root / "making").mkdir(exist_ok=True)
    try:
        with FileLock(root / "making" / f"{plan.key}.lock", timeout=0):
            project = _begin(root, connection, plan)
            _fill(root, project, plan, report)
            facts = project.read("created_at")
            home = create_home(
                root,
                connection.url,
                project.number,
                facts["created_at"],
                plan.title,
                own_server=True,
                demo=plan.demo,
            )
            return home, project
    except Timeout:
        raise Busy(f"'{plan.title}' is being made right now", "Wait for it, then: lsal status") from None


def finish(root: Path, project: Project, plan: Plan, description: str = "") -> None:
    """Give the project its title: it is whole. From here on it is known by its home, no longer by its token."""
    note = read_json(_note(root, plan), {})
    write_json(_note(root, plan), note | {"made": project.number, "home": _slug(project)})
    project.change(title=plan.title, description=description)
    _note(root, plan).unlink(missing_ok=True)
    (root / "making" / f"{plan.key}.lock").unlink(missing_ok=True)


def unfinished(root: Path) -> list[Mapping[str, Any]]:
    """What was begun and not ended, and nobody is making now."""
    notes = sorted((root / "making").glob("*.json"))
    return [read_json(path, {}) for path in notes if not _locked(path.with_suffix(".lock"))]


def _locked(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True


def _note(root: Path, plan: Plan) -> Path:
    return root / "making" / f"{plan.key}.json"


def _begin(root: Path, connection: Connection, plan: Plan) -> Project:
    """The project that an earlier, killed call made, else a new one."""
    note = read_json(_note(root, plan))
    if note is None:
        note = {"token": secrets.token_hex(8), "title": plan.title, "source": plan.source, "to": 0, "at": 0.0}
        write_json(_note(root, plan), note)
    elif (project := _earlier(connection, note)) is not None:
        _settle(project, note)
        return project
    title, told = (
        plan.title[: LONGEST - len(UNFINISHED)] + UNFINISHED,
        f"lsal is making this project ({note['token']}).",
    )
    return Project.create(connection, title, plan.config, told, lambda: _earlier(connection, note))


def _earlier(connection: Connection, note: Mapping[str, Any]) -> Project | None:
    """The project whose description has the token, or that was whole but for the end of its note."""
    known = dict(_descriptions(connection))
    for number, description in known.items():
        if f"({note['token']})" in description:
            return Project(connection, number)
    made = Project(connection, int(note.get("made", 0)))
    return made if made.number in known and _slug(made) == note["home"] else None


def _descriptions(connection: Connection) -> Iterator[tuple[int, str]]:
    """Every project's id and description; Label Studio gives at most a hundred at once."""
    page, more = 0, True
    while more:
        page += 1
        asked = connection.get("/api/projects/", page=page, page_size=100, include="id,description")
        yield from ((int(one["id"]), one["description"] or "") for one in asked.rows("results"))
        more = bool(asked.get("next"))


def _settle(project: Project, note: Mapping[str, Any]) -> None:
    """Wait for tasks that were on their way when their sender was killed: the server may still store them."""
    while _count(project) < note["to"] and time.time() - note["at"] < ON_ITS_WAY_S:
        time.sleep(0.2)


def _count(project: Project) -> int:
    return int(project.read("task_number")["task_number"])


def _fill(root: Path, project: Project, plan: Plan, report: Report | None) -> None:
    """Add the tasks that are not there yet."""
    note, done, allowed = read_json(_note(root, plan), {}), _count(project), False
    folder = server.files_folder(root) / _slug(project)
    for rows in _chunks(islice(plan.rows(), done, None)):
        tasks = [_task(row, folder) for row in rows]
        if not allowed and folder.exists():
            project.add_local_files(str(folder), "images of lsal")
            allowed = True
        write_json(_note(root, plan), note | {"to": done + len(tasks), "at": time.time()})
        done += len(project.import_tasks(tasks))
        if report:
            report(Progress(done, plan.count, "adding tasks"))
    if (there := _count(project)) != plan.count:
        raise LabelStudioError(
            f"Project {project.number} has {there} tasks, {plan.count} were to be there",
            "Delete it in Label Studio, then make it again: lsal new",
        )


def _slug(project: Project) -> str:
    return slug_of(project.connection.url, project.number, project.read("created_at")["created_at"], own_server=True)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in lists that one request can carry."""
    chunk: list[Row] = []
    size = 0
    for row in rows:
        length = len(str(row.data)) + len(str(row.answers))
        if chunk and (len(chunk) == AT_ONCE or size + length > BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += length
    if chunk:
        yield chunk


def _task(row: Row, folder: Path) -> dict[str, Any]:
    """The row as Label Studio imports it, its files placed where that may serve them."""
    task = {"data": {name: _served(value, folder) for name, value in row.data.items()}}
    return task | ({"annotations": list(row.answers)} if row.answers else {})


def _served(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_served(one, folder) for one in value]
    if isinstance(value, Path):
        return f"/data/local-files/?d={folder.name}/{quote(place_image(value, folder).name)}"
    return value
