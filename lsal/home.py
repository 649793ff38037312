"""The folders in which processes meet: one root, and in it one home per project.

root/                       .lsal beside the notebook
├── keys.json secret.json   0600
├── active                  the slug of the project that commands mean by default
├── label-studio/           data of lsal's own Label Studio, and server.json
├── files/                  images that it may serve
├── plugins/                kinds, models and strategies of the user's own
├── making/                 projects that `new` has begun and not yet ended
├── rehearsals/             points of replays: the same rehearsal goes on from them
├── mlflow/ mlflow.json     lsal's own MLflow, and where the user's is: see lsal/tracking
├── backend.json            the running ML backend
├── fork_server.json        a process that waits for jobs with all imported, while the backend runs; .sock: where
└── projects/SLUG/          a home
    ├── home.json           what it belongs to
    ├── settings.json       how it works: strategy, batch size, ...
    ├── mirror.sqlite       local copy of tasks and annotations
    ├── media/              files of tasks
    ├── embeddings/         of texts, by encoder: worked out once for all processes
    ├── versions/0001/      weights; beside them answers/ to the measuring tasks, sample/ to some open ones
    ├── current.json        which version of each control is live, and was before; versions.lock
    ├── standby/            who answers, and holds the next weights before they go live: see lsal/standby.py
    ├── intent.json         a switch under way
    ├── publication.json    the live publication; publications/ all of them
    ├── rankings/  jobs/  refills/
    ├── rehearsals/         last.json, and points of replays of the project's own labels
    ├── scored/             what the last ranking knew of every open task, as arrays: see lsal/scored.py
    ├── scoring/            what the version of each control said of tasks: nothing is asked twice
    ├── maps/               where tasks lie in two dimensions, by what they were embedded: see lsal/projecting
    ├── tracked/            what is mirrored in MLflow, by where that is; process.json and lock of who does it
    ├── drawn.json          with what chance tasks were picked, where chance decided
    ├── size.json           how large the home was when it was last tidied
    ├── wishes.json         what people wished of single tasks: pinned, pushed last, excluded; wishes.lock
    ├── suspects.json         labels that may be wrong; sent_back.json: what was sent back, and how it was before
    ├── hinted             when a further worker of the backend last heard of a change
    ├── learned.json        how far the last training went; automatic.json: of rounds that start by themselves
    ├── before.json         what was there when lsal was attached; detached.json: lsal was taken out again
    ├── server.json         what was found out about the Label Studio
    ├── served.json         the backend was connected to it; source.json: what it was made of
    └── lock                one round at a time; starting.lock, automatic.lock: for a moment
"""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout

from lsal.errors import BadData, BadRequest, Busy
from lsal.files import as_written, keep_private, read_json, to_json, write_json, write_whole
from lsal.project_settings import ProjectSettings, check_settings

log = logging.getLogger(__name__)

FORMAT = 1
STARTING_S = 30.0


@dataclass(frozen=True, slots=True)
class Home:
    """One project's folder."""

    folder: Path
    slug: str
    url: str
    project: int
    title: str
    order_key: str
    own_server: bool = False
    demo: bool = False

    @property
    def root(self) -> Path:
        """The root that this home lies in."""
        return self.folder.parent.parent

    def path(self, *parts: str) -> Path:
        """A path inside the home."""
        return self.folder.joinpath(*parts)

    def settings(self) -> ProjectSettings:
        """The project's settings as they are on disk now."""
        kept = read_json(self.path("settings.json"), {})
        known = {f.name: kept[f.name] for f in fields(ProjectSettings) if f.name in kept}
        try:
            _fit(to_json(known))
        except BadRequest as error:
            path = self.path("settings.json")
            raise BadData(f"{path}: {error.what}", f"{error.fix}, or remove the file: rm '{path}'") from None
        return ProjectSettings(**known)

    def change_settings(self, **changes: Any) -> ProjectSettings:
        """Replace some settings; a name that does not exist, or a value that cannot be, is refused."""
        check_settings(changes)
        settings = replace(self.settings(), **changes)
        write_json(self.path("settings.json"), asdict(settings))
        return settings

    @property
    def detached(self) -> bool:
        """Whether lsal was taken out of the project, or is being taken out: nothing may be changed there."""
        return self.path("detached.json").exists()

    def need_attached(self) -> None:
        """Raise BadRequest for a project from which lsal was taken out."""
        if self.detached:
            fix = f"Attach it again: lsal attach {self.url} {self.project}"
            raise BadRequest(f"Project {self.project} ({self.title}) is detached", fix)

    @contextmanager
    def lock(self, wait_s: float = 0.0) -> Iterator[None]:
        """Held by whoever runs a round; the system frees it when the holder dies."""
        try:
            with FileLock(self.path("lock"), timeout=wait_s):
                yield
        except Timeout:
            raise Busy(f"Another round of project {self.project} is running", "Follow it: lsal status") from None

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Held for the moment in which a job is made, so that of two who look and then make one, one does."""
        with FileLock(self.path("starting.lock"), timeout=STARTING_S):
            yield


@lru_cache(maxsize=64)
def _fit(settings: bytes) -> None:
    """`check_settings` once for the same ones: every request to the backend reads them."""
    check_settings(orjson.loads(settings))


def create_home(root: Path, url: str, project: int, created: str, title: str, **more: Any) -> Home:
    """The home of a project, made if it is not there. `created` is the server's stamp:
    with it, a project that got a deleted project's id is not mistaken for it.
    """
    slug = slug_of(url, project, created, bool(more.get("own_server")))
    folder = root / "projects" / slug
    if not (folder / "home.json").exists():
        keep_private(root)
        folder.mkdir(parents=True, exist_ok=True)
        kept = {"format": FORMAT, "slug": slug, "url": url, "project": project, "title": title}
        write_json(folder / "home.json", kept | {"order_key": drawn_key()} | more)
    return open_home(folder)


def drawn_key() -> str:
    """The secret by which a project's tasks are put into their fixed order, 32 hexadecimal digits.

    Whoever does not know it cannot choose which tasks measure.
    """
    return secrets.token_hex(16)


def slug_of(url: str, project: int, created: str, own_server: bool) -> str:
    """The name of a project's home."""
    return f"{'own' if own_server else _slug(url)}-{project}-{_slug(created)}"


