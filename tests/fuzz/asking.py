"""Requests as they go over the wire, wrong framing included: sent with a deadline, answered or refused by closing."""

import random
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from urllib.parse import quote

from .shapes import bodies, damaged, written

DEADLINE_S = 30.0
"""For each request: a busy machine is slow, and a hang is longer than this."""
POSTS, GETS = ("predict", "setup", "webhook"), ("health", "versions", "metrics", "seen", "tally", "openapi.json")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "post", "BREW", "G\x01T", "")
TYPES = ("application/json", "text/plain", "application/xml", "multipart/form-data", "a/b; charset=utf-16", "", "é")
TYPES = (*TYPES, "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x" * 2_000)
SLUGS = ("é", "日本", "..", ".", "%", "%00", "%2e%2e%2f", "a/b", "own-1", " ", "x" * 3_000, "{slug}", "\\", "'")
GONE = 0
"""In place of a status: the other side closed the connection without a word, which only wrong framing may end in."""


@dataclass(frozen=True)
class Asked:
    """One request. `framing` says how its body's length is told: `length`, `chunked`, or a way that is wrong."""

    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    framing: str = "length"

    @property
    def route(self) -> str:
        """The address within a project; `elsewhere` for all that is none."""
        last = self.path.partition("?")[0].rpartition("/")[2]
        return last if last in (*POSTS, *GETS) else "elsewhere"

    @property
    def is_framed(self) -> bool:
        """Whether HTTP is kept to, so that there has to be an answer."""
        return self.framing in ("length", "chunked")


@dataclass(frozen=True)
class Told:
    """What came of it."""

    status: int
    body: bytes = field(repr=False)
    seconds: float
    type: str = ""


def requests(dice: random.Random, path: str, config: str) -> Iterator[Asked]:
    """Requests without end: most to the right address, with a body of the right shape that is damaged."""
    while True:
        shapes = bodies(dice, config)
        for _ in range(20):
            yield _one(dice, path, shapes)


def _one(dice: random.Random, path: str, shapes: dict[str, dict[str, object]]) -> Asked:
    route = dice.choice((*POSTS, *POSTS, "predict", "predict", "predict", dice.choice(GETS)))
    shape = shapes.get(route, shapes["setup"])
    body = written(dice, damaged(dice, shape, dice.choice([0, 1, 1, 1, 2, 3])))
    method = ("POST" if route in POSTS else "GET") if dice.random() < 0.95 else dice.choice(METHODS)
    headers = [("Content-Type", dice.choice(TYPES) if dice.random() < 0.1 else TYPES[0])]
    if dice.random() < 0.05:
        strange = [("Content-Encoding", "gzip"), ("Accept", "text/html"), ("X-Long", "y" * 20_000), ("Expect", "x")]
        headers.append(dice.choice([*strange, ("Authorization", "Basic Og=="), ("Content-Type", "a"), ("Range", "x")]))
    address = f"{path}/{route}" if dice.random() < 0.95 else _elsewhere(dice, path, route)
    framing = "length" if dice.random() < 0.94 else dice.choice(list(FRAMINGS))
    return Asked(method, address, body if method != "GET" or dice.random() < 0.1 else b"", tuple(headers), framing)


def _elsewhere(dice: random.Random, path: str, route: str) -> str:
    """Near the address, and not it; or it with a question behind it."""
    secret, slug = path.strip("/").split("/")
    odd = dice.choice(SLUGS) if dice.random() < 0.5 else quote(dice.choice(SLUGS))
    ways = [f"/{secret}/{odd}/{route}", f"/{odd}/{slug}/{route}", f"/{route}", f"{path}/{odd}", f"{path}/{route}/"]
    ways += [
        f"//{path}/{route}",
        f"{path}/{route}?{odd}=1",
        f"{path.upper()}/{route}",
        "/",
        "",
        "*",
        f"{path}//{route}",
    ]
    return dice.choice(ways)


def _chunked(body: bytes) -> tuple[bytes, bytes]:
    parts = [body[start : start + 700] for start in range(0, len(body), 700)]
    return b"Transfer-Encoding: chunked", b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in parts) + b"0\r\n\r\n"


FRAMINGS: dict[str, Callable[[bytes], tuple[bytes, bytes]]] = {
    "chunked": _chunked,
    "too little": lambda body: (b"Content-Length: %d" % (len(body) + 9), body),
    "too much": lambda body: (b"Content-Length: %d" % (len(body) // 2), body),
    "no number": lambda body: (b"Content-Length: many", body),
    "negative": lambda body: (b"Content-Length: -5", body),
    "oversized": lambda body: (b"Content-Length: 99999999999", body),
    "both": lambda body: (b"Content-Length: 3\r\nTransfer-Encoding: chunked", _chunked(body)[1]),
    "no chunks": lambda body: (b"Transfer-Encoding: chunked", body),
    "gzip": lambda body: (b"Transfer-Encoding: gzip", body),
    "none": lambda body: (b"X: y", body),
}


def on_the_wire(asked: Asked) -> bytes:
    """The bytes of a request; letters that HTTP has no place for go as UTF-8."""
    length, body = b"Content-Length: %d" % len(asked.body), asked.body
    if asked.framing != "length":
        length, body = FRAMINGS[asked.framing](asked.body)
    lines = [f"{asked.method} {asked.path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in asked.headers]
    return "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n" + length + b"\r\n\r\n" + body


def send(port: int, asked: Asked) -> Told:
    """Send it over loopback. Raises TimeoutError for a hang."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as connection:
        try:
            connection.sendall(on_the_wire(asked))
            connection.shutdown(socket.SHUT_WR)  # nothing more will come, whatever the headers said
        except (ConnectionError, OSError) as error:  # refused before all of it was sent; the answer may be there
            if isinstance(error, TimeoutError):
                raise
        status, body, kind = _read(connection, asked.method)
    seconds = time.monotonic() - begun
    if seconds > DEADLINE_S:
        raise TimeoutError(f"{seconds:.1f} s for {asked.method} {asked.path}")
    return Told(status, body, seconds, kind)


def _read(connection: socket.socket, method: str) -> tuple[int, bytes, str]:
    answer = HTTPResponse(connection, method=method)
    try:
        answer.begin()
        return answer.status, answer.read(), answer.headers.get("Content-Type", "")
    except (ConnectionError, HTTPException):
        return GONE, b"", ""
    finally:
        answer.close()
