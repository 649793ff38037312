"""Any version's word on a whole pool, chunk by chunk through an engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from lsal.files import read_json
from lsal.models import hub
from lsal.predicting.loading import asked, for_control, load_model, showing
from lsal.protocols import Model, Report
from lsal.records import Control, Example, Prediction, Progress, Version

CHUNK = 512
WINDOW = 8
"""Chunks given to an engine together: it works on the next ones while the answers to these are put away."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a strategy asks of a model: a plain record, for other processes."""

    looks_twice: bool = False
    asks_members: bool = False


def score(
    version: Version,
    control: Control,
    examples: Sequence[Example],
    executor: Executor,
    report: Report,
    options: Mapping[str, Any] | None = None,
    strategy: object = None,
) -> list[Prediction]:
    """Predictions for many examples, in order, chunk by chunk through an engine; `options` as for `showing`.

    The model is asked as `strategy` wants it: see `asked`.
    """
    chunks = (examples[start : start + CHUNK] for start in range(0, len(examples), CHUNK))
    found: list[Prediction] = []
    for told in answers(version, control, chunks, executor, options, strategy):
        found += told
        report(Progress(len(found), len(examples), "scoring"))
    return found


def answers(
    version: Version,
    control: Control,
    chunks: Iterable[Sequence[Example]],
    executor: Executor,
    options: Mapping[str, Any] | None = None,
    strategy: object = None,
) -> Iterator[list[Prediction]]:
    """The same for chunks that come one after the other; at most two times WINDOW of them are under way at once."""
    wanted = Wanted(*(bool(getattr(strategy, name, False)) for name in ("looks_twice", "asks_members")))
    places = hub.places(_made_with(version)) if getattr(executor, "carries", False) else {}
    ask, coming = partial(_score_chunk, version, control, dict(options or {}), wanted, places), iter(chunks)
    under_way: deque[Iterator[list[Prediction]]] = deque()
    while window := list(islice(coming, WINDOW)):
        under_way.append(executor.map(ask, window))
        if len(under_way) > 1:
            yield from under_way.popleft()
    for told in under_way:
        yield from told


def _made_with(version: Version) -> Mapping[str, Any]:
    """The options that a version's family was given."""
    kept: Mapping[str, Any] = read_json(version.folder / "weights" / "model.json", {})
    return kept.get("options") or {}


_loaded: dict[Path, Model] = {}
"""The version that this process scored with last, so that a worker loads it once."""


def _score_chunk(
    version: Version,
    control: Control,
    options: Mapping[str, Any],
    wanted: Wanted,
    places: Mapping[str, Path],
    examples: Sequence[Example],
) -> list[Prediction]:
    hub.know(places)
    if version.folder not in _loaded:
        _loaded.clear()
        _loaded[version.folder] = load_model(version, control)
    model = showing(for_control(_loaded[version.folder], version, control), options)
    return asked(model, examples, wanted)
