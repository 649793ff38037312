"""Keys on this machine: what kind one is, files that only their owner may read, and one typed in.

A key is never taken from a command line: a cell of a notebook is saved with all that is in it.
"""

from __future__ import annotations

import base64
import getpass
import logging
import os
import re
import stat
from pathlib import Path
from typing import Any

import orjson

from lsal.errors import BadRequest
from lsal.files import read_json

log = logging.getLogger(__name__)

LEGACY, PERSONAL, ACCESS = "legacy token", "personal access token", "access token"
ASK = "Let lsal ask for it: lsal attach URL PROJECT --ask"


def kind(key: str) -> str:
    """Which of the three kinds a key is; only a personal access token says so itself."""
    told = claims(key).get("token_type")
    return {"refresh": PERSONAL, "access": ACCESS}.get(str(told), PERSONAL if key.count(".") == 2 else LEGACY)


def claims(key: str) -> dict[str, Any]:
    """What a JSON web token says about itself, unchecked; {} for any other text."""
    parts = key.split(".")
    if len(parts) != 3:
        return {}
    try:
        said = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def looks_like_key(text: str) -> bool:
    """Whether a word on a command line is the key itself, put where something else belongs."""
    return bool(re.fullmatch(r"[0-9a-f]{40}", text)) or bool(claims(text))


def from_file(path: Path) -> str:
    """The key that a file holds and nothing else. Says so if others may read the file."""
    if looks_like_key(path.name):
        raise BadRequest("That is a key, not the name of a file: on the line it is saved with the cell", ASK)
    try:
        key = path.expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"The key cannot be read ({error})", "Give a file that holds nothing but the key") from None
    if not key or len(key.split()) != 1:
        raise BadRequest(f"{path} does not hold a key and nothing else", "Put the key alone into it")
    if open_to_others(path.expanduser()):
        log.warning("%s can be read by other users of this machine. Close it: chmod 600 '%s'", path, path)
    return key


def ask(url: str) -> str:
    """The key as a person types it, unseen; in a notebook the kernel asks, and no cell holds it."""
    try:
        key = getpass.getpass(f"Key for {url} (Account & Settings in Label Studio): ").strip()
    except (EOFError, NotImplementedError, RuntimeError):
        fix = "Put it into a file that only you can read: lsal attach URL PROJECT --key-file FILE"
        raise BadRequest("Nobody can be asked for the key here", fix) from None
    if not key:
        raise BadRequest("No key was given", "Copy it in Label Studio under Account & Settings, then try again")
    return key


def hide_in_logs(secret: str) -> None:
    """Let no log of this process name the secret: httpx logs every address that it asks, httpcore every answer's."""
    _hidden.secrets.add(secret)
    for name in ("httpx", "httpcore.http11"):
        logging.getLogger(name).addFilter(_hidden)


class _Hidden(logging.Filter):
    """Puts dots in place of secrets; nothing is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """True, as every line is to be logged."""
        told = record.getMessage()
        for secret in self.secrets:
            if secret in told:
                record.msg, record.args = told.replace(secret, "..."), ()
        return True


_hidden = _Hidden()


def read_private(path: Path) -> dict[str, Any]:
    """A JSON file of lsal's own that holds keys; one that others could read is closed, and that is said."""
    if open_to_others(path):
        path.chmod(0o600)
        log.warning("%s could be read by other users of this machine; closed now (0600). Renew its keys", path)
    kept: dict[str, Any] = read_json(path, {})
    return kept


def open_to_others(path: Path) -> bool:
    """Whether the group or everybody may read a file; never on systems without such modes."""
    if os.name != "posix" or not path.exists():
        return False
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
