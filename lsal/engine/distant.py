"""The engine of Ray: workers here or on a cluster, each with a thread here that hands it one call after the other."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from typing import Any

from lsal import plugins
from lsal.engine.carrier import Carrier, Followed
from lsal.engine.carrying import Parcel
from lsal.engine.clusters import POLL_S, Cluster, Died
from lsal.errors import Cancelled, JobFailed
from lsal.protocols import Report

log = logging.getLogger(__name__)

TRIES, FOLLOWED_TRIES = 3, 2
"""Workers that a call may cost, and a long one that is followed. One that kills each is at fault itself."""
AHEAD = 2
"""Calls under way for each worker: one that runs, and one that is ready when it has ended."""


class Ray(Executor):
    """Runs calls in workers of Ray: of a local one without an address, which ends with this, else of a cluster.

    `workers`, `gpus` and `meanwhile` as for `opened`. On a cluster the files that a call names travel with it.
    """

    def __init__(
        self,
        address: str = "",
        workers: int = 0,
        gpus: float = 0.0,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        self._cluster, self._meanwhile = Cluster(address, workers, gpus), meanwhile or _nothing
        self._carrier = Carrier(self._ask, not self._cluster.local)
        self._threads = ThreadPoolExecutor(self._cluster.count, "ray")
        self._own = threading.local()
        self._stop, self._hands = threading.Event(), list[Any]()

    @property
    def carries(self) -> bool:
        """Whether files travel to where calls run: else that is this machine, and they are read where they lie."""
        return self._carrier.carries

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
        self._own.alone = True
        return self._done((fn, args, {}), report)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers, and the local Ray."""
        if cancel_futures or not wait:
            self._stop.set()
        self._threads.shutdown(True, cancel_futures=cancel_futures)
        for hand in self._hands:
            self._cluster.end_hand(hand)
        self._hands.clear()
        self._cluster.leave()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool | None:
        """End; what failed or was cancelled waits for nobody."""
        self.shutdown(cancel_futures=kind is not None)
        return None

    def _done(self, call: tuple[Any, ...], report: Report | None) -> Any:
        """The result of a call; one whose worker died is done again by another one."""
        tries = FOLLOWED_TRIES if report else TRIES
        for number in range(1, tries + 1):
            try:
                return self._by(*self._hand(), call, report)
            except Died as death:
                why = str(death)
                log.warning("A worker of Ray died (%d of %d): %s", number, tries, why)
                self._give_up()
        what = f"{tries} workers of Ray died one after the other at the same piece of work ({why})"
        raise JobFailed(what, "Have they enough memory? Look at the cluster: ray status, or: lsal set engine=here")

    def _by(self, hand: Any, where: str, call: tuple[Any, ...], report: Report | None) -> Any:
        packed = self._carrier.pack(call)
        self._carrier.send(hand, where, packed)
        running = hand.run.remote(Parcel(packed.content, packed.things), report is not None)
        followed = Followed(self._ask, hand, report) if report else self._heard
        came: Parcel = self._cluster.result(running, followed)
        if report:
            followed()  # what was reported last
        well, answer = self._carrier.unpack(hand, came)
        if well:
            return answer
        raise answer

    def _give_up(self) -> None:
        """End the worker of the thread that asks: one that is only out of reach would hold its GPU."""
        self._cluster.end_hand(self._own.begun)
        self._own.hand = None

    def _hand(self) -> tuple[Any, str]:
        """The worker of the thread that asks, begun if there is none, and where its files lie."""
        if getattr(self._own, "hand", None) is None:
            self._own.begun = hand = self._cluster.start_hand(plugins.watched())
            self._hands.append(hand)
            self._own.hand = hand, self._ask(hand.where.remote())
            if self.carries:
                for one in plugins.plugged():
                    if not one.trouble:
                        self._ask(hand.plug.remote(one.file.read_bytes(), one.file.name))
        found: tuple[Any, str] = self._own.hand
        return found

    def _ask(self, asked: Any) -> Any:
        return self._cluster.result(asked, self._heard)

    def _heard(self) -> None:
        """Raise Cancelled if this engine is being ended; where no other thread does, ask whoever uses it."""
        if self._stop.is_set():
            raise Cancelled()
        if getattr(self._own, "alone", False):
            self._meanwhile()


def _nothing() -> None:
    """Nobody is to be asked."""
