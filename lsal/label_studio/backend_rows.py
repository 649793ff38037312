"""What a project has of lsal in Label Studio's tables: the row of its ML backend, and the webhook.

A row is lsal's by its address, which ends in /SECRET/SLUG: no title and no port tells so much,
people change both. Label Studio makes the webhook when it makes the row, never again; it keeps
it when the row goes, and keeps a row whose webhook it refused. So both are put right here. What
is not lsal's is never touched.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lsal.errors import BadRequest, LabelStudioError
from lsal.label_studio.project import Project
from lsal.label_studio.told import Told

TITLE = "lsal"
WORD = "lsal"
"""The name in a row's `extra_params` of the word that Label Studio repeats in each /setup."""
CONNECTED = "CO"
NOT_REACHED, AGAIN_S = 400, 1.0
"""The status of a row whose backend did not answer Label Studio in time, and seconds until it is asked once more."""
HOOK = "/webhook"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Whose:
    """How lsal's rows are told from all others: the end of their address; `known` are the ids of
    rows that were made under an earlier secret.
    """

    secret: str
    slug: str
    known: frozenset[int] = frozenset()

    def own(self, row: Row) -> bool:
        """Whether a row is of this root's lsal."""
        return self._ends(row["url"]) or (row["id"] in self.known and self.alike(row["url"]))

    def own_hook(self, hook: Row, rows: Iterable[Row]) -> bool:
        """Whether a webhook is: by its address, or by one that served this project and is in no row any more."""
        base = str(hook["url"]).removesuffix(HOOK)
        if not str(hook["url"]).endswith(HOOK):
            return False
        return self._ends(base) or (self.alike(base) and base not in {_plain(row["url"]) for row in rows})

    def alike(self, url: str) -> bool:
        """Whether an address is that of some lsal that serves this project, this root's or another's."""
        return re.fullmatch(rf"https?://.+/[\w-]{{16,}}/{re.escape(self.slug)}/?", url) is not None

    def _ends(self, url: str) -> bool:
        return _plain(url).endswith(f"/{self.secret}/{self.slug}")


@dataclass(frozen=True, slots=True)
class Standing:
    """The rows and webhooks of a project, sorted: `rows` and `hooks` are this lsal's, `others`
    those of another lsal for the same project.
    """

    rows: tuple[Row, ...]
    hooks: tuple[Row, ...]
    others: tuple[Row, ...]

    def row(self, url: str) -> Row | None:
        """The row to keep for `url`: the one that has it, else any."""
        return next((row for row in self.rows if _plain(row["url"]) == url), next(iter(self.rows), None))

    def hooks_of(self, url: str) -> list[Row]:
        """The webhooks that lead to `url`."""
        return [hook for hook in self.hooks if hook["url"] == url + HOOK]

    def orphans(self, url: str) -> list[Row]:
        """The webhooks that lead elsewhere, or a second time to `url`."""
        return [*self.hooks_of(url)[1:], *(hook for hook in self.hooks if hook["url"] != url + HOOK)]


def look(project: Project, whose: Whose) -> Standing:
    """The project's rows and webhooks as Label Studio has them; it asks each backend before it answers."""
    rows = project.backends()
    own = tuple(row for row in rows if whose.own(row))
    others = tuple(row for row in rows if row not in own and whose.alike(row["url"]))
    return Standing(own, _own_hooks(project, whose, others), others)


def connect(project: Project, whose: Whose, url: str, word: str) -> dict[str, Any]:
    """Make `url` the one backend of this lsal, and its webhook the only one; returns the row.

    Raises BadRequest where another lsal serves the project, LabelStudioError where Label Studio
    cannot or will not reach `url`; then what worked before still does, and nothing is left half made.
    """
    standing = look(project, whose)
    refuse_other(standing)
    made = _hook(project, standing, url)  # first: it may be refused where the backend is not
    try:
        row = _row(project, whose, standing.row(url), url, word)
    except LabelStudioError:
        if made:
            remove_hook(project, made)
        raise
    for double in filter(whose.own, project.backends()):  # read again: what was sent once may have come twice
        if double["id"] != row["id"]:
            remove_row(project, double)
    hooks = _own_hooks(project, whose, standing.others)
    for orphan in Standing((row,), hooks, standing.others).orphans(url):
        remove_hook(project, orphan)
    return row


