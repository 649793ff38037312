"""Processes as a test sees them from outside, where any of them may end at that moment."""

from contextlib import suppress
from typing import Any

import psutil


def words(process: psutil.Process) -> list[str]:
    """The command line; none of a process that has ended, whether or not somebody has taken notice."""
    with suppress(psutil.Error):
        return list(process.cmdline())
    return []


def connections(process: psutil.Process) -> list[Any]:
    """The open sockets of IP; none of a process that has ended."""
    with suppress(psutil.Error):
        return list(process.net_connections("inet"))
    return []
