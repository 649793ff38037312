"""What there is to say about a project's Label Studio: another version, slow imports, tasks that it cannot show."""

from __future__ import annotations

from lsal.desk import Desk
from lsal.files import read_json
from lsal.home import Home
from lsal.label_studio import noted
from lsal.label_studio.importing import FLAG
from lsal.label_studio.unread import unread
from lsal.phrases import counted

SLOW_S = 5.0
"""Seconds for one publication from which a person is told why."""
MOST = 10
"""Tasks that one sentence names."""


def server_words(home: Home) -> list[str]:
    """Sentences from what was noted in the home; asks nobody."""
    facts = noted.read(home.path("server.json"))
    told = [f"{facts['differs']}. What that means: docs/2_servers.md"] if facts.get("differs") else []
    last = facts.get("imports", {}).get(facts.get("route"), {})
    if facts.get("recounts") and last.get("seconds", 0.0) > SLOW_S:
        told.append(
            f"Publishing {last['rows']} tasks took {last['seconds']:.0f} s: this Label Studio recounts all of its "
            f"{last['tasks']:,} tasks for each import. Have it started with {FLAG}=true in its environment"
        )
    return told


def unread_words(desk: Desk) -> list[str]:
    """What to say of tasks that Label Studio itself cannot show."""
    found = unread(desk.mirror)
    if not found:
        return []
    first, of = min(found), counted(len(found), "task", "tasks")
    numbers = ", ".join(map(str, sorted(found)[:MOST])) + (", ..." if len(found) > MOST else "")
    return [
        f"Label Studio cannot show {of} ({numbers}), as it does where half an emoji was stored; all others go on. "
        f"{found[first]['why']}. Correct its annotation or delete the task there, then: lsal sync"
    ]


def parting_words(home: Home) -> list[str]:
    """What to say of a project that lsal was taken out of; nothing of any other."""
    marked = read_json(home.path("detached.json"))
    if marked is None:
        return []
    again = f"To go on with it: lsal attach {home.url} {home.project}"
    if not marked.get("done"):
        return [f"lsal was not taken out of this project entirely. Finish it: lsal detach --project {home.slug}"]
    return [f"This project is detached: lsal does nothing in it. {again}", *marked.get("left", [])]
