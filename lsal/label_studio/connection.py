"""HTTP to one Label Studio: the user's key in, JSON out, errors that say what to do."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from lsal.errors import LabelStudioError, Refused, Unreachable
from lsal.files import to_json

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Connection:
    """A server and a key. Takes legacy tokens and personal access tokens alike.

    Each request opens a fresh connection: the development server that Label Studio runs on
    adds 40 ms to a kept one. A server on this machine is asked directly, whatever proxy the
    environment names; one elsewhere through that proxy.
    """

    def __init__(self, url: str, key: str, timeout_s: float = 300.0) -> None:
        self.url = url.rstrip("/")
        self.server_time = time.time()
        self._key = key
        self._access: Callable[[], str] | None = None
        self._http = httpx.Client(
            timeout=httpx.Timeout(timeout_s, connect=5.0),
            headers={"Connection": "close"},
            trust_env=not on_loopback(self.url),
        )

    def __repr__(self) -> str:
        return f"Connection({self.url!r})"

    def token(self) -> str:
        """What the server's file helper wants: the legacy token, or a fresh access token."""
        if self._key.count(".") != 2:
            return self._key
        if self._access is None:
            # A JSON web token: the SDK exchanges and refreshes it. Imported here, it takes seconds.
            from label_studio_sdk.client import LabelStudio

            sdk = LabelStudio(base_url=self.url, api_key=self._key, httpx_client=self._http)
            tokens = sdk._client_wrapper._tokens_client
            self._access = lambda: str(tokens.api_key)
        from label_studio_sdk.core.api_error import ApiError

        try:
            return self._access()
        except ApiError as error:
            fix = "Make a new personal access token in Label Studio under Account & Settings"
            raise Refused(f"{self.url} no longer takes this token ({error.status_code})", fix, status=401) from None

    def get(self, path: str, **params: Any) -> Any:
        """The JSON answer to a GET."""
        return self._send("GET", path, params=params)

    def post(self, path: str, body: Any = None, **params: Any) -> Any:
        """The JSON answer to a POST of `body` as JSON."""
        return self._send("POST", path, params=params, body=body)

    def patch(self, path: str, body: Any) -> Any:
        """The JSON answer to a PATCH of `body` as JSON."""
        return self._send("PATCH", path, body=body)

    def _send(self, method: str, path: str, params: dict[str, Any] | None = None, body: Any = None) -> Any:
        kind = "Bearer" if self._key.count(".") == 2 else "Token"
        headers = {"Authorization": f"{kind} {self.token()}", "Content-Type": "application/json"}
        content = None if body is None else to_json(body)
        try:
            answer = self._http.request(method, self.url + path, params=params, headers=headers, content=content)
        except httpx.TimeoutException:
            raise Unreachable(f"{self.url} did not answer {method} {path} in time", "Is it busy? lsal status") from None
        except httpx.HTTPError as error:
            raise Unreachable(
                f"{self.url} cannot be reached ({error})", "Start it (lsal up), or check the URL"
            ) from None
        stamp = email.utils.parsedate_to_datetime(answer.headers["Date"]) if "Date" in answer.headers else None
        self.server_time = stamp.timestamp() if stamp else time.time()
        return self._read(answer, f"{method} {path}")

    def _read(self, answer: httpx.Response, request: str) -> Any:
        if answer.status_code in (401, 403):
            raise Refused(
                f"{self.url} refused {request} ({answer.status_code}): {_detail(answer)}",
                "Check the key and its rights in Label Studio under Account & Settings",
                status=answer.status_code,
            )
        if answer.status_code >= 400:
            raise LabelStudioError(
                f"{self.url} answered {answer.status_code} to {request}: {_detail(answer)}",
                "Check the project in Label Studio, then try again",
                status=answer.status_code,
            )
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError:
            raise LabelStudioError(
                f"{self.url} answered {request} with something that is not JSON",
                "Is this the address of Label Studio itself?",
                status=answer.status_code,
            ) from None


def on_loopback(url: str) -> bool:
    """Whether `url` is on this machine: no proxy can reach it, and none should be told its key."""
    return urlsplit(url).hostname in LOOPBACK


def _detail(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return answer.text[:200].strip()
    if isinstance(said, dict):
        parts = [said.get("detail"), said.get("validation_errors")]
        return "; ".join(str(part) for part in parts if part)[:500] or str(said)[:500]
    return str(said)[:500]
