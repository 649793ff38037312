"""A worker of Ray: one process that does one call after the other, and lets itself be asked meanwhile."""

from __future__ import annotations

import logging
import pickle
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsal import plugins
from lsal.engine.carrying import Packing, Parcel, Slice, slices, unpack
from lsal.engine.depot import Depot
from lsal.errors import Cancelled
from lsal.records import Progress
from lsal.settings import cache_folder, silence

log = logging.getLogger(__name__)


class Hand:
    """Lives in a process of Ray. Its files are in the depot of its machine, where it `carries` them."""

    def __init__(self, carries: bool, roots: Sequence[Path]) -> None:
        silence()
        self._depot = Depot(cache_folder() / "carried")
        self._packing = Packing() if carries else None
        self._sources: dict[str, Path] = {}
        self._told: list[Progress] = []
        self._stop = threading.Event()
        plugins.watch_all(roots)
        if carries:
            self._depot.tidy()

    def where(self) -> str:
        """The depot that it shares with other workers of its machine."""
        return f"{socket.gethostname()}:{self._depot.folder}"

    def plug(self, source: bytes, name: str) -> None:
        """Know a file that the user plugged in."""
        file = self._depot.folder / "plugged" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(source)
        plugins.plug(file.parent, file)
        plugins.watch(file.parent)

    def lacks(self, digests: Sequence[str]) -> list[str]:
        """The files that have to come first."""
        return self._depot.lacks(digests)

    def take(self, pieces: Sequence[Slice]) -> None:
        """Some pieces of files, in their order."""
        self._depot.take(pieces)

    def run(self, call: Parcel, follow: bool = False) -> Parcel:
        """Do a call (function, arguments, named arguments): what came of it, and whether that is an error.

        One that is followed has a `report` among its named arguments, and what that hears is asked by `told`.
        """
        self._told, self._sources = [], {}
        try:
            fn, args, kwargs = unpack(call, self._depot.place)
            if follow:
                kwargs = {**kwargs, "report": self._hear}
            return self._packed((True, fn(*args, **kwargs)))
        except Exception as error:  # any: it belongs to whoever asks for the result
            log.info("A call failed", exc_info=True)
            return self._failed(error)

    def told(self, since: int) -> list[Progress]:
        """What the running call reported, from that many on."""
        return self._told[since:]

    def stop(self) -> None:
        """The running call hears `Cancelled` at its next report."""
        self._stop.set()

    def give(self, digest: str, start: int) -> list[Slice]:
        """A piece of a file of the last result."""
        return next(slices([digest], self._sources, start))

    def _hear(self, progress: Progress) -> None:
        if self._stop.is_set():
            raise Cancelled()
        self._told.append(progress)

    def _packed(self, answer: tuple[bool, Any]) -> Parcel:
        if self._packing is None:
            return Parcel(pickle.dumps(answer, 5))
        packed = self._packing.pack(answer)
        self._sources = dict(packed.sources)
        return packed

    def _failed(self, error: Exception) -> Parcel:
        try:
            packed = pickle.dumps((False, error), 5)
            pickle.loads(packed)  # nosec B301  # packed in the line above
        except Exception:  # an error that cannot travel: what it says does
            packed = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")), 5)
        return Parcel(packed)