def attached(folder: Path) -> bool:
    """Whether `folder` is the home of a project that lsal works for."""
    return (folder / "home.json").exists() and not (folder / "detached.json").exists()


def open_home(folder: Path) -> Home:
    """The home in `folder`; a format this lsal does not know is refused, named."""
    kept = read_json(folder / "home.json")
    if kept is None:
        raise BadData(f"{folder} holds no lsal project", "Attach one: lsal attach URL PROJECT")
    if not isinstance(kept, dict) or kept.get("format") != FORMAT:
        kept = kept if isinstance(kept, dict) else {}
        written = kept.get("format")
        newer = isinstance(written, int) and written > FORMAT
        older = "An older lsal wrote it, and still reads it. Or attach the project from another folder"
        fix = "A newer lsal wrote it: update lsal" if newer else f"{older}: lsal attach {_where(kept)}"
        raise BadData(f"{folder} has format {written}, this lsal reads format {FORMAT}", fix)
    names = {f.name for f in fields(Home)} - {"folder"}
    with as_written(folder / "home.json"):
        home = Home(folder=folder, **{name: value for name, value in kept.items() if name in names})
        bytes.fromhex(home.order_key), int(home.project)
        if not all(isinstance(text, str) for text in (home.slug, home.url, home.title)):
            raise TypeError("slug, url and title are texts")
    return home


def _where(kept: Mapping[str, Any]) -> str:
    """The project of a home, as far as a format that is not known says it."""
    return f"{kept.get('url') or 'URL'} {kept.get('project') or 'PROJECT'}"


def homes(root: Path) -> list[Home]:
    """All projects of a root that this lsal can read, oldest first."""
    known = []
    for path in sorted((root / "projects").glob("*/home.json"), key=lambda path: path.stat().st_mtime):
        try:
            known.append(open_home(path.parent))
        except BadData as error:  # one that cannot be read must not hide the others
            log.warning("%s", error)
    return known


def find_home(root: Path, name: str | None = None) -> Home:
    """The home called `name` (slug or project id), or the active one."""
    wanted = name or (_read(root / "active") or "")
    if wanted and (root / "projects" / wanted / "home.json").exists():
        return open_home(root / "projects" / wanted)
    known = homes(root)
    found = [home for home in known if wanted in (home.slug, str(home.project), home.title)] if wanted else []
    if len(found) == 1:
        return found[0]
    if found:  # ids are counted by each server for itself
        slugs = ", ".join(f"lsal use {home.slug}" for home in found)
        raise BadRequest(f"{len(found)} projects are called '{wanted}'", f"Choose one: {slugs}")
    if not known:
        fix = "Make one: lsal new digits  or  lsal attach URL PROJECT. Have you one? Go to its folder, or set LSAL_ROOT"
        raise BadRequest(f"There is no project yet in {root}", fix)
    what = f"No project is called '{wanted}'" if wanted else "No project is active"
    listed = ", ".join(f"lsal use {name} ({home.title})" for name, home in by_name(known))
    raise BadRequest(what, f"Choose one: {listed}")


def by_name(known: Sequence[Home]) -> list[tuple[str, Home]]:
    """Homes with what to call each by: its project's id where no other has it too."""
    ids = Counter(home.project for home in known)
    return [(str(home.project) if ids[home.project] == 1 else home.slug, home) for home in known]


def activate(home: Home) -> None:
    """Make `home` the project that commands mean when they name none."""
    write_whole(home.root / "active", home.slug.encode())


def deactivate(home: Home) -> None:
    """Commands that name no project no longer mean `home`."""
    if _read(home.root / "active") == home.slug:
        (home.root / "active").unlink()


def _read(path: Path) -> str | None:
    return path.read_text().strip() if path.exists() else None


def _slug(text: str) -> str:
    text = text.split("//")[-1].rstrip("/")
    return "".join(c if c.isalnum() or c in "._" else "-" for c in text)
