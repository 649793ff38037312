"""Data to start a project from: scikit-learn's digits, a table of texts, a folder of images."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import orjson

from lsal.errors import BadData, BadRequest

IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
DIGIT_SIDE = 64
"""Pixels: a digit is enlarged so that a person can read it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item: a text, or an image as a file. `label` is its class where it is known."""

    content: str | Path
    label: str | None = None
    split: str = "train"
    more: dict[str, Any] | None = None


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
    return Source(path.name, "image", classes, rows)


def table(path: Path, text: str, label: str, labels: Sequence[str] = ()) -> Source:
    """Texts of a CSV, TSV or JSONL file; a column `split` may hold `train` and `test`."""
    try:
        frame = _frame(path)
    except ValueError as error:
        raise BadData(f"{path} cannot be read as a table ({error})", "Give a CSV, TSV or JSONL file") from None
    if text not in frame:
        raise BadData(f"{path} has no column '{text}'", f"Choose with --input from: {', '.join(map(str, frame))}")
    known = label in frame
    classes = tuple(labels) or (tuple(sorted({_told(v) for v in frame[label]} - {""})) if known else ())
    if len(classes) < 2:
        raise BadRequest(f"{path} tells no classes", "Name them: --labels spam,ham, or their column: --label COLUMN")
    return Source(
        path.stem if path.stem != "tasks" else path.parent.name,
        "text",
        classes,
        list(_rows(frame, text, label if known else "")),
    )


def _rows(frame: Any, text: str, label: str) -> Iterator[Row]:
    splits = frame["split"] if "split" in frame else ["train"] * len(frame)
    given = frame[label] if label else [None] * len(frame)
    for content, value, split in zip(frame[text], given, splits, strict=True):
        yield Row(_told(content), _told(value) or None, _told(split) or "train")


def _frame(path: Path) -> Any:
    """The table with every value as it was written: no number, date or NA is read into it."""
    import pandas as pd

    ending = path.suffix.lower()
    if ending in (".jsonl", ".ndjson"):
        rows = [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
        return pd.DataFrame(rows, dtype=object)
    return pd.read_csv(path, sep="\t" if ending == ".tsv" else ",", dtype=str, keep_default_na=False)


def _told(value: Any) -> str:
    """A cell as text; empty where there is none, which pandas marks by a number unequal to itself."""
    return "" if value is None or value != value else str(value)


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
