"""Snapshots: a folder that alone is enough to train one control's model, and to do it again.

snapshot/CONTROL/
├── facts.json                              control, family, options, seed, the version to begin from
├── train.jsonl  measure.jsonl  pool.jsonl  a task a line: id, digest, input, target
└── media/                                  files of the tasks, hard-linked where the disk allows
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from lsal.errors import BadData
from lsal.files import read_json, to_json, whole_folder
from lsal.records import Box, Control, Example, Input, Labels, Page, Passage, Target
from lsal.targets import from_plain, to_plain


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
    parent: int | None = None


def write_snapshot(
    folder: Path,
    control: Control,
    family: str,
    options: Mapping[str, Any],
    seed: int,
    parts: Mapping[str, Iterable[Example]],
    parent: int | None = None,
) -> None:
    """Write examples as parts `train`, `measure` and `pool`; `parent` is the version to begin from."""
    shutil.rmtree(folder, ignore_errors=True)
    with whole_folder(folder) as beside:
        media = beside / "media"
        media.mkdir()
        for part in ("train", "measure", "pool"):
            with (beside / f"{part}.jsonl").open("wb") as file:
                for example in parts.get(part, ()):
                    file.write(to_json(_row(example, media)) + b"\n")
        facts = {"control": asdict(control), "family": family, "options": dict(options), "seed": seed}
        facts |= {"made_at": time.time(), "parent": parent}
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
        control,
        facts["family"],
        facts["options"],
        facts["seed"],
        **parts,
        digest=digest,
        made_at=facts["made_at"],
        parent=facts.get("parent"),
    )


def _row(example: Example, media: Path) -> dict[str, Any]:
    given = _kept_input(example, media)
    target = to_plain(example.target)
    kept_as = {"task": example.task_id, "digest": example.digest, "input": given, "target": target}
    return kept_as | {"problem": example.problem, "how": example.how}


def _read_part(folder: Path, part: str) -> Iterator[Example]:
    with (folder / f"{part}.jsonl").open("rb") as file:
        for line in file:
            row = orjson.loads(line)
            given = _read_input(row["input"], folder / "media")
            yield Example(row["task"], given, _read_target(row), row["problem"], row["digest"], row["how"])


def _read_target(row: Mapping[str, Any]) -> Target | None:
    """The target of a line; a snapshot from before there were regions has the names alone."""
    if "target" in row:
        return from_plain(row["target"])
    return None if row["names"] is None else Labels(tuple(row["names"]))


def _kept_input(example: Example, media: Path) -> Any:
    """An input as JSON can hold it. Where the pieces of a passage stood says nothing to a model."""
    given = example.input
    if isinstance(given, Passage):
        return given.text
    if isinstance(given, Page):
        boxes = [[box.x, box.y, box.width, box.height] for box in given.boxes]
        return {"file": _linked(given.image, example, media), "words": list(given.words), "boxes": boxes}
    return {"file": _linked(given, example, media)} if isinstance(given, Path) else given


def _read_input(kept: Any, media: Path) -> Input | None:
    if not isinstance(kept, dict):
        return kept  # type: ignore[no-any-return]
    file = media / kept["file"]
    return Page(file, tuple(kept["words"]), tuple(Box(*box) for box in kept["boxes"])) if "words" in kept else file


def _linked(file: Path, example: Example, media: Path) -> str:
    kept = media / f"{example.task_id}-{file.name}"  # two folders may hold files of one name
    if not kept.exists():
        try:
            os.link(file, kept)
        except OSError:  # another disk, or a file system without links
            shutil.copyfile(file, kept)
    return kept.name
