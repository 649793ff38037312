"""Strategies of hypothesis for bodies: any JSON, and payloads of the right shape whose fields are anything."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from .asking import POSTS, TYPES, Asked

letters = st.text(st.characters(), max_size=12)
"""Lone surrogates and control characters among them."""
numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([2**63, -(2**63) - 1, 2**64, 10**400]))
leaves = st.one_of(st.none(), st.booleans(), numbers, letters)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(letters, inner, max_size=4)


anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | _objects(inner), max_leaves=12)


def mostly(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What belongs there, or, one time in five, something else."""
    return st.integers(0, 4).flatmap(lambda draw: right if draw else anything)


def some(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with these fields, each of which may be missing or strange."""
    return st.fixed_dictionaries({}, optional={name: mostly(value) for name, value in fields.items()})


def payloads(config: str) -> dict[str, st.SearchStrategy[Any]]:
    """A strategy for each address that takes a body."""
    ids, texts = st.integers(-1, 2**63), st.one_of(st.just("a cat"), letters)
    data = st.dictionaries(st.sampled_from(["text", "image", ""]) | letters, texts | anything, min_size=1, max_size=3)
    task = some({"id": ids, "data": data, "created_at": letters, "meta": anything, "annotations": anything})
    configs = st.one_of(st.just(config), st.just(config), letters)
    predict = {"tasks": st.lists(mostly(task), max_size=4), "label_config": configs, "params": anything}
    whole = st.fixed_dictionaries(
        {"tasks": st.lists(st.fixed_dictionaries({"id": ids, "data": data}), max_size=4), "label_config": configs}
    )
    project = some({"id": ids, "title": letters, "label_config": configs})
    actions = st.sampled_from(["ANNOTATION_CREATED", "TASKS_DELETED", "PROJECT_UPDATED"]) | letters
    return {
        "predict": st.one_of(whole, some(predict), anything),
        "setup": st.one_of(some({"project": letters, "schema": configs, "extra_params": anything}), anything),
        "webhook": st.one_of(some({"action": actions, "project": project, "annotation": anything}), anything),
    }


def requests(path: str, config: str) -> st.SearchStrategy[Asked]:
    """Requests that keep to HTTP; what is in them need not keep to anything."""
    told = payloads(config)
    headers = st.sampled_from([TYPES[0]] * 9 + [*TYPES]).map(lambda kind: (("Content-Type", kind),))

    def to(route: str) -> st.SearchStrategy[Asked]:
        body = st.one_of(told[route].map(as_json), told[route].map(as_json), st.binary(max_size=40))
        return st.builds(Asked, st.just("POST"), st.just(f"{path}/{route}"), body, headers)

    return st.sampled_from(POSTS).flatmap(to)


def as_json(value: Any) -> bytes:
    """JSON as Python writes it: with NaN and Infinity, and with lone surrogates."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def drawn(strategy: st.SearchStrategy[Any], first_seed: int, at_once: int = 250) -> Iterator[Any]:
    """Draws without end, the same for the same seed."""
    number = first_seed
    while True:
        yield from _batch(strategy, number, at_once)
        number += 1


def _batch(strategy: st.SearchStrategy[Any], number: int, count: int) -> list[Any]:
    found: list[Any] = []
    quiet = settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    @seed(number)
    @quiet
    @given(strategy)
    def draw(value: Any) -> None:
        found.append(value)

    draw()
    return found
