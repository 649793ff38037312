"""Checks of what is on disk: secrets closed, homes whole, no switch half done, settings that can work."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from lsal import jobs, publishing
from lsal.errors import BadData, BadRequest, Busy, LsalError
from lsal.files import read_json
from lsal.home import open_home
from lsal.keys import open_to_others
from lsal.label_studio import mirror_file
from lsal.project_settings import check_settings
from lsal.store import check_files
from lsal.workbench import tracking
from lsal.workbench.advice import failed, fix_of
from lsal.workbench.choices import check_models, check_names
from lsal.workbench.doctor.findings import Finding, fault, ok, warn
from lsal.workbench.doctor.patient import Patient

SECRETS = ("keys.json", "secret.json", "mlflow.json", "label-studio/login.json", "label-studio/data/.env")
HASHED_BYTES = 2_000_000_000
"""Up to this size the files of live versions are compared with what was written."""


def modes(patient: Patient) -> Iterator[Finding]:
    """Whether files with secrets are closed to other users."""
    if wide := _wide(patient.root):
        what = f"Other users of this machine can read {', '.join(path.name for path in wide)}"
        yield fault("secrets", what, "Close them: lsal doctor --fix, then renew what they hold", True)
    else:
        yield ok("secrets", "closed to other users of this machine")


def repair_modes(patient: Patient) -> str:
    """Close the files with secrets."""
    for path in _wide(patient.root):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return "closed the files with secrets to other users"


def _wide(root: Path) -> list[Path]:
    return [path for path in (root, *(root / name for name in SECRETS)) if open_to_others(path)]


def homes(patient: Patient) -> Iterator[Finding]:
    """Whether every home of the root can be opened, and this one is whole."""
    damaged = [*damaged_homes(patient.root), *_damaged_parts(patient)]
    yield from damaged
    if not damaged:
        yield ok("home", f"{patient.home.folder} is whole")


def damaged_homes(root: Path) -> Iterator[Finding]:
    """The homes of a root that cannot be opened."""
    for path in sorted((root / "projects").glob("*/home.json")):
        try:
            open_home(path.parent)
        except (LsalError, OSError, TypeError) as error:
            yield fault("home", *_told(error, f"{path} cannot be read"))


def _damaged_parts(patient: Patient) -> Iterator[Finding]:
    for name in ("settings.json", "current.json", "publication.json", "intent.json", "served.json"):
        try:
            read_json(patient.home.path(name))
        except BadData as error:
            yield fault("home", error.what, error.fix)
    try:
        yield from _damaged_versions(patient)
    except (LsalError, OSError, KeyError, TypeError, ValueError) as error:
        yield fault("home", *_told(error, "The versions cannot be read"))
    if trouble := _mirror_trouble(path := patient.home.path("mirror.sqlite")):
        told = mirror_file.damaged(path, trouble)
        yield fault("home", told.what, told.fix)


def _damaged_versions(patient: Patient) -> Iterator[Finding]:
    store = patient.desk.store
    for number in store.current().values():
        version = store.get(number)
        size = sum(path.stat().st_size for path in version.folder.rglob("*") if path.is_file())
        try:
            if size < HASHED_BYTES:
                check_files(version)
        except BadData as error:
            yield fault("home", error.what, error.fix)


def _mirror_trouble(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
            (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return "" if said == "ok" else str(said)


def switch(patient: Patient) -> Iterator[Finding]:
    """Whether a switch of the queue was cut short."""
    if not patient.home.path("intent.json").exists():
        return
    try:
        with patient.home.lock():
            if patient.home.path("intent.json").exists():
                what = "A switch of the queue was interrupted"
                yield fault("switch", what, "Finish or drop it: lsal doctor --fix, or lsal sync", True)
    except Busy:
        yield ok("switch", "a round is publishing right now")


def repair_switch(patient: Patient) -> str:
    """Finish or drop the switch, as the server's live name says."""
    return publishing.recover(patient.home, patient.project, patient.desk.store) or "there was no switch left"


def attached(patient: Patient) -> Iterator[Finding]:
    """Whether lsal still works for the project."""
    if patient.home.detached:
        fix = f"Attach it again: lsal attach {patient.home.url} {patient.home.project}"
        yield warn("project", "lsal was taken out of this project: nothing is trained or published", fix)


def work(patient: Patient) -> Iterator[Finding]:
    """How the newest job ended."""
    newest = next(iter(jobs.jobs(patient.home)), None)
    state = newest.state() if newest else None
    if state and (what := failed(state)):
        yield warn("jobs", what, fix_of(state, None if patient.alone else patient.facts.ended))
    elif state:
        yield ok("jobs", f"the last {state.act}: {state.state}")


def mirrored(patient: Patient) -> Iterator[Finding]:
    """Whether versions are mirrored, and MLflow has them all."""
    found = tracking.standing(patient.home, patient.desk.store)
    if wrong := tracking.lacking(found):
        yield warn("tracking", *wrong)
    else:
        yield ok("tracking", tracking.in_words(found) or "off: versions stay in the home")


def settings(patient: Patient) -> Iterator[Finding]:
    """Whether a round can run with the project's settings."""
    try:
        kept = patient.home.settings()
    except BadData:
        return  # told by `homes`
    try:
        changes = asdict(kept)
        check_settings(changes)
        check_names(changes)
    except LsalError as error:
        yield fault("settings", error.what, f"{error.fix}: lsal set NAME=VALUE")
        return
    troubles = list(_settings_at_odds(patient))
    yield from troubles
    if not troubles:
        yield ok("settings", "a round can run with them")


def _settings_at_odds(patient: Patient) -> Iterator[Finding]:
    kept = patient.home.settings()
    if kept.measuring_share >= 1:
        yield fault("settings", "With measuring_share=1 nothing is left to train on", "lsal set measuring_share=0.1")
    if not patient.desk.mirror.label_config:
        return
    try:
        check_models(patient.desk, kept)
    except BadRequest as error:
        yield fault("settings", error.what, f"{error.fix}: lsal set family=... options=...")
    for name in {*(kept.family or {}), *(kept.options or {})} - set(patient.desk.handled):
        yield warn("settings", f"There are settings for '{name}', which is no control of the project", "lsal set")


def _told(error: Exception, what: str) -> tuple[str, str]:
    if isinstance(error, LsalError):
        return error.what, error.fix
    return f"{what} ({type(error).__name__}: {error})", "Restore it from a backup"
