"""Parquet files, read in batches by pyarrow, which the extra `parquet` brings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lsal.errors import BadData, BadRequest
from lsal.sources.cells import plain
from lsal.sources.rows import Bad, Record

AT_ONCE = 1000
"""Rows decoded at once."""


def records(path: Path) -> Iterator[Record | Bad]:
    """The rows of the file, numbered from 1. Raises BadRequest without pyarrow, BadData for no parquet file."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        fix = "Install it: pip install pyarrow  (the extra 'parquet' of lsal)"
        raise BadRequest("Reading parquet needs pyarrow, which is not here", fix) from None
    number = 0
    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=AT_ONCE):
                for fields in batch.to_pylist():
                    number += 1
                    yield Record(f"Row {number} of {path}", {name: plain(value) for name, value in fields.items()})
    except (OSError, ArrowException) as error:
        what = str(error).partition("\n")[0]
        raise BadData(f"{path} cannot be read as parquet ({what})", "Write it again, or give a CSV file") from None
