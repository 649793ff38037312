"""What a backend takes in from a line: no more than so many lines, bytes and seconds, and no body from a stranger.

waitress counts a line as idle from its last byte on, so that one byte now and then keeps it for ever; here the time
runs from a request's first byte. A body is only taken from whoever knows the secret: the rest would fill the disk.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Sequence
from socket import socket
from typing import Any

import waitress
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer
from waitress.utilities import Error

from lsal.backend import wire

THREADS = 8
LINES = 400
"""Open at once; each takes a file descriptor, of which a process has a thousand or so."""
REQUEST_S = 60
"""For all of a request to come, and for a line on which nothing is asked."""
LOOK_S = 5
HEADERS = 32 * 1024

NOBODY = b'{"error":"No project is served under this address\\nConnect it again: lsal serve"}'


def server(app: Any, sockets: Sequence[socket], secret: str) -> Any:
    """A waitress server of `app` at sockets that listen already, for whoever puts `secret` first in the path."""
    lines: dict[int, Any] = {}
    made = waitress.create_server(
        app,
        map=lines,
        sockets=list(sockets),
        threads=THREADS,
        ident=None,
        connection_limit=LINES,
        channel_timeout=REQUEST_S,
        cleanup_interval=LOOK_S,
        max_request_header_size=HEADERS,
        max_request_body_size=wire.MAX_BODY + 1,
        asyncore_use_poll=True,
    )
    for one in lines.values():
        if isinstance(one, BaseWSGIServer):
            one.channel_class = _channel(secret)
    return made


class Stranger(Error):  # type: ignore[misc]
    """The answer to a body for an address without the secret, as the app gives it for one that is no project."""

    code, reason = 404, "NOT FOUND"

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status, headers and body."""
        return f"{self.code} {self.reason}", [("Content-Type", "application/json")], NOBODY


def _channel(secret: str) -> type:
    class Parser(HTTPRequestParser):  # type: ignore[misc]
        def received(self, data: bytes) -> int:
            """As ever, but with a body only for those who know the secret."""
            taken: int = super().received(data)
            if self.body_rcv is not None and not self.body_bytes_received and not self.completed:
                told = str(self.path).split("/")[1:2]
                if not hmac.compare_digest("".join(told).encode(errors="replace"), secret.encode()):
                    self.error = Stranger("")
                    self.completed: bool = True
            return taken

    class Channel(HTTPChannel):  # type: ignore[misc]
        parser_class = Parser
        _since = 0.0

        @property
        def last_activity(self) -> float:
            """When the request began that is coming, else the last byte came or went."""
            return self._since

        @last_activity.setter
        def last_activity(self, now: float) -> None:
            if self.request is None or not self._since:
                self._since = now

        def received(self, data: bytes) -> bool:
            """As ever; the time for a further request on the same line begins when the one before has come."""
            before = self.request
            taken: bool = super().received(data)
            if before is not None and self.request is not before:
                self._since = time.time()
            return taken

    return Channel
