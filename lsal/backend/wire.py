"""The payloads of Label Studio's ML backend protocol: bytes in, checked values out.

Whatever arrives is either what Label Studio sends or is refused with a sentence that names
the field. Content that lsal does not need is not looked at.
"""

from __future__ import annotations

from typing import Any

import orjson

from lsal.errors import LsalError

MAX_BODY = 64 * 2**20
MAX_TASKS = 100_000
MAX_CONFIG = 4 * 2**20
"""Letters of a label config: some are kept in memory, read."""

START_TRAINING = "START_TRAINING"
CHANGES = frozenset(
    f"{what}_{happened}"
    for what in ("ANNOTATION", "ANNOTATIONS", "TASK", "TASKS", "PROJECT")
    for happened in ("CREATED", "UPDATED", "DELETED")
)
"""Events which say that something changed: hints, for they get lost while the backend is down."""


class Malformed(LsalError):
    """A request that Label Studio would not send; `status` is the HTTP status to answer."""

    def __init__(self, what: str, status: int = 400) -> None:
        super().__init__(what)
        self.status = status


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object that every POST carries."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"The body is not JSON ({error}); a JSON object was expected") from None
    if not isinstance(found, dict):
        raise Malformed(f"The body is {_kind(found)}; a JSON object was expected")
    return found


def read_predict(body: bytes) -> tuple[str, list[dict[str, Any]]]:
    """The label config and the tasks of a request for predictions."""
    found = read_object(body)
    config, tasks = found.get("label_config"), found.get("tasks")
    if not isinstance(config, str):
        raise Malformed(f"Field 'label_config' is {_told(found, 'label_config')}; a string of XML was expected")
    if len(config) > MAX_CONFIG:
        raise Malformed(
            f"Field 'label_config' has more than the {MAX_CONFIG:,} letters that were expected at most", 413
        )
    if not isinstance(tasks, list):
        raise Malformed(f"Field 'tasks' is {_told(found, 'tasks')}; a list of tasks was expected")
    if len(tasks) > MAX_TASKS:
        raise Malformed(f"Field 'tasks' has {len(tasks):,} tasks; at most {MAX_TASKS:,} were expected", 413)
    for place, task in enumerate(tasks):
        _check_task(place, task)
    try:
        orjson.dumps([task["data"] for task in tasks])
    except orjson.JSONEncodeError:
        for place, task in enumerate(tasks):
            _check_depth(place, task)
    return config, tasks


def read_action(body: bytes) -> str:
    """The name of the event that a webhook tells."""
    found = read_object(body)
    action = found.get("action")
    if not isinstance(action, str) or not action:
        raise Malformed(f"Field 'action' is {_told(found, 'action')}; the name of an event was expected")
    return action


def write(content: Any) -> bytes:
    """An answer as JSON."""
    return orjson.dumps(content)


def _check_task(place: int, task: Any) -> None:
    name = f"tasks[{place}]"
    if not isinstance(task, dict):
        raise Malformed(f"Field '{name}' is {_kind(task)}; an object with 'data' was expected")
    if not isinstance(task.get("data"), dict):
        raise Malformed(f"Field '{name}.data' is {_told(task, 'data')}; an object was expected")
    if not isinstance(task.get("id", 0), int) or isinstance(task.get("id"), bool):
        raise Malformed(f"Field '{name}.id' is {_kind(task['id'])}; a whole number was expected")


def _check_depth(place: int, task: dict[str, Any]) -> None:
    try:
        orjson.dumps(task["data"])  # a task is known by the digest of its data, so they must be writable
    except orjson.JSONEncodeError:
        raise Malformed(
            f"Field 'tasks[{place}].data' is nested too deep; fewer than 250 levels were expected"
        ) from None


def _told(fields: dict[str, Any], name: str) -> str:
    return _kind(fields[name]) if name in fields else "missing"


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", type(None): "null"}
    if value == "":
        return "empty"
    return names.get(type(value), "a number")
