"""Connecting the ML backend: Label Studio is told of it, and has to prove that it reaches this very process."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import httpx

from lsal import publishing
from lsal.desk import Desk
from lsal.errors import BadRequest, Busy, LabelStudioError, LsalError, Unreachable
from lsal.files import read_json, write_json
from lsal.home import homes
from lsal.label_studio import backend_rows, queue
from lsal.label_studio.backend_rows import TITLE, Whose
from lsal.label_studio.project import Project
from lsal.records import Publication
from lsal.settings import root_secret
from lsal.workbench import addresses
from lsal.workbench.addresses import LOOPBACK
from lsal.workbench.backend_process import backend, listened, port_of, start, stop
from lsal.workbench.told import Told

__all__ = ["TITLE", "backend", "bring_back", "local_url", "seen", "serve", "start", "stop", "whose"]

MOST_WORKERS = 32
DEFAULT = "default"
"""What a person gives as the address to go back to loopback."""


def serve(desk: Desk, port: int = 0, host: str = "", address: str = "", workers: int = 0) -> Told:
    """Start the backend if it does not run, connect the project to it, keep the live queue live.

    `host` is a further address to listen on, `address` the one that Label Studio is to use,
    `workers` how many processes answer; all are remembered. Raises LabelStudioError, with what to
    type, if Label Studio does not reach it.
    """
    desk.home.need_attached()
    root, asked = desk.home.root, _asked(desk, port, address)
    before = listened(root)
    running = start(root, asked["port"], host, _workers(workers))
    used = asked["address"] or running["url"]
    word = secrets.token_urlsafe(9)
    try:
        row = backend_rows.connect(desk.project, whose(desk), f"{used}/{root_secret(root)}/{desk.home.slug}", word)
    except LsalError as error:
        with contextlib.suppress(LsalError):  # if that fails too, the first thing that is wrong is told
            start(root, *before)  # listening elsewhere was of no use, and people may be served where it was
        if isinstance(error, LabelStudioError):
            raise addresses.explained(error, desk.url, used, port_of(running)) from None
        raise
    peer = _proven(desk, running, word, used)
    # Connecting sets an empty model_version to the backend's title, and then each request for
    # the next task would ask the backend: the queue is the publication, or nothing. What else
    # stands there stays: a person chose it.
    bring_back(desk, {TITLE})
    served = {"url": running["url"], "address": used, "listens": _listens(running), "pid": running["pid"]}
    served |= {"workers": running.get("workers", 1)}
    served |= {"state": row.get("state"), "connected": row["id"], "asked": asked, "reached from": peer}
    write_json(desk.home.path("served.json"), served)
    others = _left_behind(root, desk.home.slug) if before[0] not in (0, port_of(running)) else []
    shown = {name: value for name, value in served.items() if name != "asked"}
    return _said(shown | ({"connect again": others} if others else {}))


def _said(served: Mapping[str, Any]) -> Told:
    """What `serve` came to, in words: Label Studio has just asked this very process."""
    told = {
        "reached from": served["reached from"],
        "at": served["address"],
        "listens on": served["listens"],
        "process": f"{served['pid']}{and_more(served['workers'])}",
        "connect again": ", ".join(served.get("connect again", [])),
    }
    return Told(served, "The ML backend runs, Label Studio is connected to it", told)


def and_more(workers: int) -> str:
    """How many processes answer beside the first, in words; nothing for one alone."""
    return f" and {workers - 1} more" if workers > 1 else ""


def _workers(asked: int) -> int:
    """How many processes a person wants to answer. Raises BadRequest for a number that cannot be."""
    if not 0 <= asked <= MOST_WORKERS:
        raise BadRequest(f"{asked} workers cannot be", f"Give 1 to {MOST_WORKERS}: lsal serve --workers 2")
    return asked


def whose(desk: Desk) -> Whose:
    """How the rows of this project's backend are told from others."""
    row = read_json(desk.home.path("served.json"), {}).get("connected")
    return Whose(root_secret(desk.home.root), desk.home.slug, frozenset([row] if row else []))


def local_url(desk: Desk, running: Mapping[str, Any]) -> str:
    """Where this machine asks the backend about the project."""
    return f"{running['url']}/{root_secret(desk.home.root)}/{desk.home.slug}"


def seen(desk: Desk, running: Mapping[str, Any]) -> dict[str, Any]:
    """What the running backend has seen of Label Studio. Raises Unreachable."""
    try:
        answer = httpx.get(f"{local_url(desk, running)}/seen", timeout=5.0, trust_env=False)
        return dict(answer.raise_for_status().json())
    except (httpx.HTTPError, ValueError) as error:
        what = f"The backend does not tell what it has seen ({type(error).__name__})"
        raise Unreachable(what, "Start it again: lsal stop, then lsal serve") from None


def bring_back(desk: Desk, replaced: Collection[str]) -> str | None:
    """Make the publication the queue again where nothing stands, or one of `replaced`; its name if it did.

    Under the home's lock, so that no round publishes between the look and the change. A round
    that runs publishes by itself; one that only trains does not, so it is not waited for.
    """
    with contextlib.suppress(Busy), desk.home.lock():
        publishing.settle(desk.home, desk.project, desk.store)
        return _bring_back(desk, replaced)
    return None if desk.home.path("intent.json").exists() else _bring_back(desk, replaced)


def _bring_back(desk: Desk, replaced: Collection[str]) -> str | None:
    held, publication = queue.live_name(desk.project), publishing.live_publication(desk.home)
    if held not in ("", *replaced) or held == (publication.name if publication else ""):
        return None
    _change(desk.project, publication)
    return publication.name if publication else ""


def _change(project: Project, publication: Publication | None) -> None:
    """Make the publication the queue; nothing is, where its predictions were deleted."""
    name = publication.name if publication else ""
    try:
        project.change(model_version=name)
    except LabelStudioError as error:
        if error.status != 400 or not name:
            raise
        project.change(model_version="")


def _asked(desk: Desk, port: int, address: str) -> dict[str, Any]:
    """The address and port for this project: as given now, else as given the last time."""
    if address == DEFAULT:
        return {"address": "", "port": port}
    if address:
        address = addresses.checked(address)
        return {"address": address, "port": port or addresses.port_in(address)}
    kept = read_json(desk.home.path("served.json"), {}).get("asked") or {}
    return {"address": kept.get("address", ""), "port": port or (kept.get("port", 0) if kept.get("address") else 0)}


def _proven(desk: Desk, running: Mapping[str, Any], word: str, used: str) -> str:
    """From where Label Studio asked this process; Unreachable if it asked another one."""
    told = seen(desk, running)
    if word not in told["words"]:
        raise Unreachable(
            f"Label Studio says it reaches {used}, but this backend (process {running['pid']}) saw nothing of it",
            f"Another backend answers there. Give the address of this one: lsal serve --address {DEFAULT}",
        )
    return str(told["asked"].get("setup", {}).get("from", ""))


def _listens(running: Mapping[str, Any]) -> str:
    """Where it listens, and what that means."""
    host, port = running.get("host", LOOPBACK), port_of(running)
    return f"{host}:{port}" + ("" if host == LOOPBACK else ", to whoever knows the secret in its address")


def _left_behind(root: Path, slug: str) -> list[str]:
    """The commands for the root's other projects, which Label Studio still seeks at the earlier port."""
    others = [home for home in homes(root) if home.slug != slug]
    return [f"lsal serve --project {home.slug}" for home in others if home.path("served.json").exists()]
