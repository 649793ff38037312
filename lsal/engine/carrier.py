"""Between a worker and here: packs calls, brings the files that they name, and those that results name."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from typing import Any

from lsal.engine.carrying import Packing, Parcel, slices, unpack
from lsal.engine.depot import Depot
from lsal.errors import Cancelled
from lsal.protocols import Report
from lsal.settings import cache_folder

Ask = Callable[[Any], Any]
"""Waits for a worker's answer."""


class Carrier:
    """Used by all threads of an engine at once. Where it does not `carry`, files are read where they lie."""

    def __init__(self, ask: Ask, carries: bool) -> None:
        self._ask, self._packing = ask, Packing() if carries else None
        self._depot = Depot(cache_folder() / "carried")
        self._lock, self._roads = threading.Lock(), dict[str, threading.Lock]()

    @property
    def carries(self) -> bool:
        """Whether files travel."""
        return self._packing is not None

    def pack(self, call: tuple[Any, ...]) -> Parcel:
        """A call, ready to go; raises what pickle raises for one that cannot."""
        if self._packing is None:
            return Parcel(pickle.dumps(call, 5))
        with self._lock:
            return self._packing.pack(call)

    def send(self, hand: Any, where: str, packed: Parcel) -> None:
        """The files that a call names, as far as the depot at `where` lacks them: to each depot once."""
        if not packed.digests:
            return
        with self._lock:
            road = self._roads.setdefault(where, threading.Lock())
        with road:
            for pieces in slices(self._ask(hand.lacks.remote(packed.digests)), packed.sources):
                self._ask(hand.take.remote(pieces))

    def unpack(self, hand: Any, came: Parcel) -> Any:
        """What a worker answered, with the files that it names: here from now on."""
        sizes = {digest: size for thing in came.things.values() for digest, size in thing.files.values()}
        for digest in self._depot.lacks(sizes):
            start = 0
            while start < sizes[digest] or not start:
                pieces = self._ask(hand.give.remote(digest, start))
                self._depot.take(pieces)
                start += len(pieces[0].content)
                if not sizes[digest]:
                    break
        return unpack(came, self._depot.place)


class Followed:
    """Passes on what a running call reports; if that is refused, the call is stopped there, and its end awaited."""

    def __init__(self, ask: Ask, hand: Any, report: Report) -> None:
        self._ask, self._hand, self._report = ask, hand, report
        self._seen, self._refused = 0, False

    def __call__(self) -> None:
        """Hear what was reported since the last time."""
        if self._refused:
            return
        told = self._ask(self._hand.told.remote(self._seen))
        self._seen += len(told)
        try:
            for progress in told:
                self._report(progress)
        except Cancelled:
            self._refused = True
            self._ask(self._hand.stop.remote())
