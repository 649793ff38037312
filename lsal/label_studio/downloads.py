"""Downloads that end, from machines that tasks may name: what the SDK's file helper goes through.

Redirects are followed here, one by one: each leads to a machine that is checked, its body is not read, and the key
goes along only as long as it stays at the server that it is for.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from lsal.errors import BadData
from lsal.label_studio import trust
from lsal.label_studio.connection import on_loopback
from lsal.label_studio.guard import Guard, origin

MOST_BYTES = 200_000_000
CONNECT_SECONDS, READ_SECONDS, MOST_SECONDS = 5.0, 30.0, 300.0
MOST_HOPS = 10


class Bounded:
    """What the SDK's downloads go through, within a `with`: each has a limit in time and in size.

    `server` is the address for which `certificates` count beyond those that everybody trusts; a key is sent there
    alone, and only if the download is `keyed`. The SDK would send the environment's key, whatever it is for.
    """

    def __init__(
        self, server: str = "", certificates: Path | None = None, guard: Guard | None = None, keyed: bool = False
    ) -> None:
        self._server, self._certificates, self._keyed = server, certificates, keyed
        self._guard = guard or Guard(server)
        self._lines, self._asked, self._hung_up = list[socket.socket](), server, False
        self._late = threading.Timer(MOST_SECONDS, self._hang_up)
        self._late.daemon = True

    def __enter__(self) -> Bounded:
        self._late.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._late.cancel()
        for line in self._lines:
            line.close()
        if self._hung_up:  # what came until then may look like a whole file
            raise BadData(f"'{short(self._asked)}' took over {MOST_SECONDS:.0f} s", "Try again on a faster line")

    def get(self, url: str, headers: dict[str, str] | None = None, **options: Any) -> Any:
        """A response whose body is metered."""
        self._asked = url
        for _ in range(MOST_HOPS):
            session = self._session(url)
            given = {"timeout": (CONNECT_SECONDS, READ_SECONDS), **options, "allow_redirects": False}
            answer = session.get(url, headers=self._told(url, headers or {}), auth=_own_words(url), **given)
            onward = session.get_redirect_target(answer)
            if onward is None:
                answer.raw = Metered(answer.raw, url)
                return answer
            answer.close()  # unread: nobody limits what stands there
            url = urljoin(url, onward)
            if origin(url) is None:
                raise BadData(
                    f"'{short(self._asked)}' leads to '{short(url)}'", "Give an http(s) URL that leads to one"
                )
        raise BadData(f"'{short(self._asked)}' leads on and on", "Give the address that it should lead to")

    def _told(self, url: str, headers: dict[str, str]) -> dict[str, str]:
        """The headers for an address: no key for any but the server's own."""
        if self._keyed and origin(url) == origin(self._server):
            return headers
        return {name: value for name, value in headers.items() if name.lower() != "authorization"}

    def _session(self, url: str) -> Any:
        import requests

        session = requests.Session()
        session.mount("http://", _guarded(self, None))
        session.mount("https://", _guarded(self, None))
        if self._certificates and self._server.startswith("https:"):
            session.mount(f"https://{urlsplit(self._server).netloc}/", _guarded(self, self._certificates))
        # a proxy from the environment cannot reach this machine's own server
        session.trust_env = not on_loopback(url)
        return session

    def connect(self, host: str, port: int, timeout: Any, options: Any) -> socket.socket:
        """A connection to a machine that tasks may name, which ends with the time for the download."""
        line = self._guard.connect(host, port, timeout, options)
        self._lines.append(line.dup())
        if self._hung_up:  # while it was made
            line.shutdown(socket.SHUT_RDWR)
        return line

    def check(self, url: str) -> None:
        """Raise BadData for an address that a proxy is to be asked for; one that only the proxy knows is left to it."""
        place = origin(url)
        with suppress(socket.gaierror):
            if place:
                self._guard.addresses(*place[1:])

    def _hang_up(self) -> None:
        self._hung_up = True
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


def _own_words(url: str) -> Any:
    """The name and password that stand in an address, else none: not those that ~/.netrc has for its machine."""
    from requests.utils import get_auth_from_url

    given = get_auth_from_url(url)
    return given if any(given) else lambda request: request


def _guarded(bounded: Bounded, certificates: Path | None) -> Any:
    """How requests reaches servers: checked as the connection to Label Studio is, and at checked addresses alone."""
    from requests.adapters import HTTPAdapter
    from requests.utils import select_proxy
    from urllib3 import connection, connectionpool
    from urllib3.exceptions import NewConnectionError

    class Line(connection.HTTPConnection):
        def _new_conn(self) -> socket.socket:
            try:
                return bounded.connect(self.host, self.port or 0, self.timeout, self.socket_options)
            except OSError as error:
                raise NewConnectionError(self, str(error)) from error

    class SecureLine(connection.HTTPSConnection):
        _new_conn = Line._new_conn

    class Pool(connectionpool.HTTPConnectionPool):
        ConnectionCls = Line

    class SecurePool(connectionpool.HTTPSConnectionPool):
        ConnectionCls = SecureLine

    class Guarded(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
            super().init_poolmanager(*arguments, **options, ssl_context=trust.context(certificates))
            self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}

        def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
            return super().proxy_manager_for(proxy, **options, ssl_context=trust.context(certificates))

        def get_connection_with_tls_context(
            self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
        ) -> Any:
            if select_proxy(request.url, proxies):
                bounded.check(request.url)
            return super().get_connection_with_tls_context(request, verify, proxies, cert)

    return Guarded()


class Metered:
    """A body that ends with BadData when it grows too large."""

    def __init__(self, body: Any, url: str) -> None:
        self._body, self._url = body, url

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def stream(self, *arguments: Any, **options: Any) -> Iterator[bytes]:
        """The body in chunks, unpacked, as long as it keeps within the limit."""
        size = 0
        for chunk in self._body.stream(*arguments, **options):
            size += len(chunk)
            if size > MOST_BYTES:
                raise too_large(self._url)
            yield chunk


def too_large(address: str) -> BadData:
    """The error for a file over the limit."""
    return BadData(f"'{short(address)}' is larger than {MOST_BYTES // 1_000_000} MB", "Make a smaller copy of it")


def short(value: object) -> str:
    """An address as an error can show it: a data: URL may hold megabytes."""
    text = str(value)
    return text if len(text) <= 120 else f"{text[:100]}... ({len(text)} characters)"
