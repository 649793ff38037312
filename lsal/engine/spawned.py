"""The engine of fresh processes on this machine, which end with the one that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from lsal import plugins
from lsal.settings import worker_threads


def processes(count: int = 0, begin: Callable[..., None] | None = None, *given: Any) -> ProcessPoolExecutor:
    """Runs calls in fresh processes: `count` of them, else as many as a worker may use threads.

    Each calls `begin` first, with what is `given`.
    """
    context, watched = multiprocessing.get_context("spawn"), (plugins.watched(), begin, given)
    return ProcessPoolExecutor(count or worker_threads(), mp_context=context, initializer=_begin, initargs=watched)


def _begin(roots: list[Path], begin: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    """Know what the user plugged in, and let no process outlive a worker that was killed."""
    plugins.watch_all(roots)
    threading.Thread(target=_watch_parent, daemon=True).start()
    if begin is not None:
        begin(*given)


def _watch_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
