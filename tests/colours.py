"""A family of regions in fifty lines, without a network: where a picture is red there is a cat, where blue a dog."""

from pathlib import Path
from typing import Any

import numpy as np

from lsal.errors import BadData
from lsal.files import write_json
from lsal.models.answers import nothing_to_learn
from lsal.models.pixels import read_image
from lsal.models.yolo.telling import shares
from lsal.records import Box, Example, Prediction, Progress, Region, Regions

SURE, DOUBTFUL = 0.9, 0.2


class Colours:
    family = "colours"
    needs_pool = False

    def __init__(self, control: Any, options: Any = None, seed: int = 0) -> None:
        self.control = control

    def fit(self, labelled: Any, pool: Any, check: Any, report: Any) -> None:
        report(Progress(0, 1, "looking"))
        if not [example for example in labelled if example.input is not None and example.target is not None]:
            raise nothing_to_learn(self.control, labelled)
        report(Progress(1, 1, "looked"))

    def predict(self, examples: Any) -> list[Prediction]:
        return [self.told(example) for example in examples]

    def told(self, example: Example) -> Prediction:
        nothing = np.zeros((0, len(self.control.labels) + 1), np.float32)
        try:
            if example.input is None:
                raise BadData(example.problem or "no image")
            pixels = np.asarray(read_image(Path(example.input)), int)
        except BadData as error:
            return Prediction(example.task_id, Regions(), nothing, problem=error.what)
        items, figures = [], []
        for column, away in enumerate((pixels[..., 0] - pixels[..., 2], pixels[..., 2] - pixels[..., 0])):
            rows, columns = np.nonzero(away > 100)
            seen = len(rows) > 0
            left, top, right, bottom = (
                (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if seen else [0] * 4
            )
            sides = np.array([left, top, right - left, bottom - top]) / 64 if seen else np.array([0, 0, 1, 1])
            score = SURE if seen else DOUBTFUL
            items.append(Region(self.control.labels[column], Box(*(float(side) for side in sides)), score))
            figures.append(score * np.eye(len(self.control.labels))[column])
        order = np.argsort([-region.score for region in items])
        chances = shares(np.array(figures, np.float32)[order])
        return Prediction(example.task_id, Regions(tuple(items[n] for n in order), (64, 64)), chances)

    def embed(self, examples: Any) -> None:
        return None

    def save(self, folder: Path) -> None:
        write_json(folder / "model.json", {})

    @classmethod
    def load(cls, folder: Path, control: Any) -> Any:
        return cls(control)
