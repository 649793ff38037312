"""Where work runs: every engine is a concurrent.futures.Executor."""

from __future__ import annotations

from lsal.engine.distant import Ray
from lsal.engine.here import Here
from lsal.engine.named import ENGINES, is_address, is_ray, need, opened
from lsal.engine.spawned import processes

__all__ = ["ENGINES", "Here", "Ray", "is_address", "is_ray", "need", "opened", "processes"]
