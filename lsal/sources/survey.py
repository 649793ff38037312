"""The first look at a whole source, before anything is made of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from lsal.errors import BadData
from lsal.sources.rows import Bad, Row, Rows
from lsal.targets import to_plain

NAMED = 3
"""Bad rows that a message names; the others it counts."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a source holds: how many rows that can be taken, with classes and with annotations.

    `classes` are all that it names, `splits` the splits of its rows in order.
    `bad` are the first of `bad_count` rows that cannot be taken. `digest` differs
    whenever the rows do.
    """

    count: int
    labelled: int
    answered: int
    classes: tuple[str, ...]
    splits: tuple[str, ...]
    bad: tuple[Bad, ...]
    bad_count: int
    digest: str

    def refuse_bad(self) -> None:
        """Raise BadData if there are bad rows, naming the first."""
        if not self.bad:
            return
        first, fix = self.bad[0], self.bad[0].fix or "Correct it"
        what = str(first)
        if self.bad_count > 1:
            named = "; ".join(str(bad) for bad in self.bad[:NAMED])
            more = f"; and {self.bad_count - NAMED} more" if self.bad_count > NAMED else ""
            what = f"{self.bad_count} rows cannot be taken: {named}{more}"
        raise BadData(what, f"{fix}; or leave such rows out: --skip-bad")


def survey(rows: Rows, see: Callable[[Row], None] = lambda row: None) -> Survey:
    """Read all rows once; `see` is shown each good one."""
    digest, classes, splits = hashlib.blake2b(digest_size=12), dict[str, None](), list[str]()
    labelled = answered = bad_count = 0
    bad: list[Bad] = []
    for row in checked(rows):
        if isinstance(row, Bad):
            bad_count += 1
            bad += [row] * (len(bad) < 20)
            continue
        see(row)
        digest.update(as_bytes(row))
        splits.append(row.split)
        classes |= dict.fromkeys(row.classes)
        labelled += row.target is not None
        answered += bool(row.answers)
    found = tuple(sorted(classes))
    return Survey(len(splits), labelled, answered, found, tuple(splits), tuple(bad), bad_count, digest.hexdigest())


def kept_for_testing(splits: Sequence[str]) -> Set[int]:
    """The places of the rows that a source's splits keep for testing; none if that is all of them.

    Only `test` does: every other word is part of the pool.
    """
    found = {place for place, split in enumerate(splits) if split == "test"}
    return found if len(found) < len(splits) else set()


def checked(rows: Rows) -> Iterator[Row | Bad]:
    """The rows, those that no JSON can hold turned into bad ones."""
    for row in rows():
        if isinstance(row, Row):
            try:
                as_bytes(row)
            except TypeError as error:
                row = Bad(row.where, f"cannot be sent ({error})", "Correct it")
        yield row


def as_bytes(row: Row) -> bytes:
    """All that a row says."""
    said = [row.data, row.label, row.split, row.answers, to_plain(row.objects)]
    return orjson.dumps(said, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
