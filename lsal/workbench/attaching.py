"""How lsal attaches to a project that is already on a Label Studio server."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lsal import settings
from lsal.home import Home, create_home, homes
from lsal.label_studio import greeting, noted, server, trust
from lsal.label_studio.config import read_config
from lsal.label_studio.connection import LOOPBACK, Connection
from lsal.label_studio.greeting import Met
from lsal.label_studio.project import Project
from lsal.workbench import before


def attach(root: Path, url: str, number: int, key: str = "", ca: Path | None = None) -> Home:
    """Attach to a project that is already on a Label Studio server. Changes nothing there.

    A `key` is kept once the server has accepted it, and so are the certificates in `ca` (PEM), which
    then are trusted for this server. What the project is like is recorded the first time, for
    `detach`; a project that was detached comes back to life.
    """
    url = _as_known(root, greeting.address(url), number)
    pem = trust.read(ca) if ca else b""
    running = server.running(root)
    own = running is not None and same_server(running.url, url)
    given = key if not own else ""
    held = given or settings.label_studio_key(root, server.OWN if own else url)
    connection = Connection(url, held, certificates=ca.expanduser() if ca else settings.certificates(root, url))
    met = greeting.meet(connection)
    facts = greeting.project_facts(connection, number)
    read_config(facts["label_config"])  # what lsal cannot read is refused before anything is kept
    if given:
        settings.keep_key(root, url, given)
    if pem:
        settings.keep_certificates(root, url, pem)
    home = create_home(root, url, number, facts["created_at"], facts["title"], own_server=own)
    _write_down(home, Project(connection, number), facts, met)
    return home


def same_server(one: str, other: str) -> bool:
    """Whether two addresses are the same server: loopback has three names."""
    first, second = urlsplit(one.rstrip("/")), urlsplit(other.rstrip("/"))
    here = first.hostname in LOOPBACK and second.hostname in LOOPBACK
    same_host = here or first.hostname == second.hostname
    return same_host and (first.scheme, first.port, first.path) == (second.scheme, second.port, second.path)


def _as_known(root: Path, url: str, number: int) -> str:
    """The address under which a home of the project knows the server: else it would get a second home."""
    known = [home.url for home in homes(root) if home.project == number and not home.own_server]
    return url if url in known else next((other for other in known if same_server(other, url)), url)


def _write_down(home: Home, project: Project, facts: Mapping[str, Any], met: Met) -> None:
    before.record(home, project, facts)
    before.revive(home, project, facts)
    kind = project.connection.key_kind
    noted.note(home.path("server.json"), version=met.version, differs=met.differs, key=kind, met_at=time.time())
