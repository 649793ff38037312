"""Where the points of a rehearsal are kept, so that the same one goes on where it was stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsal.files import file_name, to_json
from lsal.records import Control, Example
from lsal.targets import to_plain


def place_of(
    folder: Path, name: str, seed: int, pool: Sequence[Example], test: Sequence[Example], control: Control, *how: Any
) -> Path:
    """The file of one strategy with one seed: another one as soon as data, labels, options or figures differ.

    Of images only the paths and sizes are looked at.
    """
    data = [[_input(example), to_plain(example.target)] for part in (pool, test) for example in part]
    told = to_json([name, seed, len(pool), data, control.labels, control.shape, how])
    return folder / f"{file_name(name)}-{seed}-{hashlib.blake2b(told, digest_size=8).hexdigest()}.json"


def _input(example: Example) -> Any:
    given = example.input
    return [str(given), given.stat().st_size if given.exists() else None] if isinstance(given, Path) else given
