"""Downloads that met what passes are tried again, as long as that helps: not for each task of a server that is down."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from lsal.label_studio.answers import BUSY

T = TypeVar("T")

TRIES, FIRST_S = 3, 0.5
"""Tries at one file, and seconds before the second; twice as many before the third."""
VAIN_S = 20.0
"""Seconds waited in vain, of all files together, before no file is tried again; one that comes restores them."""


class Again:
    """What the downloads of one project know of each other."""

    def __init__(self) -> None:
        self._left_s = VAIN_S

    def insist(self, ask: Callable[[], T]) -> T:
        """What `ask` gives. Raises what it raised the last time."""
        for tried in range(TRIES):
            try:
                got = ask()
            except (OSError, ValueError) as error:
                wait = FIRST_S * 2.0**tried * random.uniform(0.5, 1.0)
                if tried == TRIES - 1 or wait > self._left_s or not passes(error):
                    raise
                self._left_s -= wait
                time.sleep(wait)
            else:
                self._left_s = VAIN_S
                return got
        raise AssertionError("the last try returns or raises")


def passes(error: Exception) -> bool:
    """Whether the same question may go well in a moment: a server that is busy, a line that broke."""
    from requests import exceptions
    from urllib3.exceptions import ProtocolError

    if isinstance(error, exceptions.HTTPError):
        return error.response is not None and error.response.status_code in BUSY
    broke = isinstance(error, exceptions.ConnectionError) and any(isinstance(one, ProtocolError) for one in error.args)
    return broke or isinstance(error, exceptions.ChunkedEncodingError)
