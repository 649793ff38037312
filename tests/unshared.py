"""A command that sees no process but its own, as in a container; who is not root gets there as a user namespace's."""

import os

PROCESSES = ("--pid", "--fork", "--kill-child", "--mount-proc")
"""All that was started there ends with it."""


def unshared(*more: str) -> list[str]:
    """The beginning of such a command; `more` is what else it does not share, such as `--net`."""
    return ["unshare", *more, *PROCESSES, *([] if os.geteuid() == 0 else ["--map-root-user"])]
