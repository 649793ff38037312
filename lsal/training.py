"""Training one control's model from a snapshot: a folder that alone is enough to do it again.

snapshot/CONTROL/
├── facts.json                              control, family, options, seed
├── train.jsonl  measure.jsonl  pool.jsonl  a task a line: id, digest, input, target
└── media/                                  files of the tasks, hard-linked where the disk allows
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from lsal.errors import BadData
from lsal.files import read_json, to_json, whole_folder
from lsal.models import MODELS
from lsal.protocols import Model, Report
from lsal.records import Control, Example, Labels, Progress, Regions, Target
from lsal.targets import from_plain, to_plain

FOLDS = 5
LIGHT_S = 2.0
"""Cross-validation is only done where one training takes less than this."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a training needs, in memory."""

    control: Control
    family: str
    options: Mapping[str, Any]
    seed: int
    train: list[Example]
    measure: list[Example]
    pool: list[Example]
    digest: str
    made_at: float


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that has learned, and from what."""

    model: Model
    examples: dict[str, Any]
    seconds: float
    cross_validation: dict[str, Any] | None


def write_snapshot(
    folder: Path,
    control: Control,
    family: str,
    options: Mapping[str, Any],
    seed: int,
    parts: Mapping[str, Iterable[Example]],
) -> None:
    """Write examples as parts `train`, `measure` and `pool`."""
    shutil.rmtree(folder, ignore_errors=True)
    with whole_folder(folder) as beside:
        media = beside / "media"
        media.mkdir()
        for part in ("train", "measure", "pool"):
            with (beside / f"{part}.jsonl").open("wb") as file:
                for example in parts.get(part, ()):
                    file.write(to_json(_row(example, media)) + b"\n")
        facts = {"control": asdict(control), "family": family, "options": dict(options), "seed": seed}
        facts["made_at"] = time.time()
        (beside / "facts.json").write_bytes(to_json(facts, indent=True))


def read_snapshot(folder: Path) -> Snapshot:
    """What `write_snapshot` wrote, wherever the folder lies now."""
    facts = read_json(folder / "facts.json")
    if facts is None:
        raise BadData(f"{folder} holds no snapshot", "Start the training afresh: lsal train")
    control = facts["control"]
    control = Control(**{**control, "labels": tuple(control["labels"])})
    parts = {part: list(_read_part(folder, part)) for part in ("train", "measure", "pool")}
    digest = hashlib.sha256((folder / "train.jsonl").read_bytes()).hexdigest()[:24]
    return Snapshot(
        control, facts["family"], facts["options"], facts["seed"], **parts, digest=digest, made_at=facts["made_at"]
    )


def train(snapshot: Snapshot, report: Report) -> Trained:
    """Fit a model of the snapshot's family. The measuring part is not looked at."""
    usable = [e for e in snapshot.train if e.target is not None and not e.problem]
    skipped = {e.task_id: e.problem for e in snapshot.train if e.problem}
    if not snapshot.train:
        raise BadData(f"Nothing is labelled yet for '{snapshot.control.name}'", "Label the first batch: lsal rank")
    if not usable:
        found = f"; {len(skipped)} cannot be read, the first: {next(iter(skipped.values()))}" if skipped else ""
        raise BadData(f"Nothing to learn from for '{snapshot.control.name}'{found}", "Label some tasks first")
    begun = time.perf_counter()
    model = _new(snapshot)
    model.fit(usable, snapshot.pool, [], report)
    seconds = time.perf_counter() - begun
    described = {
        "count": len(usable),
        "ids": [e.task_id for e in usable],
        "digest": snapshot.digest,
        "by_label": _by_label(usable, snapshot.control),
        "skipped": skipped,
        "agreement": dict(Counter(e.how.partition(",")[0].split(" of ")[0] for e in usable)),
        "measuring": sum(e.counts for e in snapshot.measure),
        "pool": len(snapshot.pool),
    }
    checked = _cross_validate(snapshot, usable, report) if seconds < LIGHT_S else None
    return Trained(model, described, seconds, checked)


def _cross_validate(snapshot: Snapshot, usable: Sequence[Example], report: Report) -> dict[str, Any] | None:
    """Accuracy on held-out folds of the training labels: biased, as a strategy chose them."""
    if len(usable) < 2 * FOLDS or not all(isinstance(e.target, Labels) for e in usable):
        return None
    right = 0
    for fold in range(FOLDS):
        report(Progress(fold, FOLDS, "cross-validating"))
        kept = [e for i, e in enumerate(usable) if i % FOLDS != fold]
        held = [e for i, e in enumerate(usable) if i % FOLDS == fold]
        model = _new(snapshot)
        try:
            model.fit(kept, snapshot.pool, [], _quiet)
        except BadData:  # all that can be learned from lies in one fold
            return None
        for example, told in zip(held, model.predict(held), strict=True):
            right += example.target is not None and set(told.target.names) == set(example.target.names)
    where = "biased: held-out folds of labels that a strategy chose"
    return {"accuracy": right / len(usable), "measured_on": where}


def needs_pool(family: str) -> bool:
    """Whether models of this family want to see the whole pool's inputs."""
    return bool(MODELS[family].needs_pool)


def _new(snapshot: Snapshot) -> Model:
    model: Model = MODELS[snapshot.family](snapshot.control, snapshot.options, snapshot.seed)
    return model


def _quiet(progress: Progress) -> None:
    """Progress of an inner fit says nothing about the whole."""


def _by_label(examples: Sequence[Example], control: Control) -> dict[str, int]:
    given = Counter(name for e in examples if e.target is not None for name in _given(e.target))
    return {label: given[label] for label in control.labels}


def _given(target: Target) -> Sequence[str]:
    """The classes that people gave: to an image's objects, each by itself."""
    return [region.label for region in target.items] if isinstance(target, Regions) else target.names


def _row(example: Example, media: Path) -> dict[str, Any]:
    given: Any = example.input
    if isinstance(given, Path):
        kept = media / f"{example.task_id}-{given.name}"  # two folders may hold files of one name
        if not kept.exists():
            try:
                os.link(given, kept)
            except OSError:  # another disk, or a file system without links
                shutil.copyfile(given, kept)
        given = {"file": kept.name}
    target = to_plain(example.target)
    kept_as = {"task": example.task_id, "digest": example.digest, "input": given, "target": target}
    return kept_as | {"problem": example.problem, "how": example.how}


def _read_part(folder: Path, part: str) -> Iterator[Example]:
    with (folder / f"{part}.jsonl").open("rb") as file:
        for line in file:
            row = orjson.loads(line)
            given = row["input"]
            if isinstance(given, dict):
                given = folder / "media" / given["file"]
            yield Example(row["task"], given, _read_target(row), row["problem"], row["digest"], row["how"])


def _read_target(row: Mapping[str, Any]) -> Target | None:
    """The target of a line; a snapshot from before there were regions has the names alone."""
    if "target" in row:
        return from_plain(row["target"])
    return None if row["names"] is None else Labels(tuple(row["names"]))
