"""The folder in which files arrive from another machine: kept by digest, so that each travels once.

DEPOT/
├── files/DIGEST      what arrived whole, and is what it was
├── KEY/NAME          a file or folder as calls see it: links to the above
├── made-…/           weights that were trained here
└── embeddings/       what models keep of inputs: see `models.kept_vectors`
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from lsal.engine.carrying import Slice, Thing
from lsal.errors import BadData

KEPT_S = 14 * 86400.0
"""Seconds after which what nobody needed goes."""


class Depot:
    """Files by digest; several processes of a machine use one depot at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = folder / "files"
        self._mine = uuid.uuid4().hex[:12]

    def lacks(self, digests: Iterable[str]) -> list[str]:
        """Those that are not here."""
        return [digest for digest in digests if not (self._files / digest).exists()]

    def take(self, pieces: Iterable[Slice]) -> None:
        """Put pieces of files together, in their order; raises BadData for one that is not what it was."""
        self._files.mkdir(parents=True, exist_ok=True)
        for piece in pieces:
            part = self._files / f".{piece.digest}.{self._mine}"
            with part.open("r+b" if piece.start else "wb") as file:
                file.seek(piece.start)
                file.write(piece.content)
            if piece.start + len(piece.content) >= piece.size:
                self._keep(part, piece.digest)

    def place(self, thing: Thing) -> Path:
        """Where the thing lies for calls, its files linked; all of them have arrived."""
        kept = self.folder / thing.key
        if not kept.exists():
            beside = self.folder / f".{thing.key}.{self._mine}"
            shutil.rmtree(beside, ignore_errors=True)
            below = beside / thing.name
            (below.parent if "" in thing.files else below).mkdir(parents=True)
            for name, (digest, _) in thing.files.items():
                (below / name).parent.mkdir(parents=True, exist_ok=True) if name else None
                _link(self._files / digest, below / name if name else below)
            with suppress(OSError):  # another process was first
                beside.rename(kept)
            shutil.rmtree(beside, ignore_errors=True)
        with suppress(OSError):
            os.utime(kept)
        return kept / thing.name

    def tidy(self, now: float | None = None) -> None:
        """Remove what nobody needed for long; a file that is linked anew is as if it had just come."""
        before = (now or time.time()) - KEPT_S
        for path in (*self.folder.glob("*"), *self._files.glob("*")):
            with suppress(OSError):
                if path.name not in ("files", "embeddings") and path.stat().st_mtime < before:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _keep(self, part: Path, digest: str) -> None:
        with part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != digest:
            part.unlink()
            raise BadData(f"A file arrived damaged: {found[:12]} instead of {digest[:12]}", "Start the work again")
        part.chmod(0o444)  # calls see links to it: none may write into it
        part.replace(self._files / digest)


def _link(file: Path, to: Path) -> None:
    with suppress(OSError):
        os.utime(file)
    try:
        os.link(file, to)
    except OSError:  # a file system without links
        shutil.copyfile(file, to)
