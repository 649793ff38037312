"""Checks of the way to Label Studio: it answers, is of a known version, takes the key, and has the same time."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

from lsal.errors import LsalError, Refused
from lsal.keys import LEGACY
from lsal.label_studio import noted
from lsal.workbench.doctor.findings import Finding, fault, ok, warn
from lsal.workbench.doctor.patient import Patient, lost

SLOW_S = 2.0
SKEW_S = 5.0
NEEDED = ("projects.view", "projects.change", "tasks.view", "predictions.any", "webhooks.change")
FLAG = "fflag_fix_back_4620_memory_efficient_predictions_import_08012025_short=true"
SLOW_IMPORT_S, SLOW_ROW_S = 10.0, 0.02


def server(patient: Patient) -> Iterator[Finding]:
    """Whether Label Studio answers, is one, and how fast."""
    try:
        found = patient.met
    except Refused as error:  # there is no key, or one that no server is told
        yield fault("key", error.what, error.fix)
        return
    except LsalError as error:
        yield fault("server", error.what, error.fix)
        return
    where = f"{patient.project.connection.url} answers in {found.seconds:.2f} s"
    if found.seconds > SLOW_S:
        yield warn("server", where, "See what else runs on its machine")
    else:
        yield ok("server", where)
    sdk, own = (importlib.metadata.version(name) for name in ("label-studio-sdk", "lsal"))
    versions = f"Label Studio {found.answer.version}, label-studio-sdk {sdk}, lsal {own}"
    if found.answer.differs:
        yield warn("version", f"{versions}. {found.answer.differs}", "See that the queue is exact: lsal verify")
    else:
        yield ok("version", versions)


def key(patient: Patient) -> Iterator[Finding]:
    """Whether the key is taken, sees the project, and may change it."""
    assert patient.met
    try:
        took = patient.facts.seconds
    except LsalError as error:
        if not lost(error):
            raise
        fix = "If it was deleted, go on with another: lsal use PROJECT. If not, use the key of a person who sees it"
        yield fault("key", f"Label Studio shows no project {patient.home.project} to this key", fix)
        return
    connection = patient.project.connection
    who = connection.get("/api/current-user/whoami")
    kind, rights = connection.key_kind, who.get("permissions")
    missing = [one for one in NEEDED if rights is not None and one not in rights]
    if missing:
        fix = "Use the key of a person who may, or have the rights given: lsal attach URL PROJECT --ask"
        yield fault("key", f"The {kind} of {who.get('email')} lacks the right to {', '.join(missing)}", fix)
        return
    more = ", which can be switched off by the server's owner" if kind == LEGACY and not patient.home.own_server else ""
    yield ok("key", f"the {kind} of {who.get('email')} sees project {patient.home.project} ({took:.2f} s){more}")


def clock(patient: Patient) -> Iterator[Finding]:
    """Whether the server's clock and this machine's agree."""
    facts, there = patient.facts, patient.facts.clock
    off = there - facts.ended if there > facts.ended else min(0.0, there + 1.0 - facts.begun)  # it tells whole seconds
    if abs(off) > SKEW_S:
        what = f"The server's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} this machine's"
        yield warn("clock", what, "Set both by a time server: waiting times and ages are shown wrong")
    else:
        yield ok("clock", "the server's clock and this machine's agree")


def imports(patient: Patient) -> Iterator[Finding]:
    """Whether publishing a batch took longer than it needs to."""
    kept = noted.read(patient.home.path("server.json"))
    bulk = (kept.get("imports") or {}).get("bulk") or {}
    seconds, rows = float(bulk.get("seconds", 0)), int(bulk.get("rows", 0))
    slow = seconds > SLOW_IMPORT_S and seconds > SLOW_ROW_S * rows
    if kept.get("recounts") or slow:
        why = "recounts every task at each import" if kept.get("recounts") else "was slow"
        took = f": {rows} rows in {seconds:.0f} s" if rows else ""
        yield warn("imports", f"Label Studio {why}{took}", f"Start it with {FLAG}")
    elif rows:
        yield ok("imports", f"the last batch of {rows} was written in {seconds:.1f} s")
