"""What is kept of a replay, so that the same one goes on where it was stopped.

FOLDER/NAME-SEED-DIGEST/
├── points.json   the curve so far
└── 80/           the weights after so many labels, of a network that goes on from them: those of the last point

Models that begin afresh at every point are fitted once more instead: that is quicker than to write them.
"""

from __future__ import annotations

import hashlib
import inspect
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from lsal.files import file_name, read_json, to_json, whole_folder, write_json
from lsal.models import MODELS
from lsal.protocols import Model
from lsal.records import Control, Example
from lsal.rehearsal.curve import Curve
from lsal.strategies import STRATEGIES
from lsal.targets import to_plain

POINTS = "points.json"
CODE = ("strategies", "models", "measuring", "rehearsal")
"""The parts of lsal that decide how a replay comes out."""


def place_of(
    folder: Path, name: str, seed: int, pool: Sequence[Example], test: Sequence[Example], control: Control, *how: Any
) -> Path:
    """The folder of one strategy with one seed: another one as soon as data, labels, options, figures or code differ.

    Of images only the paths and sizes are looked at.
    """
    data = [[_input(example), to_plain(example.target)] for part in (pool, test) for example in part]
    told = to_json([name, seed, len(pool), data, control.labels, control.shape, how, _code(name)])
    return folder / f"{file_name(name)}-{seed}-{hashlib.blake2b(told, digest_size=8).hexdigest()}"


def _input(example: Example) -> Any:
    given = example.input
    return [str(given), given.stat().st_size if given.exists() else None] if isinstance(given, Path) else given


@cache
def _code(strategy: str) -> str:
    """A digest of what lsal does, and of the file that a strategy of the user's own stands in."""
    digest, house = hashlib.blake2b(digest_size=8), Path(__file__).parents[1]
    own = inspect.getmodule(getattr(STRATEGIES[strategy], "func", STRATEGIES[strategy]))
    files = [path for part in CODE for path in sorted((house / part).rglob("*.py"))]
    for path in [*files, *([Path(own.__file__)] if own and own.__file__ else [])]:
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def resumed(kept: Path | None, control: Control, family: str) -> tuple[Curve, Model | None]:
    """The curve so far and, of a network, the model of its last point; an empty one and None at the beginning."""
    curve = Curve(**read_json(kept / POINTS, {})) if kept else Curve()
    weights = kept / str(curve.labels[-1]) if kept and curve.labels else None
    if weights is None or not weights.exists():
        return curve, None
    return curve, MODELS[family].load(weights, control)


def keep(kept: Path, curve: Curve, model: Model, last: bool) -> None:
    """Write the weights if the next training begins with them, then the curve, then drop the weights before."""
    if hasattr(model, "begin_from") and not last:
        weights = kept / str(curve.labels[-1])
        shutil.rmtree(weights, ignore_errors=True)  # of a point that was not written down
        with whole_folder(weights) as folder:
            model.save(folder)
    kept.mkdir(parents=True, exist_ok=True)
    write_json(kept / POINTS, curve)
    for older in curve.labels if last else curve.labels[:-1]:
        shutil.rmtree(kept / str(older), ignore_errors=True)
