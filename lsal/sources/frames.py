"""pandas DataFrames as sources, and tables as pandas DataFrames of texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lsal.errors import BadData
from lsal.sources.cells import plain
from lsal.sources.rows import Bad, Record

if TYPE_CHECKING:
    from pandas import DataFrame

AT_ONCE = 1000
"""Rows turned into Python's values at once."""


def is_frame(source: object) -> bool:
    """Whether `source` is a pandas DataFrame; loads no pandas to find out."""
    return type(source).__name__ == "DataFrame" and type(source).__module__.partition(".")[0] == "pandas"


def records(frame: DataFrame) -> Iterator[Record | Bad]:
    """The rows of the frame, numbered from 1 whatever its index; what is missing is None.

    Whole numbers that pandas made into floats, because one of them is missing, are whole again.
    """
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise BadData("Two columns of the DataFrame have one name", "Give each a name of its own: frame.rename(...)")
    frame = frame.convert_dtypes()
    for start in range(0, len(frame), AT_ONCE):
        part = frame.iloc[start : start + AT_ONCE]
        columns = [[plain(value) for value in part[name]] for name in frame.columns]
        for number, values in enumerate(zip(*columns, strict=True), start + 1):
            yield Record(f"Row {number} of the DataFrame", dict(zip(names, values, strict=True)))


def texts_of(rows: Iterable[Mapping[str, Any]]) -> DataFrame:
    """Rows as a table of texts; a value that is missing is empty."""
    import pandas as pd

    # Objects again before filling: a column in which all is missing would be one of numbers.
    return pd.DataFrame(list(rows), dtype=object).map(str, na_action="ignore").astype(object).fillna("")