def refuse_other(standing: Standing) -> None:
    """Raise BadRequest if another lsal serves the project and answers: two would fight over the queue."""
    for row in standing.others:
        if row.get("state") == CONNECTED:
            what = f"Another lsal serves this project, from {masked(row['url'])}"
            by_hand = "delete its row in Label Studio under Settings, Model"
            raise BadRequest(what, f"End that one (lsal stop, where it was started), or {by_hand}")


def remove_row(project: Project, row: Row) -> None:
    """Delete a row of ours. Label Studio tells the backend nothing and leaves the webhook."""
    with _gone_is_fine():
        project.connection.delete(f"/api/ml/{row['id']}")


def remove_hook(project: Project, hook: Row) -> None:
    """Delete a webhook of ours."""
    with _gone_is_fine():
        project.connection.delete(f"/api/webhooks/{hook['id']}/")


def hooks_of(project: Project) -> list[Told]:
    """The webhooks of the project, everybody's."""
    return project.connection.rows("/api/webhooks/", project=project.number)


def masked(text: str) -> str:
    """A text in which no address shows the secret part of lsal's."""
    return re.sub(r"(https?://[^/\s]+(?:/[^/\s]+)*?)/[\w-]{16,}/[^\s,'\"]+", r"\1/...", text)


def _hook(project: Project, standing: Standing, url: str) -> Row | None:
    """A webhook to `url` for all events; the row of it if it was made now.

    Without what they are about: lsal reads that for itself, and whoever submits would wait until it is written out.
    """
    body = {"url": url + HOOK, "send_payload": False, "send_for_all_actions": True, "is_active": True}
    if there := standing.hooks_of(url):
        if any(there[0].get(name) != value for name, value in body.items()):
            project.connection.patch(f"/api/webhooks/{there[0]['id']}/", body)
        return None

    def made() -> Any:
        return next((hook for hook in hooks_of(project) if hook["url"] == url + HOOK), None)

    try:
        return project.connection.post("/api/webhooks/", {"project": project.number, **body}, made)
    except LabelStudioError:
        for row in standing.rows:  # Label Studio keeps a row whose webhook it refused: it would hear of nothing
            if _plain(row["url"]) == url:
                remove_row(project, row)
        raise


def _row(project: Project, whose: Whose, kept: Row | None, url: str, word: str) -> dict[str, Any]:
    """The row of `url`: the one that is kept, changed, else a new one."""
    body = {"project": project.number, "url": url, "title": TITLE, "extra_params": _with_word(kept, word)}
    if kept:
        return _once_more(lambda: project.connection.patch(f"/api/ml/{kept['id']}", body))
    try:
        return _once_more(lambda: project.connection.post("/api/ml/", {**body, "is_interactive": False}))
    except LabelStudioError:
        with contextlib.suppress(LabelStudioError):  # what answers there may have broken off in the middle
            for row in filter(whose.own, project.backends()):
                remove_row(project, row)
        raise


def _once_more(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Label Studio gives a backend seconds to answer; one that has just begun may be busy with its imports."""
    try:
        return ask()
    except LabelStudioError as error:
        if error.status != NOT_REACHED:
            raise
    time.sleep(AGAIN_S)
    return ask()


def _own_hooks(project: Project, whose: Whose, others: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(hook for hook in hooks_of(project) if whose.own_hook(hook, others))


def _with_word(row: Row | None, word: str) -> dict[str, Any]:
    there = (row or {}).get("extra_params")
    return {**(there if isinstance(there, Mapping) else {}), WORD: word}


@contextlib.contextmanager
def _gone_is_fine() -> Any:
    try:
        yield
    except LabelStudioError as error:
        if error.status != 404:
            raise


def _plain(url: str) -> str:
    return str(url).rstrip("/")
