"""The wire between lsal and Label Studio: a real proxy that loses, delays, cuts, doubles and refuses requests."""

from __future__ import annotations

import email.utils
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from proxies import Pass, Proxy

READS, WRITES = ("GET",), ("POST", "PATCH", "DELETE")
LATE_S, DRIP_S, WAIT_S = 1.5, 0.1, 1
PAGE = b"<!doctype html><html><head><title>Sign in &amp; go on</title></head><body>please</body></html>"
HTML, JSON = {"Content-Type": "text/html; charset=utf-8"}, {"Content-Type": "application/json"}


class Line(Pass):
    """One request on its way."""

    server: Wire

    def _pass(self) -> None:
        self.sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if (deed := self.server.struck(f"{self.command} {self.path.partition('?')[0]}", self.command)) is None:
            return self.give(self.forward())
        return deed(self)

    do_GET = do_POST = do_PATCH = do_DELETE = _pass

    def forward(self) -> httpx.Response:
        """What the server answers."""
        return self.fetch(self.sent)

    def give(self, answer: httpx.Response, content: bytes | None = None, length: int | None = None) -> None:
        """Pass the answer back, with another body or a length that is not the body's."""
        content = answer.content if content is None else content
        self._answer(answer.status_code, content, self.kept(answer), length)

    def say(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        """Answer in the server's place."""
        self._answer(status, content, [*headers.items(), ("Date", email.utils.formatdate(usegmt=True))])

    def hang_up(self) -> None:
        """End the connection without another word."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)


Deed = Callable[[Line], None]


def _drop_before(line: Line) -> None:
    line.hang_up()


def _drop_after(line: Line) -> None:
    line.forward()
    line.hang_up()


def _delay(line: Line) -> None:
    time.sleep(LATE_S)
    line.give(line.forward())


def _drip(line: Line) -> None:
    answer = line.forward()
    step = len(answer.content) // 5 + 1
    line.give(answer, b"", len(answer.content))
    for place in range(0, len(answer.content), step):
        time.sleep(DRIP_S)
        line.wfile.write(answer.content[place : place + step])


def _truncate(line: Line) -> None:
    answer = line.forward()
    line.give(answer, answer.content[: len(answer.content) // 2], max(2, len(answer.content)))
    line.hang_up()


def _cut(line: Line) -> None:
    answer = line.forward()
    line.give(answer, answer.content[: len(answer.content) // 2])


def _empty(line: Line) -> None:
    line.give(line.forward(), b"")


def _twice(line: Line) -> None:
    line.forward()
    line.give(line.forward())


def says(status: int, headers: Mapping[str, str] | None = None, page: bool = False, after: bool = False) -> Deed:
    """Another answer than the server's; `after` it did what it was asked."""

    def deed(line: Line) -> None:
        if after:
            line.forward()
        more = dict(headers or {})
        if "Retry-After" in more and more["Retry-After"] == "date":
            more["Retry-After"] = email.utils.formatdate(time.time() + WAIT_S, usegmt=True)
        told = PAGE if page else json.dumps({"detail": f"made up: {status}"}).encode()
        line.say(status, told, {**(HTML if page else JSON), **more})

    return deed


SOON, DATE = {"Retry-After": str(WAIT_S)}, {"Retry-After": "date"}
KINDS: dict[str, Deed] = {
    "dropped before the server": _drop_before,
    "answer lost": _drop_after,
    "delayed": _delay,
    "drop by drop": _drip,
    "truncated": _truncate,
    "cut short": _cut,
    "empty": _empty,
    "sent twice": _twice,
    "401": says(401),
    "403": says(403),
    "404": says(404),
    "409": says(409),
    "409 after it was done": says(409, after=True),
    "429": says(429),
    "429, Retry-After seconds": says(429, SOON),
    "429, Retry-After date": says(429, DATE),
    "500": says(500),
    "500 after it was done": says(500, after=True),
    "502": says(502, page=True),
    "502 after it was done": says(502, page=True, after=True),
    "503, Retry-After": says(503, SOON, page=True),
    "HTML": says(200, page=True),
    "HTML after it was done": says(200, page=True, after=True),
    "other JSON": says(200),
    "other JSON after it was done": says(200, after=True),
}
"""Each fault, and what it does to a request."""


@dataclass(frozen=True, slots=True)
class WireFault:
    """`times` requests from one on that lies so far, `at` of 1, into the round; of `writes` alone, or of all."""

    seed: int
    number: int
    kind: str
    writes: bool
    at: float
    times: int
    people: int

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.kind


def drawn(seed: int, number: int) -> WireFault:
    """The fault of this number: of each round of kinds one of every kind, in a drawn order, at a drawn request."""
    turn, place = divmod(number, len(KINDS))
    kind = random.Random(f"{seed} wire {turn}").sample(list(KINDS), len(KINDS))[place]
    draw = random.Random(f"{seed} wire fault {number}")
    times = draw.choice((1, 1, 1, 2, 3, 1000))
    return WireFault(seed, number, kind, draw.random() < 0.5, draw.random(), times, draw.randint(1, 3))


@dataclass
class Order:
    """What is to happen, and what did: requests are counted from 1."""

    deed: Deed | None = None
    methods: tuple[str, ...] = (*READS, *WRITES)
    first: int = 0
    times: int = 0
    counted: int = 0
    hit: list[str] = field(default_factory=list)


class Wire(Proxy):
    """The proxy before `server`."""

    def __init__(self, server: str) -> None:
        super().__init__(server)
        self.RequestHandlerClass = Line
        self._lock, self._order = threading.Lock(), Order()

    def struck(self, what: str, method: str) -> Deed | None:
        """What is to be done to this request; nothing to most."""
        with self._lock:
            order = self._order
            if method not in order.methods:
                return None
            order.counted += 1
            if not order.first <= order.counted < order.first + order.times:
                return None
            order.hit.append(what)
            return order.deed

    @contextmanager
    def ordered(
        self, deed: Deed | None = None, writes: bool = False, first: int = 1, times: int = 0
    ) -> Iterator[Order]:
        """In the block, do it to so many requests from the `first` on; without a deed only count."""
        with self._lock:
            self._order = Order(deed, WRITES if writes else (*READS, *WRITES), first, times)
        try:
            yield self._order
        finally:
            with self._lock:
                self._order = Order()
