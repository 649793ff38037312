"""Where work runs: every engine is a concurrent.futures.Executor."""

from __future__ import annotations

from lsal.engine.here import Here
from lsal.engine.named import ENGINES, is_address, need, opened
from lsal.engine.spawned import processes

__all__ = ["ENGINES", "Here", "is_address", "need", "opened", "processes"]
