"""What there is to say about the disk of a project: it is full, or does not let files be written."""

from __future__ import annotations

from lsal.home import Home
from lsal.room import closed, free_bytes

LOW_BYTES = 20_000_000
"""Less than a version and a batch take: nothing that is begun now may come to its end."""
NAMED = 3


def room_words(home: Home) -> list[str]:
    """Sentences for the status; none where there is room."""
    free, shut, told = free_bytes(home.folder), closed(home.folder), list[str]()
    if free < LOW_BYTES:
        told.append(
            f"The disk of {home.folder} is full: {free / 1e6:.1f} MB are left, rounds cannot be kept. "
            "Make room (lsal clean), then: lsal round"
        )
    if shut:
        listed = ", ".join(map(str, shut[:NAMED])) + (f" and {len(shut) - NAMED} more" if len(shut) > NAMED else "")
        told.append(f"{listed} cannot be written. Let it be written again: rights, mount. Then: lsal round")
    return told
