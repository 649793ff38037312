"""A Label Studio of its own for one benchmark, and texts to fill it with."""

import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lsal import annotator
from lsal.label_studio.project import Project
from lsal.workbench import Workbench

WORDS = [f"word{n}" for n in range(3000)]


@contextmanager
def workbench() -> Iterator[Workbench]:
    """A workbench in a temporary root whose Label Studio runs; ended and removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder) / "root")
        bench.up()
        try:
            yield bench
        finally:
            bench.down()


def write_texts(path: Path, count: int, classes: int = 4, seed: int = 0) -> Path:
    """`count` labelled texts of about a dozen words, some of which tell the class."""
    draw = random.Random(seed)
    with path.open("w") as file:
        for _ in range(count):
            label = draw.randrange(classes)
            telling = [f"class{label}sign{draw.randrange(30)}" for _ in range(2)]
            row = {"text": " ".join(telling + draw.choices(WORDS, k=10)), "label": f"c{label}"}
            file.write(json.dumps(row) + "\n")
    return path


def label_some(bench: Workbench, count: int) -> None:
    """Label `count` open tasks at once, as a team would have by now."""
    truth = annotator.truth(bench.desk.home)
    project: Project = bench.desk.project
    opened = bench.verify().open[:count]
    for task in opened:
        region = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": truth[task].names}}
        project.submit(task, [region], 1.0)
