"""Small disks that can be filled, and files that nobody can write: on loop-back, where mounting is allowed.

Elsewhere a full disk is a limit on the size of files of each process (EFBIG instead of ENOSPC), and a read-only file
one without the right to write; `way` says which it is.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterable
from pathlib import Path

import psutil

MOUNTED, LIMITED = "ext4 on loop-back", "RLIMIT_FSIZE"

BLOCKS = (2**20, 4096, 1024)


class Disk:
    """A folder with a file system of its own, of so many megabytes in blocks of so many bytes, that lies in the file
    `image`.
    """

    def __init__(self, folder: Path, image: Path, megabytes: int, block: int = 4096) -> None:
        self.folder, self._image = folder, image
        self._ballast, self._limited = folder / ".ballast", list[psutil.Process]()
        folder.mkdir(parents=True, exist_ok=True)
        self.way = MOUNTED if self._mount(megabytes, block) else LIMITED

    def _mount(self, megabytes: int, block: int) -> bool:
        if os.geteuid():
            return False
        with self._image.open("wb") as file:
            file.truncate(megabytes * 2**20)
        make = ["mkfs.ext4", "-q", "-b", str(block), "-m", "0", "-O", "^has_journal", str(self._image)]
        mount = ["mount", "-o", "loop", str(self._image), str(self.folder)]
        return all(subprocess.run(words, capture_output=True).returncode == 0 for words in (make, mount))

    def fill(self, leave: int, writers: Iterable[psutil.Process]) -> None:
        """Take all but `leave` bytes; where that cannot be, no `writers` can write a file longer than that."""
        if self.way == MOUNTED:
            with self._ballast.open("wb", buffering=0) as file:
                for block in BLOCKS:
                    with contextlib.suppress(OSError):  # full before it was counted on
                        while self._free() >= leave + block:
                            file.write(bytes(block))
                os.fsync(file.fileno())
            return
        for one in writers:
            with contextlib.suppress(psutil.Error):
                one.rlimit(resource.RLIMIT_FSIZE, (leave, resource.RLIM_INFINITY))
                self._limited.append(one)

    def _free(self) -> int:
        now = os.statvfs(self.folder)
        return now.f_bavail * now.f_frsize

    def empty(self) -> None:
        """Give it back."""
        if self.way == MOUNTED:
            self._ballast.unlink(missing_ok=True)
        for one in self._limited:
            with contextlib.suppress(psutil.Error):
                one.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self._limited.clear()

    def end(self) -> None:
        """Unmount it, and remove what it was on."""
        if self.way == MOUNTED:
            # Lazily: the bench itself may have the mirror open.
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
        self._image.unlink(missing_ok=True)


def lock(path: Path) -> None:
    """Let nobody write the file, or put anything into the folder: root neither."""
    if os.geteuid():
        path.chmod(path.stat().st_mode & ~0o222)
    else:
        subprocess.run(["chattr", "+i", str(path)], check=True)


def unlock(path: Path) -> None:
    """Take `lock` back."""
    if os.geteuid():
        path.chmod(path.stat().st_mode | 0o200)
    else:
        subprocess.run(["chattr", "-i", str(path)], check=True)
