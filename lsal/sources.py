"""Data to start a project from: scikit-learn's digits, a table of texts, a folder of images."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import orjson

from lsal.errors import BadData, BadRequest

if TYPE_CHECKING:
    from pandas import DataFrame

IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
DIGIT_SIDE = 64
"""Pixels: a digit is enlarged so that a person can read it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item: a text, or an image as a file. `label` is its class where it is known."""

    content: str | Path
    label: str | None = None
    split: str = "train"


@dataclass(frozen=True, slots=True)
class Source:
    """Items of one kind, `text` or `image`, and the classes they may have."""

    title: str
    kind: str
    labels: tuple[str, ...]
    rows: list[Row]

    @property
    def config(self) -> str:
        """A label config for single-choice classification."""
        show = "<Image" if self.kind == "image" else "<Text"
        choices = "".join(f"<Choice value={quoteattr(label)}/>" for label in self.labels)
        control = f'<Choices name="label" toName="{self.kind}" choice="single" showInLine="true">{choices}</Choices>'
        return f'<View>{show} name="{self.kind}" value="${self.kind}"/>{control}</View>'


def read_source(
    name: str, folder: Path, columns: tuple[str, str] = ("text", "label"), labels: Sequence[str] = ()
) -> Source:
    """The source called `name`: `digits`, a CSV, TSV or JSONL file, or a folder of images.

    Images that have to be made (digits) go into `folder`. `columns` are the names of the
    text's and the label's columns; `labels` are the classes where the data do not tell them.
    """
    if name == "digits":
        return digits(folder)
    path = Path(name).expanduser()
    if path.is_dir():
        return images(path, labels)
    if not path.exists():
        raise BadRequest(f"There is no '{name}'", "Give 'digits', a CSV or JSONL file, or a folder of images")
    return table(path, *columns, labels=labels)


def digits(folder: Path) -> Source:
    """The 1,797 handwritten digits that scikit-learn ships, as PNG images in `folder`."""
    from PIL import Image
    from sklearn.datasets import load_digits

    data = load_digits()
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (pixels, label) in enumerate(zip(data.images, data.target, strict=True)):
        path = folder / f"digit-{number:04d}.png"
        image = Image.fromarray((255 - pixels * 255 / 16).astype("uint8"))
        image.resize((DIGIT_SIDE, DIGIT_SIDE), Image.Resampling.NEAREST).save(path)
        rows.append(Row(path, str(label)))
    return Source("digits", "image", tuple("0123456789"), rows)


def images(path: Path, labels: Sequence[str] = ()) -> Source:
    """A folder of images; if they lie in subfolders, those name the classes."""
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGES and p.is_file())
    if not found:
        raise BadData(f"There is no image in {path}", f"lsal takes {', '.join(IMAGES)}")
    classed = [p.parent != path for p in found]
    classes = tuple(labels) or tuple(sorted({p.parent.name for p, c in zip(found, classed, strict=True) if c}))
    if len(classes) < 2:
        raise BadRequest(f"The images in {path} tell no classes", "Name them: lsal new FOLDER --labels cat,dog")
    rows = [Row(p, p.parent.name if c else None) for p, c in zip(found, classed, strict=True)]
    for row in rows:
        _check_label(row, classes, str(row.content), f"put images without a label right into {path}")
    return Source(path.name, "image", classes, rows)


def table(path: Path, text: str, label: str, labels: Sequence[str] = ()) -> Source:
    """Texts of a CSV, TSV or JSONL file. In a column `split`, `test` marks what is kept for
    testing; every other word there (train, dev, validation, ...) is part of the pool.
    """
    frame = read_table(path)
    if text not in frame:
        raise BadData(f"{path} has no column '{text}'", f"Choose with --input from: {', '.join(map(str, frame))}")
    none = [""] * len(frame)
    given, splits = frame.get(label, none), frame.get("split", none)
    classes = tuple(labels) or tuple(sorted(set(given) - {""}))
    if len(classes) < 2:
        raise BadRequest(f"{path} tells no classes", "Name them: --labels spam,ham, or their column: --label COLUMN")
    rows = [Row(t, name or None, part or "train") for t, name, part in zip(frame[text], given, splits, strict=True)]
    for number, row in enumerate(rows, 1):
        _check_label(row, classes, f"Row {number} of {path}", "choose another column of labels: --label COLUMN")
    return Source(path.stem if path.stem != "tasks" else path.parent.name, "text", classes, rows)


def kept_for_testing(splits: Sequence[str]) -> Set[int]:
    """The places of the rows that a source's splits keep for testing; none if that is all of them.

    Only `test` does: every other word is part of the pool.
    """
    found = {place for place, split in enumerate(splits) if split == "test"}
    return found if len(found) < len(splits) else set()


def read_table(path: Path) -> DataFrame:
    """A CSV, TSV or JSONL file as texts, each as it was written: no number, date or NA is read
    into it, and a cell that is not there is empty. Raises BadData.
    """
    import pandas as pd

    ending = path.suffix.lower()
    try:
        if ending in (".jsonl", ".ndjson"):
            return texts_of(orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip())
        sign = "\t" if ending == ".tsv" else ","
        return pd.read_csv(path, sep=sign, dtype=str, keep_default_na=False).fillna("")
    except (OSError, ValueError) as error:
        raise BadData(f"{path} cannot be read as a table ({error})", "Give a CSV, TSV or JSONL file") from None


def texts_of(rows: Iterable[Mapping[str, Any]]) -> DataFrame:
    """Rows as a table of texts; a value that is missing is empty."""
    import pandas as pd

    # Objects again before filling: a column in which all is missing would be one of numbers.
    return pd.DataFrame(list(rows), dtype=object).map(str, na_action="ignore").astype(object).fillna("")


def _check_label(row: Row, classes: Sequence[str], where: str, otherwise: str) -> None:
    if row.label is not None and row.label not in classes:
        raise BadData(
            f"{where} has the label '{row.label}', which is not among {', '.join(classes)}",
            f"Add it to --labels, or {otherwise}",
        )


def place_image(path: Path, folder: Path) -> Path:
    """The image below a folder that Label Studio serves: linked where the disk allows, else copied.

    Its name tells files of one name apart, but not the class that its folder may be named by:
    people who label see it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    where = hashlib.blake2b(str(path.parent.resolve()).encode(), digest_size=4).hexdigest()
    placed = folder / f"{where}-{path.name}"
    if not placed.exists():
        try:
            os.link(path.resolve(), placed)  # a link to a link would lead out of the folder
        except OSError:
            shutil.copyfile(path, placed)
    return placed
