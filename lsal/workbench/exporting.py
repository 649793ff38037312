"""Out of a project: annotations and predictions as files, and as pandas DataFrames.

Annotations are read from Label Studio itself, for the tasks that the mirror, synced just
before, knows as annotated. Predictions are made here and now by the live versions, chunk by
chunk; nothing of them is read from Label Studio. Training sets are folders: see `datasets`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from lsal import datasets
from lsal.datasets import Dataset
from lsal.errors import BadRequest, LabelStudioError
from lsal.files import create_anew, to_json
from lsal.label_studio.converting import convert, without_clashes
from lsal.label_studio.sync import sync
from lsal.label_studio.unread import unread
from lsal.protocols import Report
from lsal.workbench import training_set
from lsal.workbench.annotation_rows import annotated_tasks, annotation_columns, annotation_rows
from lsal.workbench.cells import rewrite_table, write_table
from lsal.workbench.opened import Opened
from lsal.workbench.prediction_rows import FIRST, LAST, data_columns, prediction_rows, scored

if TYPE_CHECKING:
    from pandas import DataFrame

ANNOTATIONS, PREDICTIONS = "annotations", "predictions"
FORMATS: Mapping[str, tuple[str, ...]] = {
    ANNOTATIONS: ("json", "json_min", "csv", "tsv", "conll"),
    PREDICTIONS: ("json", "csv", "tsv"),
}
ENDINGS = {"json_min": "json"}
SIGNS = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written: what it holds, in which format, how many tasks or rows.

    `left_out` are tasks that Label Studio itself could not show.
    """

    file: str
    what: str
    format: str
    count: int
    bytes: int
    left_out: tuple[int, ...] = ()


class Exporting(Opened):
    """What a person takes out of a project; nothing here changes anything."""

    def annotations(self, report: Report | None = None) -> DataFrame:
        """A row for each annotation, skips included; see `annotation_rows` for the columns."""
        import pandas as pd

        sync(self.desk.mirror, self.desk.project, report)
        rows = annotation_rows(self.desk, annotated_tasks(self.desk, report))
        return pd.DataFrame(rows, columns=annotation_columns(self.desk))

    def predictions(self, report: Report | None = None) -> DataFrame:
        """A row for each task and live version, by the models as they are now; see `prediction_rows`."""
        import pandas as pd

        self._sync_if_possible(report)
        return pd.DataFrame(prediction_rows(self.desk, report), columns=[*FIRST, *LAST, *data_columns(self.desk)])

    def export(
        self,
        what: str = ANNOTATIONS,
        format: str = "",
        out: str | Path = "",
        force: bool = False,
        report: Report | None = None,
        control: str = "",
    ) -> Exported | Dataset:
        """Write annotations or predictions into a file, or a training set (`yolo`, `coco`) into a folder.

        Whole or not at all; what is there is replaced only with `force`. Without a `format` the
        ending of `out` tells it, else it is json. A training set is of one `control`. Raises
        BadRequest for a format that there is not, or that the label config does not go with.
        """
        if what in datasets.FORMATS:
            return training_set.export(self.desk, what, format, control, Path(out or what), force, report)
        if what not in FORMATS:
            fix = f"Give one of: {', '.join([*FORMATS, *datasets.FORMATS])}"
            raise BadRequest(f"'{what}' is not what can be exported", fix)
        if control:
            raise BadRequest(f"{what} are exported of all controls", "Leave out --control, or: lsal export yolo")
        format = format or _format_of(Path(out))
        if format not in FORMATS[what]:
            fix = f"Choose one with --format: {', '.join(FORMATS[what])}"
            raise BadRequest(f"There are no {what} in the format '{format}'", fix)
        path = Path(out or f"{what}.{ENDINGS.get(format, format)}").expanduser().resolve()
        write = self._write_annotations if what == ANNOTATIONS else self._write_predictions
        count = _whole(path, force, lambda beside: write(beside, format, report))
        left_out = tuple(sorted(unread(self.desk.mirror))) if what == ANNOTATIONS else ()
        return Exported(str(path), what, format, count, path.stat().st_size, left_out)

    def _write_annotations(self, path: Path, format: str, report: Report | None) -> int:
        sync(self.desk.mirror, self.desk.project, report)
        if format == "json":
            return _write_list(path, annotated_tasks(self.desk, report))
        with TemporaryDirectory(dir=path.parent, prefix=".lsal-") as scratch:
            tasks, made = Path(scratch) / "tasks.json", Path(scratch) / "made"
            made.mkdir()
            rows = (without_clashes(task, format) for task in annotated_tasks(self.desk, report))
            count = _write_list(tasks, rows)
            config = self.desk.config
            result = convert(config.xml, config.controls, tasks, format, made)
            if format in SIGNS:
                return rewrite_table(result, path, SIGNS[format])
            result.replace(path)
            return count

    def _write_predictions(self, path: Path, format: str, report: Report | None) -> int:
        self._sync_if_possible(report)
        if format == "json":
            return _write_list(path, self._as_tasks(report))
        columns = [*FIRST, *LAST, *data_columns(self.desk)]
        rows = ([row.get(name) for name in columns] for row in prediction_rows(self.desk, report))
        return write_table(path, columns, rows, SIGNS[format])

    def _as_tasks(self, report: Report | None) -> Iterator[dict[str, Any]]:
        """Tasks with one prediction each, as Label Studio imports them; none for a task that cannot be read."""
        for chunk in scored(self.desk, report):
            for task, told in chunk:
                told = [one for one in told if not (one[2].problem or one[3].problem)]
                result = [r for c, _, e, one in told for r in self.desk.handled[c.name][1].result(c, one, e)]
                name = "+".join(sorted(f"{control.name}.v{version.number}" for control, version, _, _ in told))
                score = min((one.confidence for *_, one in told), default=0.0)
                made = [{"model_version": f"lsal-{name}", "score": score, "result": result}] if told else []
                yield {"id": task.id, "data": task.data, "predictions": made}

    def _sync_if_possible(self, report: Report | None) -> None:
        """Predictions need no server: without one they are of the tasks as they were last seen."""
        with contextlib.suppress(LabelStudioError):
            sync(self.desk.mirror, self.desk.project, report)


def _format_of(path: Path) -> str:
    return path.suffix.lower().lstrip(".") or "json"


def _write_list(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """A JSON list, written element by element; returns how many."""
    count = 0
    with path.open("wb") as file:
        for row in rows:
            file.write((b",\n" if count else b"[\n") + to_json(row))
            count += 1
        file.write(b"\n]\n" if count else b"[]\n")
    return count


def _whole(path: Path, force: bool, write: Callable[[Path], int]) -> int:
    """Write beside and rename, so that the file is whole or as it was."""
    _refuse_existing(path, force)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    os.close(create_anew(beside))
    try:
        count = write(beside)
        _refuse_existing(path, force)  # it may have come meanwhile
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return count


def _refuse_existing(path: Path, force: bool) -> None:
    if path.is_dir():
        raise BadRequest(f"{path} is a folder", "Name a file: --out FILE")
    if path.exists() and not force:
        raise BadRequest(f"{path} is there already", "Name another file with --out, or replace it: --force")
