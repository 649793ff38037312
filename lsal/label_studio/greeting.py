"""Meeting a server: is it a Label Studio, of which version, and does the key see the project."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lsal.errors import BadRequest, LabelStudioError, Refused
from lsal.label_studio.answers import RIGHT_ADDRESS
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.settings import LABEL_STUDIO_VERSION

FLOOR = (1, 13)
"""The oldest release that the loop was run against."""
TRIED = (1, 23)
"""The release line that the tests run against."""


@dataclass(frozen=True, slots=True)
class Met:
    """A Label Studio: its version, and what is different about it, "" if nothing is known to be."""

    version: str
    differs: str = ""


def address(url: str) -> str:
    """A server's address as lsal keeps it; the page of a project, copied from a browser, is cut down to it."""
    parts = urlsplit(url.strip())
    try:
        named, secret = parts.hostname, parts.username or parts.password or parts.port == -1
    except ValueError as error:
        raise BadRequest(f"'{url}' is no address ({error})", "For example: http://localhost:8080") from None
    if secret:  # it would be shown in every link, and stand in the name of a folder
        raise BadRequest("The address holds a name or a password", "Leave it out, and give a key: --ask")
    if parts.scheme not in ("http", "https") or not named:
        raise BadRequest(f"'{url}' is no address of a server", "Give one that begins with http:// or https://")
    path = re.split(r"/(?:projects|user|organization)(?:/|$)", parts.path)[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def project_in(url: str) -> int:
    """The project's id out of the address of its page. Raises BadRequest for any other address."""
    found = re.search(r"/projects/(\d+)(?:/|$)", urlsplit(url.strip()).path)
    if found is None:
        raise BadRequest("Which project of that server?", "Give its id, or its page's address: lsal attach URL PROJECT")
    return int(found[1])


def meet(connection: Connection) -> Met:
    """Ask a server what it is, without telling it the key. Raises LabelStudioError, Unreachable."""
    stranger = LabelStudioError(f"{connection.url} answers, but not as a Label Studio does", RIGHT_ADDRESS)
    try:
        said = connection.without_key("/api/version")
    except Refused:
        raise stranger from None
    package = said.get("label-studio-os-package")
    version = (package.get("version") if isinstance(package, dict) else None) or said.get("release")
    if not isinstance(version, str):
        raise stranger
    return Met(version, differs(version))


def project_facts(connection: Connection, number: int) -> dict[str, Any]:
    """The project as the server describes it; where it is not there, an error that says what is."""
    try:
        return Project(connection, number).read()
    except LabelStudioError as error:
        if error.status != 404 or error.fix == RIGHT_ADDRESS:
            raise
    who = connection.get("/api/current-user/whoami")
    if not who.get("active_organization"):
        what = f"The key is {who.get('email')}'s, who belongs to no organization of {connection.url} any more"
        raise Refused(what, "Have them invited again, or use another person's key: lsal attach URL PROJECT --ask")
    listed = connection.get("/api/projects/", page_size=10, include="id,title")
    seen = ", ".join(f"{row['id']} ({row['title']})" for row in listed.rows("results")[:10]) or "none"
    what = f"The key of {who.get('email')} sees no project {number} on {connection.url}"
    raise LabelStudioError(what, f"It sees {listed['count']}: {seen}", status=404)


def differs(version: str) -> str:
    """What is to be known about a version. Raises LabelStudioError below the floor."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers and numbers < FLOOR:
        floor = ".".join(map(str, FLOOR))
        what = f"Label Studio {version} is older than {floor}, the oldest that lsal was tried with"
        raise LabelStudioError(what, f"Update it: pip install label-studio=={LABEL_STUDIO_VERSION}")
    if numbers == TRIED:
        return ""
    if numbers > TRIED:
        return f"Label Studio {version} is newer than lsal knows ({LABEL_STUDIO_VERSION}): check lsal verify"
    return f"Label Studio {version} is older than the {LABEL_STUDIO_VERSION} that lsal is tested with"
