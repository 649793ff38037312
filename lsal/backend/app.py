"""The Flask app: Label Studio's ML backend protocol under /SECRET/SLUG, JSON in every answer."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from lsal.backend import wire
from lsal.backend.metrics import Metrics
from lsal.backend.openapi import METRICS, description
from lsal.backend.projects import Projects, Unknown
from lsal.backend.seen import Seen, joined
from lsal.backend.workers import Peers
from lsal.errors import BadConfig, BadRequest, LsalError
from lsal.jobs import LABEL_STUDIO
from lsal.room import not_written
from lsal.workbench import Workbench

log = logging.getLogger(__name__)

SENTENCES = {
    404: "There is nothing under this address",
    405: "This address takes another method: POST for setup, predict and webhook, GET for the rest",
    413: f"The body has more than the {wire.MAX_BODY // 2**20} MB that were expected at most",
}

TWICE_S = 10.0
"""Seconds after a round in which a second wish to train is the first one, delivered twice on its way."""

project = Blueprint("project", __name__, url_prefix="/<secret>/<slug>")


def create_app(root: Path, hint: Callable[[str], None] = lambda slug: None, peers: Peers | None = None) -> Flask:
    """The app that serves every project of `root`; calls `hint` with the slug of one that changed.

    `peers` are the other processes that serve it at the same address.
    """
    app = Flask("lsal.backend", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = wire.MAX_BODY
    app.url_map.merge_slashes = False
    app.extensions.update(projects=Projects(root), metrics=Metrics(), seen=Seen(), hint=hint)
    app.extensions["peers"] = peers or Peers(head=os.getpid())
    app.before_request(_refuse_pages)
    app.register_blueprint(project)
    app.add_url_rule("/health", view_func=health)
    app.register_error_handler(Exception, _sorry)
    return app


@project.get("/health")
def health() -> Response:
    """Whether the backend is there; without the secret it tells nothing about projects."""
    return _answer({"status": "UP", "model_class": "lsal"})


@project.post("/setup")
def setup() -> Response:
    """The version that answers now. Label Studio asks often and waits 3 s: no model is loaded."""
    body = wire.read_object(request.get_data())
    current_app.extensions["seen"].setup(_bench().home.slug, body)
    current_app.extensions["projects"].warm(_bench())
    return _answer({"model_version": _bench().answers.name() or "lsal"})


@project.post("/predict")
def predict() -> Response:
    """One result for each task in order; no results before the first version."""
    config, tasks = wire.read_predict(request.get_data())
    return _answer({"results": _bench().predict(config, tasks)})


@project.post("/webhook")
def webhook() -> Response:
    """An event. Label Studio waits 1 s, and so does the annotator: only noted here."""
    action = wire.read_action(request.get_data())
    if action == wire.START_TRAINING:
        return _answer(_start_training(_bench()))
    if action not in wire.CHANGES:
        return _answer({"status": "ignored", "action": action})
    current_app.extensions["hint"](_bench().home.slug)
    return _answer({"status": "noted", "action": action})


@project.get("/versions")
def versions() -> Response:
    """The names under which versions answer, newest first."""
    return _answer({"versions": _bench().answers.names()})


@project.get("/metrics")
def metrics() -> Response:
    """Counts and times, for Prometheus."""
    text = current_app.extensions["metrics"].text(_bench(), [one["metrics"] for one in _others()])
    return Response(text, content_type=METRICS)


@project.get("/seen")
def seen() -> Response:
    """What Label Studio was seen to ask, for `lsal serve` and `lsal doctor`."""
    pid, own = current_app.extensions["peers"].head, current_app.extensions["seen"].of(_bench().home.slug)
    return _answer({"pid": pid, **joined([own, *(one["seen"] for one in _others())])})


@project.get("/tally")
def tally() -> Response:
    """What was asked of this process alone, for the others that serve at the same address."""
    slug, extensions = _bench().home.slug, current_app.extensions
    return _answer({"seen": extensions["seen"].of(slug), "metrics": extensions["metrics"].tally(slug)})


@project.get("/openapi.json")
def openapi() -> Response:
    """What stands here, described for programs."""
    return _answer(description(request.path.rpartition("/")[0]))


def _refuse_pages() -> None:
    """A browser says where a request comes from. Label Studio is none, and a page of a stranger's could guess."""
    if "Origin" in request.headers or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        raise wire.Malformed("A web page may not ask the backend: Label Studio itself does", 403)
    if request.method == "POST" and request.mimetype not in ("", "application/json"):
        raise wire.Malformed(f"The body is {request.mimetype}; application/json was expected", 415)


@project.url_value_preprocessor
def _admit(endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.begun = time.perf_counter()
    address = values or {}
    g.bench = current_app.extensions["projects"].admit(address.pop("secret"), address.pop("slug"))


@project.after_request
def _count(response: Response) -> Response:
    if "bench" in g:
        endpoint = (request.endpoint or "").rpartition(".")[2]
        seconds = time.perf_counter() - g.begun
        slug, peer = g.bench.home.slug, request.remote_addr or ""
        current_app.extensions["metrics"].note(slug, endpoint, response.status_code, seconds)
        if endpoint not in ("seen", "tally"):
            current_app.extensions["seen"].answered(slug, endpoint, peer, seconds)
    return response


def _bench() -> Workbench:
    return cast(Workbench, g.bench)


def _others() -> list[dict[str, Any]]:
    """What was asked of the other processes."""
    path = request.path.rpartition("/")[0] + "/tally"
    return cast(Peers, current_app.extensions["peers"]).tallies(path)


def _start_training(bench: Workbench) -> dict[str, str]:
    if done := _just_done(bench):  # a request that came twice, the second time late
        return {"status": "done already", "job": done}
    try:  # two clicks on "Start training" are one round, whichever workers hear of them
        job = bench.round(by=LABEL_STUDIO)
    except BadRequest as error:
        return {"status": str(error)}
    log.info("Label Studio asked for training: job %s", job.id)
    return {"status": "started", "job": job.id}


def _just_done(bench: Workbench) -> str:
    """The round that Label Studio asked for, if it was over only just now; else "": so soon nobody means another."""
    newest = bench.jobs()[:1]
    state = newest[0].state() if newest else None
    if state is None or (state.act, state.by, state.state) != ("round", LABEL_STUDIO, "done"):
        return ""
    return state.id if time.time() - (state.ended_at or 0.0) < TWICE_S else ""


def _answer(content: Any, status: int = 200) -> Response:
    return Response(wire.write(content), status, content_type="application/json")


def _sorry(error: Exception) -> Response:
    error = not_written(error, current_app.extensions["projects"].root, "lsal status") or error
    status = _status(error)
    if isinstance(error, HTTPException):
        return _answer({"error": SENTENCES.get(status) or error.description}, status)
    if isinstance(error, LsalError):
        log.log(logging.WARNING if status >= 500 else logging.INFO, "%s: %s", request.path.rpartition("/")[2], error)
        return _answer({"error": "\n".join(line for line in (error.what, error.fix) if line)}, status)
    log.error("%s failed", request.path.rpartition("/")[2], exc_info=error)
    return _answer({"error": "The backend failed at this; its log tells more"}, status)


def _status(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.code or 500
    if isinstance(error, wire.Malformed):
        return error.status
    known = {Unknown: 404, BadConfig: 400}
    return known.get(type(error), 503 if isinstance(error, LsalError) else 500)
