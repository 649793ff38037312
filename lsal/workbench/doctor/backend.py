"""Checks of the ML backend: it runs, Label Studio reaches it, in time, by one row and one webhook."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx

from lsal import processes
from lsal.errors import LsalError
from lsal.files import read_json
from lsal.label_studio.backend_rows import CONNECTED, WORD, Row, Standing, masked, remove_hook
from lsal.phrases import counted
from lsal.settings import root_secret
from lsal.workbench import serving
from lsal.workbench.addresses import LOOPBACK
from lsal.workbench.automatic import EACH, EACH_FIX
from lsal.workbench.backend_process import port_of
from lsal.workbench.doctor.findings import Finding, fault, ok, warn
from lsal.workbench.doctor.patient import WAIT_S, Patient

HEALTH_S, SETUP_S = 1.0, 3.0
"""For so long Label Studio waits for an answer."""
AGAIN = "Connect it again: lsal serve"


def process(patient: Patient) -> Iterator[Finding]:
    """Whether the backend runs and answers, and who can ask it."""
    if running := patient.running:
        host, port = running.get("host", LOOPBACK), port_of(running)
        more = serving.and_more(running.get("workers", 1))
        far = "" if host == LOOPBACK else f", and {host}:{port} for whoever knows the secret in its address"
        yield ok("backend", f"process {running['pid']}{more} answers at {running['url']}{far}")
    elif processes.alive(read_json(patient.root / "backend.json")):
        what = f"The backend runs, but has not answered for {WAIT_S:.0f} s"
        yield fault("backend", what, "If that lasts: lsal stop, then lsal serve", True)
    elif patient.served:
        what = "The backend does not run: no pre-annotations, no refill of the queue"
        yield fault("backend", what, "Start it: lsal serve", True)
    else:
        yield ok("backend", "none was started: lsal serve")


def reached(patient: Patient) -> Iterator[Finding]:
    """Whether Label Studio has one row of this backend, and asked this very process just now."""
    if not patient.served and not patient.running:
        return
    asked = patient.standing
    standing: Standing = asked.answer
    for row in standing.others:
        yield _other(row)
    if not standing.rows and not patient.served:
        yield warn("connection", "The backend runs, but is not connected to this project", "Connect it: lsal serve")
    elif not standing.rows:
        yield fault("connection", "Label Studio knows nothing of the backend", AGAIN, True)
    elif len(standing.rows) > 1:
        what = f"Label Studio has {len(standing.rows)} rows of this backend, and asks each"
        yield fault("connection", what, AGAIN, True)
    elif patient.running:
        yield _proof(patient, standing.rows[0], asked.begun)


def _proof(patient: Patient, row: Row, since: float) -> Finding:
    told = serving.seen(patient.desk, patient.running or {})
    heard = told["words"].get((row.get("extra_params") or {}).get(WORD), 0.0)
    where = masked(row["url"])
    if row.get("state") != CONNECTED:
        return fault("connection", f"Label Studio does not reach the backend at {where}", AGAIN, True)
    if heard < since:
        what = f"Label Studio reaches something at {where}, but this backend saw nothing of it"
        return fault("connection", what, AGAIN, True)
    peer = told["asked"].get("setup", {}).get("from", "?")
    return ok("connection", f"Label Studio reached this process at {where} just now, from {peer}")


def _other(row: Row) -> Finding:
    where = masked(row["url"])
    by_hand = "delete its row in Label Studio under Settings, Model"
    if row.get("state") == CONNECTED:
        what = f"Another lsal serves this project too, from {where}: two publish queues in turn"
        return fault("connection", what, f"End one of them, or {by_hand}")
    what = f"Label Studio still asks another lsal at {where}, which does not answer"
    return warn("connection", what, f"If nobody needs it: {by_hand}")


def webhooks(patient: Patient) -> Iterator[Finding]:
    """Whether events reach the backend once, and no webhook of ours leads nowhere."""
    standing: Standing = patient.standing.answer
    row = standing.rows[0] if standing.rows else None
    url = str(row["url"]).rstrip("/") if row else ""
    if row and not standing.hooks_of(url):
        yield fault("webhook", "Label Studio tells the backend nothing of what people do: no webhook", AGAIN, True)
    elif row and not standing.hooks_of(url)[0].get("is_active", True):
        yield fault("webhook", "The webhook of the backend is switched off", AGAIN, True)
    if orphans := standing.orphans(url):
        what = f"{counted(len(orphans), 'webhook')} of ours too many: each delays every submit by up to a second"
        yield fault("webhook", what, "Remove them: lsal doctor --fix", True)
    elif row and standing.hooks_of(url):
        yield ok("webhook", "there once")


def training(patient: Patient) -> Iterator[Finding]:
    """Whether Label Studio asks the backend for a round at each annotation."""
    if patient.served and patient.facts.answer.get("start_training_on_annotation_update"):
        yield warn("training", EACH, EACH_FIX)
    elif patient.served:
        yield ok("training", "Label Studio asks for a round at its button only, not at each annotation")


def answers(patient: Patient) -> Iterator[Finding]:
    """Whether the backend answers within the time that Label Studio waits."""
    if not patient.running:
        return
    told = serving.seen(patient.desk, patient.running)
    slowest = {"health": _health(patient, patient.running), **_slowest(told, "setup")}
    limits = {"health": HEALTH_S, "setup": SETUP_S}
    late = [f"/{name} took {s:.1f} s of {limits[name]:.0f}" for name, s in slowest.items() if s > limits[name] / 2]
    if late:
        lost = any(seconds > limits[name] for name, seconds in slowest.items())
        what, fix = f"The backend is slow: {', '.join(late)}", "See what else runs here: a training, a full memory"
        yield fault("times", what, fix) if lost else warn("times", what, fix)
    else:
        yield ok("times", ", ".join(f"/{name} {1000 * seconds:.0f} ms" for name, seconds in slowest.items()))
    through = patient.standing.seconds - patient.facts.seconds if not patient.alone else 0.0
    if through > HEALTH_S + SETUP_S:
        what = f"Label Studio takes {through:.1f} s to ask its backends, at every task that is opened"
        yield warn("times", what, "Is one of them slow or gone? Look under Settings, Model")


def _health(patient: Patient, running: dict[str, Any]) -> float:
    begun = time.perf_counter()
    url = f"{running['url']}/{root_secret(patient.root)}/{patient.home.slug}/health"
    try:
        httpx.get(url, timeout=WAIT_S, trust_env=False)
    except httpx.HTTPError:
        return WAIT_S
    return time.perf_counter() - begun


def _slowest(told: dict[str, Any], endpoint: str) -> dict[str, float]:
    asked = told["asked"].get(endpoint)
    return {endpoint: float(asked["slowest_s"])} if asked else {}


def repair_webhooks(patient: Patient) -> str:
    """Remove what is too many; where the backend is served, have one that is right."""
    if patient.served:
        return repair_connection(patient)
    orphans = patient.standing.answer.orphans("")
    for hook in orphans:
        remove_hook(patient.project, hook)
    return f"removed {counted(len(orphans), 'webhook')} that led to no backend"


def repair_connection(patient: Patient) -> str:
    """Serve again: it starts what does not run, and puts row, webhook and queue right."""
    try:
        served = serving.serve(patient.desk)
    except LsalError as error:
        return f"could not connect the backend: {error}"
    return f"connected the backend again, Label Studio reached it from {served['reached from']}"
