"""What there is to say about a project's Label Studio: another version, slow imports, lsal taken out again."""

from __future__ import annotations

from lsal.files import read_json
from lsal.home import Home
from lsal.label_studio import noted
from lsal.label_studio.importing import FLAG

SLOW_S = 5.0
"""Seconds for one publication from which a person is told why."""


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


def parting_words(home: Home) -> list[str]:
    """What to say of a project that lsal was taken out of; nothing of any other."""
    marked = read_json(home.path("detached.json"))
    if marked is None:
        return []
    again = f"To go on with it: lsal attach {home.url} {home.project}"
    if not marked.get("done"):
        return [f"lsal was not taken out of this project entirely. Finish it: lsal detach --project {home.slug}"]
    return [f"This project is detached: lsal does nothing in it. {again}", *marked.get("left", [])]
