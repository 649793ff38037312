"""Asking again: how often, after how long, and what is never sent twice.

What reads, or says the same whenever it comes, is sent again where that may help: a connection that
broke, an answer that was cut short, a server or a proxy that is busy (429, 500, 502, 503, 504). Between two
tries lies twice as long as before, from 50 to 100 % of it drawn at random, so that many do not come back at
once; or as long as the server asks for in Retry-After. Where it asks for more than anybody waits, that is
said, at once.

What adds something is sent again only where it surely did not arrive: no connection came about, or the
server said to come again later (429, or 503 with Retry-After). Where nobody knows, the server is
asked whether it is there; if it is not, it may still be on its way, and is not sent a second time.
"""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from lsal.errors import LabelStudioError

T = TypeVar("T")

Pause = Callable[[float, str], None]
"""Waits so many seconds, for a reason that people are told; may raise Cancelled."""
SERVER_ERROR = 500
ONCE_MORE = 2
"""Tries at what ends in the server's own error: a second one may go well, a third does not."""


def sleep(seconds: float, why: str) -> None:
    """Wait, told to nobody; Ctrl-C ends it."""
    time.sleep(seconds)


@dataclass
class Patience:
    """How long one request is insisted on, in seconds: `first_s` before the second try, each `whole_s` in all.

    `longest_s` is the longest wait that a server may ask for. `restarts` says whether a server that takes no
    connection is waited for: a job does, a person is told at once.
    """

    tries: int = 3
    first_s: float = 0.25
    longest_s: float = 5.0
    whole_s: float = 15.0
    restarts: bool = False
    pause: Pause = sleep

    def of_a_job(self, pause: Pause) -> None:
        """From now on as long as a job has time, which says what it waits for."""
        self.tries, self.first_s, self.longest_s, self.whole_s = 5, 0.5, 60.0, 120.0
        self.restarts, self.pause = True, pause

    def none(self) -> None:
        """From now on each request is sent once."""
        self.tries = 1

    def insist(
        self, ask: Callable[[], T], safe: bool, found: Callable[[], T | None] | None = None, final: int = 0
    ) -> T:
        """The answer to `ask`, asked again while that may help; `safe` says that it may be done twice.

        `found` looks whether what was to be added is there, and gives what `ask` would have; `final` is a status
        at which it is not asked again. Raises the last LabelStudioError.
        """
        begun, tried = time.monotonic(), 0
        while True:
            try:
                return ask()
            except LabelStudioError as error:
                tried, unknown = tried + 1, not safe and error.doubtful
                if (unknown and found is None) or (final and error.status == final):
                    raise
                wait = self._wait(error, tried, time.monotonic() - begun)
                if wait is None:
                    raise
                self.pause(wait, f"Label Studio: {error.what[:120]}; asked again after {wait:.0f} s")
                if unknown and found and (there := self._look(found, error)) is not None:
                    return there
                if unknown:
                    raise

    def _look(self, found: Callable[[], T | None], error: LabelStudioError) -> T | None:
        """What is there by now: the server may still be at it when the connection is gone."""
        for tried in range(1, self.tries + 1):
            try:
                if (there := found()) is not None:
                    return there
            except LabelStudioError:
                raise error from None
            if tried < self.tries:
                self.pause(self._delay(tried), "Label Studio: whether it was stored is not known yet")
        return None

    def _wait(self, error: LabelStudioError, tried: int, passed: float) -> float | None:
        """Seconds until the next try; None where there is none."""
        tries = min(self.tries, ONCE_MORE) if error.status == SERVER_ERROR else self.tries
        if not error.passes or tried >= tries or (_nobody_there(error) and not self.restarts):
            return None
        if error.after_s is not None and error.after_s > self.longest_s:
            return None
        wait = self._delay(tried) if error.after_s is None else error.after_s + random.uniform(0, self.first_s)
        return wait if passed + wait <= self.whole_s else None

    def _delay(self, tried: int) -> float:
        return min(self.longest_s, self.first_s * 2.0 ** (tried - 1)) * random.uniform(0.5, 1.0)


def _nobody_there(error: LabelStudioError) -> bool:
    return error.unsent and error.status == 0


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that Retry-After asks for, in either form: a number, or a date by the server's clock; else None."""
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    if not said:
        return None
    try:
        then, date = email.utils.parsedate_to_datetime(said), headers.get("Date")
        clock = email.utils.parsedate_to_datetime(date).timestamp() if date else now
        return max(0.0, then.timestamp() - clock)
    except (ValueError, TypeError, OverflowError):
        return None
