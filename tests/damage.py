"""Damage to JSON values, one place at a time: every field lost, emptied, made huge, of another type, or elsewhere."""

import copy
from collections.abc import Iterator
from typing import Any

NAN, INFINITY = float("nan"), float("inf")
STRANGE: tuple[Any, ...] = (None, True, 0, -1, -1e9, 1e308, 2**70, 0.5, NAN, INFINITY, -INFINITY)
STRANGE = (*STRANGE, "", "nobody's label", "\x00", "\ud800", "x" * 10_000, "7", [], {}, [[]], [None], [{}], {"": None})
GONE = object()


def damaged(value: Any) -> Iterator[tuple[str, Any]]:
    """The value with one thing wrong: what, and the whole. All of it may be something else too."""
    for path, original in places(value):
        for what in (GONE, *STRANGE, [original], {"value": original}):
            name = ".".join(map(str, path)) or "all of it"
            if what is GONE:
                if path:
                    yield f"{name} is missing", _changed(value, path, GONE)
            else:
                yield f"{name} is {what!r:.40}", _changed(value, path, what)


def places(value: Any, path: tuple[Any, ...] = (), most: int = 3) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every place in the value; of a long list the first few stand for all."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key), most)
    elif isinstance(value, list):
        for number, inner in enumerate(value[:most]):
            yield from places(inner, (*path, number), most)


def _changed(value: Any, path: tuple[Any, ...], what: Any) -> Any:
    """The same value but for one place; the rest is shared."""
    if not path:
        return what
    step, changed = path[0], copy.copy(value)
    if len(path) == 1 and what is GONE:
        del changed[step]
    else:
        changed[step] = _changed(value[step], path[1:], what)
    return changed
