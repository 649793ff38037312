"""HTTP to one Label Studio: the user's key in, JSON out, errors that say what to do."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

import httpx

from lsal import keys
from lsal.errors import Refused, Unreachable
from lsal.files import to_json
from lsal.label_studio import answers, trust
from lsal.label_studio.patience import Patience
from lsal.label_studio.tokens import AccessTokens
from lsal.label_studio.told import Told, told, told_rows

LOOPBACK = ("127.0.0.1", "localhost", "::1")
T = TypeVar("T")
Shape: TypeAlias = Callable[[Any, str], T]
"""Makes of the JSON of an answer what it has to be; the text says whose it is."""


class Connection:
    """A server and a key. Takes legacy tokens and personal access tokens alike.

    `url` may have a path, where the server lives below one. Each request opens a fresh
    connection: the development server that Label Studio runs on adds 40 ms to a kept one. A
    server on this machine is asked directly, whatever proxy the environment names; one
    elsewhere through that proxy. `certificates` are trusted beyond the usual ones. `patience` says how
    long a request is insisted on.
    """

    def __init__(
        self,
        url: str,
        key: str,
        timeout_s: float = 300.0,
        certificates: Path | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.server_time = time.time()
        self.key_kind = keys.kind(key)
        self.patience = patience or Patience()
        self._key = key
        self._tokens = AccessTokens(self._exchange) if self.key_kind == keys.PERSONAL else None
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout_s, connect=5.0),
            headers={"Connection": "close"},
            trust_env=not on_loopback(self.url),
            verify=trust.context(certificates) if self.url.startswith("https:") else True,
            event_hooks={"response": [self._bound]},
        )

    def __repr__(self) -> str:
        return f"Connection({self.url!r})"

    def hurry(self, timeout_s: float) -> None:
        """Wait no longer than this for an answer, from now on, and ask once."""
        self.patience.none()
        self._http.timeout = httpx.Timeout(timeout_s, connect=min(5.0, timeout_s))

    @contextmanager
    def within(self, timeout_s: float) -> Iterator[None]:
        """Meanwhile wait no longer than this for an answer."""
        before, self._http.timeout = self._http.timeout, httpx.Timeout(timeout_s, connect=min(5.0, timeout_s))
        try:
            yield
        finally:
            self._http.timeout = before

    def token(self) -> str:
        """What the server takes now: the legacy token, or an access token."""
        if self.key_kind == keys.ACCESS:
            what = "The key is an access token, which ends after minutes"
            raise Refused(what, "Give the personal access token itself: Label Studio, Account & Settings", status=401)
        return self._tokens.current() if self._tokens else self._key

    def get(self, path: str, final: int = 0, tells: Collection[str] = (), **params: Any) -> Told:
        """The object that answers a GET; at the status `final` it is not asked again.

        Here and below, an object with none of the fields in `tells` is no answer: somebody else's 200, after which
        nobody knows whether the server was asked at all.
        """
        return self._send("GET", path, partial(told, tells=tells), params, final=final)

    def rows(self, path: str, **params: Any) -> list[Told]:
        """The objects that a GET lists."""
        return self._send("GET", path, told_rows, params)

    def post(
        self,
        path: str,
        body: Any = None,
        found: Callable[[], dict[str, Any] | None] | None = None,
        safe: bool = False,
        tells: Collection[str] = ("id",),
        **params: Any,
    ) -> dict[str, Any]:
        """The object that answers a POST of `body` as JSON.

        Where the answer is lost, `found` looks whether the server has it by now, and gives what the answer
        would have been, or None. `safe` says that it may be done twice.
        """
        return self._send("POST", path, partial(told, tells=tells), params, body, found, safe)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The object that answers a PATCH of `body` as JSON, which says the same however often it comes."""
        return self._send("PATCH", path, partial(told, tells=body), body=body)

    def delete(self, path: str, body: Any = None) -> None:
        """A DELETE, of `body` as JSON. Never for annotations."""
        self._send("DELETE", path, _nothing, body=body)

    def without_key(self, path: str) -> Told:
        """The object that answers a GET that tells the server no key: it may be a stranger."""
        return self.patience.insist(lambda: self._read("GET", path, told, self._ask("GET", path)), safe=True)

    def _send(
        self,
        method: str,
        path: str,
        shape: Shape[T],
        params: dict[str, Any] | None = None,
        body: Any = None,
        found: Callable[[], T | None] | None = None,
        safe: bool = True,
        final: int = 0,
    ) -> T:
        return self.patience.insist(lambda: self._once(method, path, shape, params, body), safe, found, final)

    def _once(self, method: str, path: str, shape: Shape[T], params: dict[str, Any] | None, body: Any) -> T:
        answer = self._ask(method, path, self._authorization(), params, body)
        if answer.status_code == 401 and self._tokens:
            self._tokens.forget()
            answer = self._ask(method, path, self._authorization(), params, body)
        self.server_time = _stamp(answer)
        return self._read(method, path, shape, answer)

    def _read(self, method: str, path: str, shape: Shape[T], answer: httpx.Response) -> T:
        request = f"{method} {path}"
        return shape(answers.read(self.url, request, answer), f"{self.url} answered {request}")

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"{'Bearer' if self._tokens else 'Token'} {self.token()}"}

    def _ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        params: dict[str, Any] | None = None,
        body: Any = None,
    ) -> httpx.Response:
        headers = {"Content-Type": "application/json", **(headers or {})}
        content = None if body is None else to_json(body)
        try:
            return self._http.request(method, self.url + path, params=params, headers=headers, content=content)
        except httpx.TimeoutException as error:
            what = f"{self.url} did not answer {method} {path} in time"
            begun = not isinstance(error, httpx.ConnectTimeout)
            raise Unreachable(what, "Is it busy? lsal doctor", passes=True, unsent=not begun) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise answers.unreachable(self.url, error) from None

    def _bound(self, answer: httpx.Response) -> None:
        """An answer that comes drop by drop ends too: the time-out is one of the whole body, not of each piece."""
        answer.stream = _Bound(answer.stream, self._http.timeout.read)

    def _exchange(self) -> str:
        """A fresh access token for the personal one."""
        path = "/api/token/refresh/"
        try:
            return str(self.patience.insist(lambda: self._refreshed(path), safe=True)["access"])
        except Refused as error:
            fix = "Revoke it there under Account & Settings, make a new one, then: lsal attach URL PROJECT --ask"
            raise Refused(f"{self.url} no longer takes this token ({error.status})", fix, status=401) from None

    def _refreshed(self, path: str) -> Told:
        return self._read("POST", path, told, self._ask("POST", path, body={"refresh": self._key}))


class _Bound(httpx.SyncByteStream):
    """A body that has to be there within so many seconds."""

    def __init__(self, body: Any, within_s: float | None) -> None:
        self._body, self._within_s = body, within_s

    def __iter__(self) -> Iterator[bytes]:
        until = time.monotonic() + (self._within_s or float("inf"))
        for chunk in self._body:
            if time.monotonic() > until:
                raise httpx.ReadTimeout("the answer took too long")
            yield chunk

    def close(self) -> None:
        self._body.close()


def _nothing(said: Any, answered: str) -> None:
    """Of what was deleted nothing is wanted."""


def _stamp(answer: httpx.Response) -> float:
    """The server's clock; ours where it does not tell."""
    try:
        return email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return time.time()


def on_loopback(url: str) -> bool:
    """Whether `url` is on this machine: no proxy can reach it, and none should be told its key."""
    return urlsplit(url).hostname in LOOPBACK
