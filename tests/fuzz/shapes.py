"""Bodies of the shapes that Label Studio sends, and damage to them: quick to make, the same for the same dice."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

PROJECT = {"id": 21, "title": "Ω", "model_version": "lsal-x", "task_number": 12, "is_published": True, "weight": 0.5}
TASK = {"id": 363, "meta": {}, "annotations": [], "predictions": [], "created_at": "2026-01-01T00:00:00.000000Z"}
REGION = {"id": "r", "from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["animal"]}}
ANNOTATION = {"id": 135, "task": 364, "result": [REGION], "was_cancelled": False, "completed_by": 1, "lead_time": 1.5}
ONE = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED")
MANY = ("ANNOTATIONS_CREATED", "ANNOTATIONS_DELETED", "TASKS_CREATED", "TASKS_DELETED")
OTHERS = ("PROJECT_UPDATED", "LABEL_LINK_CREATED")

DEEP, DEEPER = "@deep@", "@deeper@"
"""Stand for lists inside lists, which no Python value of that depth could be written as JSON."""
DEPTHS = {f'"{DEEP}"'.encode(): 300, f'"{DEEPER}"'.encode(): 100_000}

STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, -0.0, 1e308, 10**19, -(2**63), 2**63 - 1, 2**63, 2**64, 10**400),
    *(float("nan"), float("inf"), float("-inf"), "", " ", "NaN", "\x00", "é\u0000", "\ud800", "\udfff", "😀", "\u202e"),
    *([], {}, [[]], [None], {"": ""}, {"data": 1}, [{}], {"text": None}, {"text": []}, {"text": {"text": "x"}}),
    *("x" * 5_000, [0] * 500, {str(n): n for n in range(200)}, DEEP, DEEPER, "<View/>", "<View>&a;</View>"),
)
HUGE: tuple[Any, ...] = ("x" * 1_000_000, "é" * 300_000, [1] * 100_000, [{"data": {"text": "x"}}] * 500)
CONFIGS = ("", "no xml", "<View>", "<View/>", "<!DOCTYPE v [<!ENTITY a 'b'>]><View>&a;</View>", "\ufeff<View/>")


def bodies(dice: random.Random, config: str) -> dict[str, dict[str, Any]]:
    """A whole body for each address that takes one."""
    tasks = [
        TASK | {"id": dice.randint(1, 500), "data": {"text": f"cat {n}"}} for n in range(dice.choice([0, 1, 1, 5]))
    ]
    params = dice.choice([{}, {"login": None, "password": None, "context": {"result": [REGION]}}])
    predict = {"tasks": tasks, "project": "21.1795174805", "label_config": config, "params": params}
    setup = {"project": "21.1", "schema": config, "hostname": "http://localhost:8080", "access_token": "0" * 40}
    setup |= {"extra_params": dice.choice([None, "", {}, {"word": "x"}, {"lsal": "abc"}])}
    return {"predict": predict, "setup": setup, "webhook": event(dice, config)}


def event(dice: random.Random, config: str) -> dict[str, Any]:
    """What a webhook tells: of bulk events lists, of deletions ids alone."""
    action, project = dice.choice((*ONE, *MANY, *OTHERS)), PROJECT | {"label_config": config}
    told: dict[str, Any] = {"action": action, "project": project}
    if action in ONE:
        return told | {"annotation": dict(ANNOTATION), "task": TASK | {"data": {"text": "t1"}}}
    if action in MANY:
        return told | {"tasks": [{"id": 1}], "annotations": [{"id": 135}], "annotation": [ANNOTATION], "task": [TASK]}
    return told


def damaged(dice: random.Random, body: dict[str, Any], times: int) -> dict[str, Any]:
    """The body with values replaced, lost, doubled or put elsewhere."""
    body = copy.deepcopy(body)
    for _ in range(times):
        places = list(_places(body))
        holder, key = dice.choice(places)
        how = dice.random()
        if how < 0.2:
            del holder[key]
        elif how < 0.3:
            holder[key] = copy.deepcopy(dice.choice([other[place] for other, place in places]))
        elif how < 0.4 and isinstance(holder, dict):
            holder[str(dice.choice(STRANGE))[:50]] = holder.pop(key)
        else:
            holder[key] = copy.deepcopy(dice.choice(HUGE if how > 0.99 else CONFIGS if how > 0.93 else STRANGE))
        if not body:
            return body
    return body


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value, with what holds it."""
    waiting = [node]
    while waiting:
        holder = waiting.pop()
        for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
            yield holder, key
            if isinstance(value, dict | list) and value:
                waiting.append(value)


def written(dice: random.Random, body: dict[str, Any]) -> bytes:
    """The body as bytes; now and then in another encoding, with doubled keys, or cut and scratched."""
    text = json.dumps(body, ensure_ascii=dice.random() < 0.5)
    told = text.encode(dice.choice(["utf-8"] * 12 + ["utf-16", "utf-8-sig", "utf-7"]), "surrogatepass")
    for token, depth in DEPTHS.items():
        told = told.replace(token, b"[" * depth + b"]" * depth, 1)
    if dice.random() < 0.05:
        key = dice.choice([b"tasks", b"label_config", b"action", b"id", b"data", b"extra_params"])
        told = told.replace(b'"%s":' % key, b'"%s": null, "%s":' % (key, key))
    return scratched(dice, told) if dice.random() < 0.15 else told


def scratched(dice: random.Random, told: bytes) -> bytes:
    """Some bytes changed, the end cut off, or a piece put in."""
    told_so = bytearray(told)
    for _ in range(dice.choice([0, 1, 4])):
        if told_so:
            told_so[dice.randrange(len(told_so))] = dice.randrange(256)
    if dice.random() < 0.5:
        del told_so[dice.randrange(len(told_so) + 1) :]
    if dice.random() < 0.3:
        told_so[dice.randrange(len(told_so) + 1) :] = dice.randbytes(dice.choice([1, 10, 1000]))
    return bytes(told_so)
