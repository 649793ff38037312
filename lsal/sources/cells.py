"""Single values of tables: as JSON can hold them, and as texts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_MOST = 2**63
"""Larger whole numbers go into no JSON that everybody reads."""


def plain(value: Any) -> Any:
    """The value as Label Studio's JSON can hold it; what stands for "missing" is None."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _MOST else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None  # numpy's floats are floats too
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if hasattr(value, "tolist"):  # numpy's arrays and single values
        return plain(value.tolist())
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def text(value: Any) -> str:
    """The value as a text, empty where it is missing."""
    value = plain(value)
    return "" if value is None else str(value)
