"""Small projects on the session's Label Studio, made as users make theirs."""

import csv
import hashlib
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lsal.files import to_json
from lsal.workbench import Workbench

WORDS = {
    "animal": ["cat", "dog", "horse", "sheep", "cow", "wolf"],
    "machine": ["car", "truck", "engine", "pump", "drill", "robot"],
    "plant": ["oak", "rose", "moss", "fern", "grass", "lily"],
}
FILLER = ["the", "a", "near", "old", "small", "under", "with", "very", "seen", "today", "again", "there"]


def write_texts(path: Path, count: int, classes: int = 2, seed: int = 0) -> Path:
    """A labelled CSV of short texts whose class a model can learn from a few."""
    draw = random.Random(seed)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        for number in range(count):
            label = list(WORDS)[number % classes]
            words = draw.sample(WORDS[label], 2) + draw.sample(FILLER, 4)
            draw.shuffle(words)
            rows.writerow([f"{' '.join(words)} {number}", label])
    return path


def demo_of_texts(root: Path, folder: Path, count: int = 60, batch: int = 6, **options: Any) -> Workbench:
    """A demo project of short texts, synced, its queue not yet published.

    Its jobs give way to nothing: beside other tests one of the lowest priority waits for minutes.
    """
    bench = Workbench(root).new(str(write_texts(folder / "texts.csv", count)), demo=True, **options)
    bench.configure(batch=batch, refill_below=0.0, worker_nice=0)
    bench.sync()
    return bench


def measure(bench: Workbench, count: int) -> float:
    """Let just so many tasks of a synced project measure, and not about as many: their order is drawn anew for each.

    The share of measuring tasks that does it.
    """
    places = sorted(task.place for task in bench.desk.mirror.tasks())
    share = (places[count - 1] + places[count]) / 2
    bench.configure(measuring_share=share)
    return share


def annotations_digest(bench: Workbench) -> Mapping[int, str]:
    """A digest of every annotation that Label Studio itself exports, by id."""
    export = bench.desk.connection.rows(f"/api/projects/{bench.home.project}/export", exportType="JSON")
    return {given["id"]: digest_of(given) for task in export for given in task["annotations"]}


def digest_of(given: Mapping[str, Any]) -> str:
    """A digest of what a person said: the result, whether it is a skip, and who it was."""
    return hashlib.sha256(to_json([given["result"], given["was_cancelled"], given["completed_by"]])).hexdigest()


def answer(bench: Workbench, label: str) -> list[dict[str, Any]]:
    """An annotation's result for the project's one control."""
    name, (control, _) = next(iter(bench.desk.handled.items()))
    return [{"from_name": name, "to_name": control.to_name, "type": "choices", "value": {"choices": [label]}}]
