"""The backend's own description, in OpenAPI 3.1: what each address takes, and every answer it may give.

Written by hand: the bodies are Label Studio's, of which lsal checks what it needs and ignores the rest. The
tests hold that it names the app's addresses and methods, and that answers are what it says.
"""

from __future__ import annotations

from typing import Any

from lsal.backend import wire

Schema = dict[str, Any]

TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}
ANYTHING: Schema = {}
METRICS = "text/plain; version=0.0.4; charset=utf-8"
JSON = "application/json"

REFUSALS = {
    400: "The body is not what Label Studio sends; the sentence names the field.",
    403: "A web page may not ask the backend: Label Studio itself does.",
    404: "No project is served under this address.",
    405: "The address takes another method.",
    413: "The body, the label config or the list of tasks is larger than is read.",
    415: "The body is of another kind than JSON.",
}
BROKEN = {503: "Files of the project, or the live version, cannot be read; the sentence says which, and what to do."}


def description(served_at: str) -> Schema:
    """The description of a project's addresses, which begin with `served_at`."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "lsal's ML backend for Label Studio", "version": "1"},
        "servers": [{"url": served_at, "description": "/SECRET/PROJECT of a root: who knows it may ask"}],
        "paths": {
            "/health": {"get": _answer("health", _object(status=TEXT, model_class=TEXT))},
            "/setup": {"post": _asks(_SETUP, _answer("setup", _object(model_version=TEXT)))},
            "/predict": {"post": _asks(_PREDICT, _answer("predict", _object(results=_list(_RESULT))))},
            "/webhook": {"post": _asks(_EVENT, _answer("webhook", _NOTED))},
            "/versions": {"get": _answer("versions", _object(versions=_list(TEXT)))},
            "/metrics": {"get": _answer("metrics", TEXT, media=METRICS)},
            "/seen": {"get": _answer("seen", _object(pid=WHOLE, words=_each(NUMBER), asked=_each(_ASKED)))},
            "/tally": {"get": _answer("tally", _object(seen=_SEEN, metrics=_TALLY))},
            "/openapi.json": {"get": _answer("openapi", {"type": "object"})},
        },
    }


def _object(required: tuple[str, ...] | None = None, **fields: Schema) -> Schema:
    """An object with these fields, all of them unless `required` names those that must be there, and any others."""
    needed = list(fields if required is None else required)
    return {"type": "object", "properties": fields, **({"required": needed} if needed else {})}


def _list(item: Schema, **bounds: int) -> Schema:
    return {"type": "array", "items": item, **bounds}


def _each(value: Schema) -> Schema:
    return {"type": "object", "additionalProperties": value}


def _answer(name: str, content: Schema, media: str = JSON) -> Schema:
    """An operation that answers with `content`, or refuses."""
    refused = {code: says for code, says in REFUSALS.items() if code in (403, 404, 405)} | BROKEN
    answers: Schema = {"200": {"description": "As asked.", "content": {media: {"schema": content}}}}
    return {"operationId": name, "responses": answers | {str(code): _refused(says) for code, says in refused.items()}}


def _asks(body: Schema, operation: Schema) -> Schema:
    """The same of an operation that takes a body."""
    told = {"required": True, "content": {JSON: {"schema": body}}}
    refused = {str(code): _refused(says) for code, says in REFUSALS.items()}
    return {**operation, "requestBody": told, "responses": refused | operation["responses"]}


def _refused(says: str) -> Schema:
    return {"description": says, "content": {JSON: {"schema": _object(error=TEXT)}}}


_TASK = _object(("data",), id=WHOLE | {"maximum": 2**63 - 1}, data={"type": "object"}, created_at=ANYTHING)
_CONFIG = TEXT | {"maxLength": wire.MAX_CONFIG, "format": "label-config", "description": "The label config, as XML."}
_PREDICT = _object(("tasks", "label_config"), tasks=_list(_TASK, maxItems=wire.MAX_TASKS), label_config=_CONFIG)
_SETUP = _object((), project=ANYTHING, schema=ANYTHING, hostname=ANYTHING, extra_params=ANYTHING)
_EVENT = _object(("action",), action=TEXT | {"minLength": 1}, project=ANYTHING, task=ANYTHING, annotation=ANYTHING)
_RESULT = _object(result=_list({"type": "object"}), score=NUMBER, model_version=TEXT)
_NOTED = _object(("status",), status=TEXT, action=TEXT, job=TEXT)
_ASKED = {"type": "object", "properties": {"at": NUMBER, "from": TEXT, "slowest_s": NUMBER}}
_SEEN = _object(words=_each(NUMBER), asked=_each(_ASKED))
_TALLY = _object(requests=_list(_list(ANYTHING)), buckets=_list(WHOLE), seconds=NUMBER)
