"""What a job has written of its progress, read on from where the last look ended: curves, pace, memory."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

MOST_POINTS = 150
"""Of a curve as it is shown: more of them than a small chart has pixels for are thinned out."""
COUNTS = ("epoch", "held_out", "examples")
"""Figures that count something, and are no measure of how good a model is."""
PACE_ROWS = 40
PART = 1 << 20

Curve = tuple[tuple[float, float], ...]
"""Points (place, value); the place counts what the training goes by, epochs say."""


@dataclass(frozen=True, slots=True)
class Training:
    """The curves of one training: of `total` units (epochs, iterations), figures by their standard names.

    `held_out` says on how many examples that it did not learn from all figures but `loss` were measured:
    0 for those it learned from, None where nobody said.
    """

    control: str
    unit: str
    total: float
    curves: Mapping[str, Curve]
    held_out: int | None = None


@dataclass(slots=True)
class _Course:
    """A training as it goes on."""

    control: str
    unit: str
    total: float = 0.0
    held_out: int | None = None
    points: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    checked: float = -1.0

    def told(self) -> Training:
        curves = {name: thinned(points) for name, points in self.points.items()}
        return Training(self.control, self.unit, self.total, curves, self.held_out)

    def add(self, place: float, metrics: Mapping[str, float]) -> None:
        """Note what one row says. An epoch that begins again takes back what came after its beginning."""
        for points in self.points.values():
            while points and points[-1][0] > place + 1e-9 and points[-1][0] > metrics.get("epoch", -1.0):
                points.pop()
        if "held_out" in metrics:
            self.held_out = int(metrics["held_out"])
        epoch = metrics.get("epoch", -1.0)
        for name, value in metrics.items():
            if name in COUNTS:
                continue
            if name == "loss" or epoch < 0:
                self._put(name, place, value)
            elif epoch != self.checked:
                self._put(name, epoch if self.unit == "epoch" else place, value)
        self.checked = epoch

    def _put(self, name: str, place: float, value: float) -> None:
        points = self.points.setdefault(name, [])
        if points and points[-1][0] >= place:
            points.pop()
        points.append((place, value))


class Rows:
    """All rows of one `progress.jsonl`; `read` takes in what came since. Old rows and broken ones do no harm."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._forget()

    def _forget(self) -> None:
        self._at, self._file, self._rest = 0, 0, b""
        self._courses: list[_Course] = []
        self._pace: deque[tuple[float, float]] = deque(maxlen=PACE_ROWS)
        self._counted: tuple[str, str, str] = ("", "", "")
        self._overall = 0.0
        self.begun: dict[str, float] = {}

    def read(self) -> None:
        """Take in the rows that were written since the last time; all of them where the file is another one."""
        try:
            found = self.path.stat()
        except OSError:
            self._forget()
            return
        if found.st_ino != self._file or found.st_size < self._at:
            self._forget()
            self._file = found.st_ino
        for line in self._lines(found.st_size):
            row = _parsed(line)
            if row is not None:
                self._take(row)

    @property
    def trainings(self) -> tuple[Training, ...]:
        """Those that told figures, in their order."""
        return tuple(course.told() for course in self._courses)

    @property
    def rate(self) -> float | None:
        """How many units a second are done, of late; None where nothing is counted, or it has just begun."""
        if len(self._pace) < 2:
            return None
        (begun, first), (now, last) = self._pace[0], self._pace[-1]
        return (last - first) / (now - begun) if last > first and now - begun > 0.5 else None

    def _lines(self, size: int) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(self._at)
            while self._at < size and (part := file.read(min(PART, size - self._at))):
                self._at += len(part)
                *lines, self._rest = (self._rest + part).split(b"\n")
                yield from lines

    def _take(self, row: Mapping[str, Any]) -> None:
        step, unit, at = _step(row), str(row.get("unit") or ""), _number(row.get("at")) or 0.0
        done = step["done"] if step["known"] else _number(row.get("done")) or 0.0
        overall = _number(row.get("done")) or 0.0
        if overall < self._overall:  # the job was run again
            self.begun.clear()
        self._overall = overall
        self.begun.setdefault(step["name"], at)
        counted = (step["name"], step["about"], unit)
        if counted != self._counted or (self._pace and done < self._pace[-1][1]):
            self._pace.clear()
        self._counted = counted
        if step["known"]:
            self._pace.append((at, done))
        metrics = {str(name): value for name, told in _mapping(row, "metrics") if (value := _number(told)) is not None}
        if any(name not in COUNTS for name in metrics):
            self._course(step, unit).add(done, metrics)

    def _course(self, step: Mapping[str, Any], unit: str) -> _Course:
        """The training that goes on, or the next one: of another control, or counted in something else."""
        last = self._courses[-1] if self._courses else None
        if last is None or (last.control, last.unit) != (step["about"], unit):
            last = _Course(step["about"], unit)
            self._courses.append(last)
        last.total = step["total"] or last.total
        return last


def thinned(points: list[tuple[float, float]], most: int = MOST_POINTS) -> Curve:
    """At most so many of the points, the first and the last among them, rounded as a chart can show."""
    if len(points) > most:
        by = (len(points) - 1) / (most - 1)
        points = [points[round(place * by)] for place in range(most)]
    return tuple((round(place, 3), float(f"{value:.4g}")) for place, value in points)


def _parsed(line: bytes) -> Mapping[str, Any] | None:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:  # the last one of a process that was killed
        return None
    return row if isinstance(row, dict) else None


def _step(row: Mapping[str, Any]) -> dict[str, Any]:
    """The step that a row is of; of rows that older versions of lsal wrote by its message alone."""
    step = dict(_mapping(row, "step"))
    name = step.get("name") or str(row.get("message") or "").partition(":")[0]
    numbers = {key: _number(step.get(key)) or 0.0 for key in ("done", "total")}
    return {"name": str(name), "about": str(step.get("about") or ""), **numbers, "known": bool(step)}


def _mapping(row: Mapping[str, Any], name: str) -> Any:
    found = row.get(name)
    return found.items() if isinstance(found, dict) else ()


def _number(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None
