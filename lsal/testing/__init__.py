"""The laws of kinds, models, strategies and engines as test classes, for lsal's own and for everybody's.

Subclass one in a test file, name what is to be tested, and pytest runs every law on it:

    from lsal.testing import StrategyContract

    class TestMine(StrategyContract):
        strategy = mine

It needs pytest, which lsal itself does not.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from lsal.errors import BadRequest

if TYPE_CHECKING:
    from lsal.testing.engines import EngineContract
    from lsal.testing.kinds import KindContract
    from lsal.testing.layouts import LayoutModelContract
    from lsal.testing.models import ModelContract
    from lsal.testing.regions import RegionModelContract
    from lsal.testing.spans import SpanModelContract
    from lsal.testing.strategies import StrategyContract

__all__ = [
    "EngineContract",
    "KindContract",
    "LayoutModelContract",
    "ModelContract",
    "RegionModelContract",
    "SpanModelContract",
    "StrategyContract",
]

_IN = {
    "EngineContract": "engines",
    "KindContract": "kinds",
    "LayoutModelContract": "layouts",
    "ModelContract": "models",
    "RegionModelContract": "regions",
    "SpanModelContract": "spans",
    "StrategyContract": "strategies",
}


def __getattr__(name: str) -> Any:
    if name not in _IN:
        raise AttributeError(f"module 'lsal.testing' has no attribute '{name}'")
    if find_spec("pytest") is None:
        raise BadRequest(f"lsal.testing.{name} needs pytest", "Install it: pip install pytest")
    import pytest

    # Before the first of them is imported: then a broken law shows both sides of what it compares.
    modules = [f"lsal.testing.{module}" for module in _IN.values()]
    pytest.register_assert_rewrite(*(module for module in modules if module not in sys.modules))
    return getattr(import_module(f"lsal.testing.{_IN[name]}"), name)
