"""What asks the network from now on; threads that other tests left behind are not meant."""

import socket
import threading
from typing import Any

import pytest


def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every connection and look-up of a name that is tried from now on, and refused.

    Those of threads that run already go through as ever.
    """
    found, others = list[Any](), set(threading.enumerate()) - {threading.current_thread()}

    def watch(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def caught(*given: Any, **more: Any) -> Any:
            if threading.current_thread() in others:
                return real(*given, **more)
            found.append(given)
            raise OSError("there is no network here")

        monkeypatch.setattr(owner, name, caught)

    watch(socket, "getaddrinfo")
    watch(socket.socket, "connect")
    watch(socket.socket, "connect_ex")
    return found
