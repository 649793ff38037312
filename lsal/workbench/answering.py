"""What the live models answer to Label Studio's request for predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from lsal.desk import Desk
from lsal.kinds import match
from lsal.label_studio.config import read_config
from lsal.predicting import Live, Predictor, showing
from lsal.project_settings import ProjectSettings
from lsal.protocols import Fetch, Kind
from lsal.records import Control, Version


class Answers:
    """The live models of one project behind a label config, ready to answer from any thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._live = Live(desk.store)

    def predict(self, label_config: str, tasks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One {"result", "score", "model_version"} per task, in order; [] before the first version.

        Measuring tasks get an empty result, so that nobody who labels them is anchored by a
        guess; a task that cannot be read gets one too.
        """
        settings = self._desk.home.settings()
        live = self._models(label_config, settings)
        if not live or not tasks:
            return []
        rows = [(int(task.get("id") or 0), task.get("data") or {}, str(task.get("created_at") or "")) for task in tasks]
        reserved = self._desk.mirror.reserved_among(rows, settings.measuring_share)
        results: list[list[dict[str, Any]]] = [[] for _ in rows]
        scores = [0.0] * len(rows)
        for control, kind, _, model in live:
            examples = [kind.example(control, task, data, self._fetch_for(task)) for task, data, _ in rows]
            for place, (example, told) in enumerate(zip(examples, model.predict(examples), strict=True)):
                if not example.problem and example.task_id not in reserved:
                    results[place] += kind.result(control, told, example)
                    scores[place] = max(scores[place], told.confidence)
        name = _name({control.name: version.number for control, _, version, _ in live})
        told_as = zip(results, scores, strict=True)
        return [{"result": result, "score": score, "model_version": name} for result, score in told_as]

    def name(self) -> str:
        """The name under which the live versions answer; empty before the first."""
        return _name(self._desk.store.current())

    def names(self) -> list[str]:
        """The names under which versions answer or answered, newest first; what is live, always."""
        alone = [_name({version.control: version.number}) for version in reversed(self._desk.store.all())]
        live = self.name()
        return [live, *alone] if live and live not in alone else alone

    def _fetch_for(self, task: int) -> Fetch:
        return lambda url: self._desk.fetch(url, task)

    def _models(self, label_config: str, settings: ProjectSettings) -> list[tuple[Control, Kind, Version, Predictor]]:
        handled = _handled(label_config, tuple(sorted((settings.family or {}).items())))
        live, found = self._live.models([control for control, _ in handled.values()]), []
        for name, (version, model) in live.items():
            found.append((*handled[name], version, showing(model, (settings.options or {}).get(name, {}))))
        return found


@lru_cache(maxsize=16)
def _handled(label_config: str, families: tuple[tuple[str, str], ...]) -> dict[str, tuple[Control, Kind]]:
    return match(read_config(label_config).controls, dict(families))[0]


def _name(versions: Mapping[str, int]) -> str:
    told = "+".join(f"{control}.v{number}" for control, number in sorted(versions.items()))
    return f"lsal-{told}" if told else ""
