"""The peers of `round.py`: the best possible use of one server, as a script would make it, and the documented loop."""

import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from lsal.label_studio.project import Project, where
from lsal.models.linear_head import LinearHead
from lsal.models.text_space import TextSpace
from lsal.records import Control

CONTROL = Control("label", "text", "Choices", "Text", "text", ("c0", "c1", "c2", "c3"))
SETTLED_S = 10


class BareRound:
    """What a script keeps between its rounds: the texts, their features, the labels, and up to where it has read."""

    def __init__(self, project: Project) -> None:
        self._project, self._seen, self._labels, self._rounds = project, "", dict[int, str](), 0
        texts = {row["id"]: row["data"]["text"] for rows in project.tasks([], "id,data") for row in rows}
        self.ids = np.array(sorted(texts))
        self._space = TextSpace.fit([texts[task] for task in self.ids])
        self._features, _ = self._space.vectors([texts[task] for task in self.ids])
        self.texts = texts

    def once(self, batch: int) -> dict[str, float]:
        """One round, seconds by step: read what changed, fit, score, write the least certain, switch."""
        took, begun = dict[str, float](), time.perf_counter()
        for step in (self._read, self._learn, lambda: self._write(batch)):
            with threadpool_limits(1):  # more wait for each other longer than they compute
                step()
            now = time.perf_counter()
            took[("read", "fit, score", "write")[len(took)]] = now - begun
            begun = now
        return took

    def _read(self) -> None:
        changed = [where("updated_at", "greater", self._seen, "Datetime")] if self._seen else []
        labelled = where("total_annotations", "greater", 0, "Number")
        seen = datetime.fromtimestamp(time.time() - SETTLED_S, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for rows in self._project.tasks([*changed, labelled], "id,annotations,result"):
            for row in rows:
                self._labels[row["id"]] = row["annotations"][0]["result"][0]["value"]["choices"][0]
        self._seen = seen

    def _learn(self) -> None:
        places = np.searchsorted(self.ids, list(self._labels))
        targets = np.array([[CONTROL.labels.index(label)] for label in self._labels.values()])
        self._head = LinearHead(CONTROL)
        self._head.fit(self._features[places], targets, lambda progress: None)
        ends = np.sort(self._head.chances(self._features)[:, 0], axis=1)
        doubt = ends[:, -1] - ends[:, -2]
        doubt[places] = np.inf
        self._doubt = doubt

    def _write(self, batch: int) -> None:
        self._rounds += 1
        name, first = f"bare-{self._rounds}", np.argsort(self._doubt)[:batch]
        rows = [self._row(name, int(self.ids[place]), rank / batch) for rank, place in enumerate(first)]
        assert self._project.add_predictions(rows) == batch
        self._project.change(model_version=name, sampling="Uncertainty sampling")
        self.queue = [row["task"] for row in rows]

    def _row(self, name: str, task: int, score: float) -> dict[str, Any]:
        region = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["c0"]}}
        return {"task": task, "model_version": name, "score": score, "result": [region]}

    def naive(self, sample: int) -> float:
        """Seconds a task of the documented loop: each is read, predicted and written by a request of its own."""
        begun = time.perf_counter()
        for task in self.ids[:sample].tolist():
            row = self._project.connection.get(f"/api/tasks/{task}")
            features, _ = self._space.vectors([row["data"]["text"]])
            score = float(self._head.chances(features).max())
            self._project.add_prediction(self._row("naive", task, score))
        return (time.perf_counter() - begun) / sample
