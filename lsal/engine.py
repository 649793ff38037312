"""Where work runs: every engine is a concurrent.futures.Executor."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

from lsal import plugins
from lsal.registry import Registry
from lsal.settings import worker_threads

ENGINES = Registry("engine", {"here": "lsal.engine:Here", "processes": "lsal.engine:processes"})


class Here(Executor):
    """Runs each call at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the call now; its future is already finished."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # any: it belongs to whoever asks for the result
            future.set_exception(error)
        return future

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> Iterator[Any]:
        """Each call runs when its result is asked for: in between, progress is told and a cancel heard."""
        return map(fn, *iterables)


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
