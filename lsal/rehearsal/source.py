"""A labelled file or rows, as examples with a control made up of their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.errors import BadData
from lsal.records import Control, Example, Labels

if TYPE_CHECKING:
    from pandas import DataFrame

HELD_OUT = 0.2


@dataclass(frozen=True)
class Source:
    """Labelled examples, each with the split it belongs to, and the control of their labels."""

    examples: list[Example]
    splits: list[str]
    control: Control

    def pool_and_test(self, seed: int) -> tuple[list[Example], list[Example]]:
        """The source's own train and test; where it has not both, the seed holds out a fifth."""
        splits = np.array(self.splits)
        if not {"train", "test"} <= set(self.splits):
            places = np.random.default_rng(seed).permutation(len(splits))
            splits = np.where(places < HELD_OUT * len(splits), "test", "train")
        pool = [example for example, split in zip(self.examples, splits, strict=True) if split == "train"]
        return pool, [example for example, split in zip(self.examples, splits, strict=True) if split == "test"]


def read_source(
    source: Path | Sequence[Mapping[str, Any]], input: str, label: str, files_in: Path | None = None
) -> Source:
    """Read a .jsonl, a .csv or rows; rows without a label are left out.

    With `files_in` the inputs are files in that folder. Raises BadData for a source that cannot
    be read, a column that is not there, and labels of fewer than two classes.
    """
    rows = _table(source)
    for column in (input, label):
        if column not in rows:
            known = ", ".join(map(str, rows.columns))
            raise BadData(f"There is no column '{column}', only: {known}", "Name it: --input COLUMN --label COLUMN")
    rows = rows[rows[label].notna() & (rows[label].astype(str) != "")]
    labels = rows[label].astype(str).tolist()
    classes = tuple(sorted(set(labels)))
    if len(classes) < 2:
        raise BadData(f"Column '{label}' holds {len(classes)} classes", "Rehearse on labels of two classes or more")
    texts = rows[input].where(rows[input].notna(), "").astype(str)
    inputs = [files_in / text if files_in else text for text in texts]
    examples = [Example(i, *pair) for i, pair in enumerate(zip(inputs, [Labels((c,)) for c in labels], strict=True))]
    splits = rows["split"].astype(str).tolist() if "split" in rows else []
    kind = "Image" if files_in else "Text"
    return Source(examples, splits or ["train"] * len(rows), Control(label, input, "Choices", kind, input, classes))


def _table(source: Path | Sequence[Mapping[str, Any]]) -> DataFrame:
    import pandas as pd

    if not isinstance(source, Path):
        return pd.DataFrame(list(source))
    try:
        if source.suffix == ".jsonl":
            return pd.read_json(source, lines=True, dtype=False)
        return pd.read_csv(source, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise BadData(f"{source} cannot be read ({error})", "Give a .jsonl or .csv file with a row per task") from None
