"""The user's cache: Label Studio of other versions than the one that this lsal runs."""

from __future__ import annotations

import re
import time

from filelock import FileLock, Timeout

from lsal.housekeeping.rubbish import Rubbish, rubbish
from lsal.settings import LABEL_STUDIO_VERSION, cache_folder

UNUSED_S = 30 * 86400.0
"""Another lsal on this machine may run that version."""


def old() -> list[Rubbish]:
    """Environments and templates of other Label Studio versions that nothing has used for a month."""
    found = []
    for folder in sorted(cache_folder().glob("*")):
        named = re.fullmatch(r"(?:label-studio|template)-(\d+(?:\.\d+)+)", folder.name)
        if named and named[1] != LABEL_STUDIO_VERSION and folder.is_dir() and _unused(folder.name):
            found.append(rubbish("cache", folder.name, folder))
    return found


def _unused(name: str) -> bool:
    """Whether nobody started or made it lately: each start takes its lock."""
    folder, lock = cache_folder() / name, cache_folder() / f"{name}.lock"
    last = max(path.stat().st_mtime for path in (folder, lock) if path.exists())
    if time.time() - last < UNUSED_S:
        return False
    try:
        with FileLock(lock, timeout=0):
            return True
    except Timeout:
        return False
