"""Words read off a page by tesseract, where it is installed; kept beside the page, so that it is read once."""

from __future__ import annotations

import contextlib
import csv
import io
import subprocess
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from lsal.errors import BadData
from lsal.files import read_json, write_json
from lsal.kinds.words import size_of
from lsal.opening import open_image
from lsal.records import Box, Page
from lsal.settings import one_thread

PROGRAM = "tesseract"
LONGEST_S = 120.0
"""Seconds that one page may take."""
WORD = "5"
"""The level of a word in tesseract's table; the levels above are lines, paragraphs, blocks and pages."""


def read_page(image: Path) -> Page:
    """The page with its words as tesseract reads them. Raises BadData where it is missing, fails, or takes too long."""
    kept, state = image.with_name(f".{image.name}.words.json"), image.stat()
    known = read_json(kept, {}) if kept.is_file() else {}
    stamp = [state.st_size, state.st_mtime_ns]
    if known.get("stamp") != stamp:
        known = {"stamp": stamp, "words": _read(image)}
        with contextlib.suppress(OSError):  # a folder that is not ours to write in: read again next time
            write_json(kept, known)
    return Page(image, tuple(word for word, _ in known["words"]), tuple(Box(*box) for _, box in known["words"]))


def _read(image: Path) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Words with their boxes in shares, in reading order."""
    program = which(PROGRAM)
    if program is None:
        what = "the task has no words, and tesseract, which would read them off the image, is not installed"
        raise BadData(what, "Install it: apt-get install tesseract-ocr, or give words and boxes in the task")
    with TemporaryDirectory() as folder:
        upright = _upright(image, Path(folder))
        try:
            done = subprocess.run(
                [program, str(upright), "-", "tsv"],
                capture_output=True,
                timeout=LONGEST_S,
                env=one_thread(),
                check=False,
            )
        except subprocess.TimeoutExpired:
            what = f"tesseract did not read the page within {LONGEST_S:.0f} seconds"
            raise BadData(what, "Give words and boxes in the task, or a smaller image") from None
    if done.returncode:
        said = (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        raise BadData(f"tesseract cannot read the page ({said})", "Give words and boxes in the task")
    return _words(done.stdout.decode(errors="replace"), size_of(image))


def _upright(image: Path, folder: Path) -> Path:
    """The page as people see it, in a format that tesseract takes: it heeds no EXIF data."""
    from PIL import ImageOps

    with open_image(image) as opened:
        ImageOps.exif_transpose(opened).convert("RGB").save(folder / "page.png", compress_level=1)
    return folder / "page.png"


def _words(table: str, size: tuple[int, int]) -> list[tuple[str, tuple[float, float, float, float]]]:
    width, height = size
    rows = csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
    sides = (("left", width), ("top", height), ("width", width), ("height", height))
    found = [(row["text"].strip(), [int(row[side]) / whole for side, whole in sides]) for row in rows if _is_word(row)]
    return [(word, (x, y, across, down)) for word, (x, y, across, down) in found]


def _is_word(row: dict[str, str]) -> bool:
    return row["level"] == WORD and bool((row["text"] or "").strip())
