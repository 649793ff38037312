"""What a project can be made of: tables, exports of Label Studio, COCO files, folders of images, sets of its own.

One format, one file: `delimited`, `jsons`, `parquets` and `frames` give records, `tables`,
`marked`, `exported`, `coco`, `images` and `digits` make rows of them, `shapes` draws a COCO folder, `survey` looks
all of them through before anything is made. Everything is streamed, but for COCO's: a source is read
twice or thrice rather than kept.
"""

from __future__ import annotations

from lsal.sources.coco import is_coco
from lsal.sources.frames import is_frame, texts_of
from lsal.sources.images import place_image
from lsal.sources.marked import spans_in
from lsal.sources.rows import Bad, Record, Row, Wanted
from lsal.sources.source import Source, read_source
from lsal.sources.survey import kept_for_testing
from lsal.sources.tables import read_table, records_of

__all__ = [
    "Bad",
    "Record",
    "Row",
    "Source",
    "Wanted",
    "is_coco",
    "is_frame",
    "kept_for_testing",
    "place_image",
    "read_source",
    "read_table",
    "records_of",
    "spans_in",
    "texts_of",
]
