"""`python tests/homes/make.py`: write `format_N.tar.gz`, a home of today's format as some rounds leave it.

Made once for each format, by the last lsal that writes it, and then kept: later ones have to open it, see
`tests/test_formats.py`. Short texts, so that it stays small; no key, no secret and no place of this machine is in it.
"""

import os
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects import demo_of_texts

from lsal.home import FORMAT, Home
from lsal.workbench import Workbench

HERE = Path(__file__).resolve().parent
WAIT_S, MIRROR = 300, "mirror.sqlite"
PASSING = (".lock", ".tmp", "-wal", "-shm", "process.json")
"""What only a process that runs has."""


def main() -> None:
    """Make a project on a Label Studio of its own, work in it, and pack its home."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        os.chdir(folder)  # a home says what it was made of as that was given
        try:
            Workbench(root).up()
            home = worked(root, Path()).home
        finally:
            Workbench(root).down()
        kept = HERE / f"format_{FORMAT}.tar.gz"
        pack(home, kept)
        print(f"{kept}: {kept.stat().st_size:,} bytes")


def worked(root: Path, folder: Path) -> Workbench:
    """30 texts: three versions, another one promoted, suspects, and wishes."""
    bench = demo_of_texts(root, folder, count=45, batch=8)
    bench.configure(keep_jobs=20, measuring_share=0.2, strategy="margin", worker_nice=0)
    bench.rank().wait(WAIT_S)
    for _ in range(3):
        bench.label(6)
        bench.round().wait(WAIT_S)
    live = bench.desk.store.current()["label"]
    bench.promote(live - 1 if live > 1 else live + 1).wait(WAIT_S)
    bench.suspects().wait(WAIT_S)
    order = bench.queue()
    bench.pin([order[-1].task_id])
    bench.exclude([order[0].task_id])
    bench.rank().wait(WAIT_S)
    bench.sync()
    return bench


def pack(home: Home, to: Path) -> None:
    """The home and which one is active, with nothing that tells of this machine; of the mirror a copy in one file."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(to, "w:gz") as archive:
        copy = Path(folder) / MIRROR
        with closing(sqlite3.connect(home.path(MIRROR))) as mirror:
            mirror.execute("VACUUM INTO ?", (str(copy),))
        for path in inside(home):
            whole = copy if path.name == MIRROR else path
            archive.add(whole, path.relative_to(home.root), recursive=False, filter=_nobodys)
        archive.add(home.root / "active", "active", filter=_nobodys)


def inside(home: Home) -> Iterator[Path]:
    """Its folders and files, less what only a process that runs has, and logs."""
    yield home.folder
    for path in sorted(home.folder.rglob("*")):
        if not path.name.endswith(PASSING) and path.name not in ("lock", "log.txt"):
            yield path


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
