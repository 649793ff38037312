"""Access tokens: what a personal access token is exchanged for. Each lasts a few minutes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from lsal import keys

SPARE_S = 30.0
"""Seconds before its end at which a token is no longer used."""
UNKNOWN_S = 60.0
"""How long a token is used that does not say how long it lasts."""


class AccessTokens:
    """The access token that holds now; `exchange` gets a fresh one from the server."""

    def __init__(self, exchange: Callable[[], str]) -> None:
        self._exchange = exchange
        self._token, self._until = "", 0.0
        self._lock = threading.Lock()

    def current(self) -> str:
        """A token that the server takes, exchanged anew when the last one is about to end."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._token = self._exchange()
                self._until = time.monotonic() + lasting(self._token)
            return self._token

    def forget(self) -> None:
        """The server refused the token: get another one next time."""
        self._until = 0.0


def lasting(token: str) -> float:
    """Seconds for which to use a fresh token; by the server's clock alone, ours may be wrong."""
    said = keys.claims(token)
    begun, end = said.get("iat"), said.get("exp")
    if not isinstance(begun, int | float) or not isinstance(end, int | float):
        return UNKNOWN_S
    return max((end - begun) / 2, end - begun - SPARE_S)
