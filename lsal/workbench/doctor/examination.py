"""The table of checks, and how they are run: each by itself, in bounded time, whatever else is broken."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

from lsal.errors import LsalError
from lsal.home import Home
from lsal.workbench.doctor import backend, disk, machine, queue, server
from lsal.workbench.doctor.findings import Diagnosis, Finding, fault, warn
from lsal.workbench.doctor.patient import Patient

Check = Callable[[Patient], Iterator[Finding]]
LIMIT_S = 12.0

CHECKS: tuple[Check, ...] = (
    *(disk.modes, disk.attached, disk.homes, disk.settings, machine.space, machine.gpu, machine.priority),
    *(server.server, server.key, server.clock, server.imports),
    *(backend.process, backend.reached, backend.webhooks, backend.training, backend.answers),
    *(disk.switch, queue.queue, queue.order, queue.shown, queue.overlap, queue.held),
    *(machine.files, disk.work, disk.mirrored),
)
"""Modes first: reading a file with keys closes it."""

FIRST = (server.server, server.key)
"""Who tells why the server cannot be asked about the project."""

REPAIRS: Mapping[str, Callable[[Patient], str]] = {
    "secrets": disk.repair_modes,
    "switch": disk.repair_switch,
    "backend": backend.repair_connection,
    "connection": backend.repair_connection,
    "webhook": backend.repair_webhooks,
    "queue": queue.repair_queue,
}
"""How what is fixable is put right, by the check that found it; in this order."""


def diagnose(home: Home, repair: bool = False) -> Diagnosis:
    """Every finding about a project; with `repair`, after what can be put right safely was."""
    findings, done = examine(Patient(home)), list[str]()
    wanted = {found.check for found in findings if found.fixable}
    if repair and wanted:
        tools = dict.fromkeys(tool for check, tool in REPAIRS.items() if check in wanted)
        done = [_repaired(tool, Patient(home)) for tool in tools]
        findings = examine(Patient(home))
    return Diagnosis(f"{home.title} ({home.project})", findings, tuple(done))


def without_home(error: LsalError) -> Diagnosis:
    """What is left to say where the project's own folder cannot be opened."""
    return Diagnosis("", (fault("home", error.what, error.fix),))


def examine(patient: Patient) -> tuple[Finding, ...]:
    """The findings of all checks; of one error that many meet, the first alone tells."""
    told: dict[str, Finding] = {}
    for found in (found for check in CHECKS for found in _bounded(check, patient)):
        told.setdefault(found.what, found)
    return tuple(told.values())


def _bounded(check: Check, patient: Patient) -> list[Finding]:
    """What a check finds within the limit; its thread is left behind if it takes longer."""
    found: list[Finding] = []
    thread = threading.Thread(target=lambda: found.extend(_guarded(check, patient)), daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    if thread.is_alive():
        return [warn(check.__name__, f"Not known after {LIMIT_S:.0f} s", "Is the server or the disk very slow?")]
    return found


def _guarded(check: Check, patient: Patient) -> Iterator[Finding]:
    """A check's findings; an error ends it, and is a finding itself."""
    try:
        yield from check(patient)
    except LsalError as error:
        if check in FIRST or not patient.alone:  # else it only says again that the server could not be asked
            yield fault(check.__name__, error.what, error.fix)
    except Exception as error:  # any: a doctor that fails is worse than one that does not know
        yield warn(check.__name__, f"Could not be looked at ({type(error).__name__}: {error})", "lsal sync")


def _repaired(tool: Callable[[Patient], str], patient: Patient) -> str:
    try:
        return tool(patient)
    except LsalError as error:
        return f"could not be done: {error}"
