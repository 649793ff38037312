"""Whole demos on real sets, through the real Label Studio."""

import csv
import json
import os
from pathlib import Path

import pytest

from lsal.commands import as_json
from lsal.label_studio.server import Server
from lsal.workbench import Workbench
from lsal.workbench.demo import Demo


def held(demo: Demo, labels: int) -> None:
    """What every demo must show, whatever the data."""
    told = json.loads(as_json(demo))
    assert {"metric", "rounds", "test_value", "random", "queue", "seconds"} <= set(told)
    assert {"version", "labels", "value", "interval", "test_value", "seconds"} <= set(told["rounds"][0])
    assert 0 <= told["random"]["test_value"] <= 1
    assert demo.rounds[-1]["labels"] == labels
    assert demo.queue["served"] == demo.queue["in_order"] == demo.queue["published"] == labels
    assert all(set(one["steps"]) >= {"sync", "train", "measure", "rank", "publish", "verify"} for one in demo.rounds)
    assert all(one["interval"][0] <= one["value"] <= one["interval"][1] for one in demo.rounds)


@pytest.mark.data
def test_sms_spam_learns_the_rare_class(label_studio: Server, root: Path, shared_data: Path) -> None:
    demo = Workbench(root).demo(str(shared_data / "sms_spam" / "tasks.jsonl"), rounds=2, batch=25, seeds=1)
    held(demo, 75)
    assert demo.test_tasks == 1114
    assert demo.metric == "accuracy"
    assert demo.test_value > 0.88  # all ham would be 0.866


@pytest.mark.data
def test_trec6_learns_six_classes(label_studio: Server, root: Path, shared_data: Path, tmp_path: Path) -> None:
    rows = (shared_data / "trec6" / "tasks.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "third.jsonl").write_text("".join(rows[::3]))  # the first test has a whole set
    demo = Workbench(root).demo(str(tmp_path / "third.jsonl"), rounds=2, batch=25, seeds=1)
    held(demo, 75)
    assert demo.test_value > 0.40  # the largest class is 0.276 of the test split


@pytest.mark.data
def test_sign_digits_learns_photographs(label_studio: Server, root: Path, shared_data: Path, tmp_path: Path) -> None:
    folder = by_class(shared_data / "sign_digits", tmp_path / "signs")
    demo = Workbench(root).demo(str(folder), rounds=2, batch=25, seeds=1)
    held(demo, 75)
    assert demo.test_value > 0.40  # ten classes of equal size


def by_class(source: Path, folder: Path) -> Path:
    """Half of the set as people keep images: a folder for each class."""
    with (source / "labels.csv").open() as file:
        for row in list(csv.DictReader(file))[::2]:
            place = folder / row["label"]
            place.mkdir(parents=True, exist_ok=True)
            os.symlink(source / row["file"], place / Path(row["file"]).name)
    return folder
