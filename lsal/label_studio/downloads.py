"""Downloads that end: what the SDK's file helper goes through, with limits in time and size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lsal.errors import BadData
from lsal.label_studio import trust
from lsal.label_studio.connection import on_loopback

MOST_BYTES = 200_000_000
CONNECT_SECONDS, READ_SECONDS, MOST_SECONDS = 5.0, 30.0, 300.0


class Bounded:
    """What the SDK's downloads go through: each has a limit in time and in size.

    `server` is the address for which `certificates` count beyond those that everybody trusts.
    """

    def __init__(self, server: str = "", certificates: Path | None = None) -> None:
        self._server, self._certificates = server, certificates

    def get(self, url: str, **options: Any) -> Any:
        """A response whose body is metered."""
        import requests

        session = requests.Session()
        session.mount("https://", _checking(None))
        if self._certificates and self._server.startswith("https:"):
            parts = urlsplit(self._server)
            session.mount(f"https://{parts.netloc}/", _checking(self._certificates))
        # a proxy from the environment cannot reach this machine's own server
        session.trust_env = not on_loopback(url)
        answer = session.get(url, timeout=(CONNECT_SECONDS, READ_SECONDS), **options)
        answer.raw = Metered(answer.raw, url)
        return answer


def _checking(certificates: Path | None) -> Any:
    """How requests reaches https servers: checked as the connection to Label Studio is."""
    from requests.adapters import HTTPAdapter

    class Checking(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
            super().init_poolmanager(*arguments, **options, ssl_context=trust.context(certificates))

        def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
            return super().proxy_manager_for(proxy, **options, ssl_context=trust.context(certificates))

    return Checking()


class Metered:
    """A body that ends with BadData when it grows too large or takes too long."""

    def __init__(self, body: Any, url: str) -> None:
        self._body, self._url = body, url

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def stream(self, *arguments: Any, **options: Any) -> Iterator[bytes]:
        """The body in chunks, as long as it keeps within the limits."""
        size, end = 0, time.monotonic() + MOST_SECONDS
        for chunk in self._body.stream(*arguments, **options):
            size += len(chunk)
            if size > MOST_BYTES:
                raise too_large(self._url)
            if time.monotonic() > end:
                raise BadData(f"'{short(self._url)}' took over {MOST_SECONDS:.0f} s", "Try again on a faster line")
            yield chunk


def too_large(address: str) -> BadData:
    """The error for a file over the limit."""
    return BadData(f"'{short(address)}' is larger than {MOST_BYTES // 1_000_000} MB", "Make a smaller copy of it")


def short(value: object) -> str:
    """An address as an error can show it: a data: URL may hold megabytes."""
    text = str(value)
    return text if len(text) <= 120 else f"{text[:100]}... ({len(text)} characters)"
