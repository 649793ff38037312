"""What is kept of a replay, so that the same one goes on where it was stopped.

FOLDER/NAME-SEED-DIGEST/
├── points.json   the curve so far
└── 80/           the weights after so many labels: those of the last point
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsal.files import file_name, read_json, to_json, whole_folder, write_json
from lsal.models import MODELS
from lsal.protocols import Model
from lsal.records import Control, Example
from lsal.rehearsal.curve import Curve
from lsal.targets import to_plain

POINTS = "points.json"


def place_of(
    folder: Path, name: str, seed: int, pool: Sequence[Example], test: Sequence[Example], control: Control, *how: Any
) -> Path:
    """The folder of one strategy with one seed: another one as soon as data, labels, options or figures differ.

    Of images only the paths and sizes are looked at.
    """
    data = [[_input(example), to_plain(example.target)] for part in (pool, test) for example in part]
    told = to_json([name, seed, len(pool), data, control.labels, control.shape, how])
    return folder / f"{file_name(name)}-{seed}-{hashlib.blake2b(told, digest_size=8).hexdigest()}"


def _input(example: Example) -> Any:
    given = example.input
    return [str(given), given.stat().st_size if given.exists() else None] if isinstance(given, Path) else given


def resumed(kept: Path | None, control: Control, family: str) -> tuple[Curve, Model | None]:
    """The curve so far and the model of its last point; an empty one and None at the beginning."""
    curve = Curve(**read_json(kept / POINTS, {})) if kept else Curve()
    if not (kept and curve.labels):
        return curve, None
    return curve, MODELS[family].load(kept / str(curve.labels[-1]), control)


def keep(kept: Path, curve: Curve, model: Model) -> None:
    """Write the weights, then the curve that counts on them, then drop the weights before."""
    weights = kept / str(curve.labels[-1])
    shutil.rmtree(weights, ignore_errors=True)  # of a point that was not written down
    with whole_folder(weights) as folder:
        model.save(folder)
    write_json(kept / POINTS, curve)
    for older in curve.labels[:-1]:
        shutil.rmtree(kept / str(older), ignore_errors=True)
