"""The engine of Ray: workers here or on a cluster, each with a thread here that hands it one call after the other."""

from __future__ import annotations

import logging
import pickle
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from typing import Any

from lsal import plugins
from lsal.engine.carrying import Packing, Parcel, slices, unpack
from lsal.engine.clusters import POLL_S, Cluster, Died
from lsal.engine.depot import Depot
from lsal.errors import Cancelled, JobFailed
from lsal.protocols import Report
from lsal.settings import cache_folder

log = logging.getLogger(__name__)

TRIES = 3
"""Workers that a call may cost. One that kills each is at fault itself."""
AHEAD = 2
"""Calls under way for each worker: one that runs, and one that is ready when it has ended."""


class Ray(Executor):
    """Runs calls in workers of Ray: of a local one without an address, which ends with this, else of a cluster.

    `workers` and `gpus` as for `opened`. On a cluster the files that a call names travel with it.
    """

    def __init__(
        self,
        address: str = "",
        workers: int = 0,
        gpus: float = 0.0,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        self._cluster = Cluster(address, workers, gpus)
        self._meanwhile = meanwhile or _nothing
        self._packing = None if self._cluster.local else Packing()
        self._depot = Depot(cache_folder() / "carried")
        self._threads = ThreadPoolExecutor(self._cluster.count, "ray")
        self._own = threading.local()
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._hands: dict[int, Any] = {}
        self._roads: dict[str, threading.Lock] = {}

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a call done by the next worker that is free."""
        return self._threads.submit(self._done, (fn, args, kwargs), None)

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> Iterator[Any]:
        """Results in order. Few calls are under way at once, however many there are: what waits takes no memory."""
        todo, pending = zip(*iterables, strict=False), deque[Future[Any]]()
        try:
            while True:
                while len(pending) < AHEAD * self._cluster.count and (given := next(todo, None)) is not None:
                    pending.append(self.submit(fn, *given))
                if not pending:
                    return
                while not wait([pending[0]], POLL_S).done:
                    self._meanwhile()
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()

    def follow(self, fn: Callable[..., Any], report: Report, /, *args: Any) -> Any:
        """The result of `fn(*args, report=...)`: what it reports is heard here, and Cancelled raised there."""
        return self._threads.submit(self._done, (fn, args, {}), report).result()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers, and the local Ray."""
        if cancel_futures or not wait:
            self._stop.set()
        self._threads.shutdown(True, cancel_futures=cancel_futures)
        for hand in self._hands.values():
            self._cluster.end_hand(hand)
        self._hands.clear()
        self._cluster.leave()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool | None:
        """What failed or was cancelled waits for nobody."""
        self.shutdown(cancel_futures=kind is not None)
        return None

    def _done(self, call: tuple[Any, ...], report: Report | None) -> Any:
        """The result of a call; one whose worker died is done again by another one."""
        for number in range(1, TRIES + 1):
            try:
                return self._by(self._hand(), call, report)
            except Died as death:
                why = str(death)
                log.warning("A worker of Ray died (%d of %d): %s", number, TRIES, why)
                self._forget()
        what = f"{TRIES} workers of Ray died one after the other at the same piece of work ({why})"
        raise JobFailed(what, "Have they enough memory? Look at the cluster: ray status, or: lsal set engine=here")

    def _by(self, hand: Any, call: tuple[Any, ...], report: Report | None) -> Any:
        packed = self._packed(call)
        self._send(hand, packed)
        running = hand.run.remote(Parcel(packed.content, packed.things), report is not None)
        followed = _Followed(self, hand, report) if report else None
        came: Parcel = self._cluster.result(running, followed or self._heard)
        if followed:
            followed()
        self._fetch(hand, came)
        well, answer = unpack(came, self._depot.place)
        if well:
            return answer
        raise answer

    def _hand(self) -> Any:
        """The worker of the thread that asks; begun if there is none."""
        if getattr(self._own, "hand", None) is None:
            hand = self._cluster.start_hand(plugins.watched())
            with self._lock:
                self._hands[threading.get_ident()] = hand
            self._own.road = self.ask(hand.where.remote())
            self._own.hand = hand
            if self._packing:
                for one in plugins.plugged():
                    if not one.trouble:
                        self.ask(hand.plug.remote(one.file.read_bytes(), one.file.name))
        return self._own.hand

    def _forget(self) -> None:
        self._own.hand = None
        with self._lock:
            hand = self._hands.pop(threading.get_ident(), None)
        if hand is not None:
            self._cluster.end_hand(hand)

    def _packed(self, call: tuple[Any, ...]) -> Parcel:
        if self._packing is None:
            return Parcel(pickle.dumps(call, 5))
        with self._lock:
            return self._packing.pack(call)

    def _send(self, hand: Any, packed: Parcel) -> None:
        """The files that the call names, as far as the worker's machine lacks them; to one machine once."""
        if not packed.digests:
            return
        with self._lock:
            road = self._roads.setdefault(self._own.road, threading.Lock())
        with road:
            lacking = self.ask(hand.lacks.remote(packed.digests))
            for pieces in slices(lacking, packed.sources):
                self.ask(hand.take.remote(pieces))

    def _fetch(self, hand: Any, came: Parcel) -> None:
        """The files that a result names."""
        sizes = {digest: size for thing in came.things.values() for digest, size in thing.files.values()}
        for digest in self._depot.lacks(sizes):
            start = 0
            while True:
                pieces = self.ask(hand.give.remote(digest, start))
                self._depot.take(pieces)
                start += len(pieces[0].content)
                if start >= sizes[digest]:
                    break

    def ask(self, asked: Any) -> Any:
        """A worker's answer; Cancelled if this engine is being ended."""
        return self._cluster.result(asked, self._heard)

    def _heard(self) -> None:
        if self._stop.is_set():
            raise Cancelled()


class _Followed:
    """Passes on what a running call reports; if that is refused, the call is stopped there, and its end awaited."""

    def __init__(self, engine: Ray, hand: Any, report: Report) -> None:
        self._engine, self._hand, self._report, self._seen = engine, hand, report, 0
        self._refused = False

    def __call__(self) -> None:
        if self._refused:
            return
        told = self._engine.ask(self._hand.told.remote(self._seen))
        self._seen += len(told)
        try:
            for progress in told:
                self._report(progress)
        except Cancelled:
            self._refused = True
            self._engine.ask(self._hand.stop.remote())


def _nothing() -> None:
    """Nobody is to be asked."""
