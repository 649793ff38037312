"""A project that three people label, and five versions that answered the same measuring tasks, without a server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from prepared import HOSTILE, LABELS, STAMP, add_versions, prepared, publish
from projects import measure

from lsal import scored
from lsal.scored import Scored
from lsal.workbench import Workbench
from lsal.worker import answers

NAMES = {1: "ann@x.local", 2: "bob@x.local", 3: f"{HOSTILE}@x.local"}
MEASURING = 30
"""Tasks of the 60, of which ten are open: at least twenty were answered."""
WRONG = (12, 9, 6, 11, 3)
"""Measuring tasks that each version gets wrong; the fourth is held back."""


def crew(root: Path, guesses: bool = True) -> Workbench:
    """48 of 60 tasks labelled, every fourth by two people, who differ in every eighth; two skipped."""
    bench = prepared(root, labelled=0)
    measure(bench, MEASURING)
    mirror, begun = bench.desk.mirror, datetime.now(UTC) - timedelta(hours=30)
    mirror.keep(
        [_row(task.id, task.data, begun) for task in sorted(mirror.tasks(), key=lambda t: t.id) if task.id <= 50]
    )
    mirror.remember(people={str(person): name for person, name in NAMES.items()})
    add_versions(bench, [20] * len(WRONG), held=(4,))
    for path in bench.home.path("versions", "answers").iterdir():
        path.unlink()
    asked = [f"{task.id}:{task.digest}" for task in answers.measuring_tasks(bench.desk)]
    control = bench.desk.handled["label"][0]
    for number, wrong in enumerate(WRONG, start=1):
        said = {key: ("spam" if place < wrong else "ham",) for place, key in enumerate(asked)}
        answers.note(bench.desk, number, said)
    answers.note_truth(bench.desk, control, list(bench.desk.labelled("label", answers.measuring_tasks(bench.desk))))
    publish(bench, [51, 52, 53, 54, 55])
    if guesses:
        _guess(bench)
    return bench


def _row(number: int, data: object, begun: datetime) -> dict[str, object]:
    people = [1 + number % 3, *([1 + (number + 1) % 3] if number % 4 == 0 else [])]
    at = begun + timedelta(minutes=number // 10 * 300 + number % 10)
    facts = [_answer(number, person, k, number > 48, at + timedelta(seconds=30 * k)) for k, person in enumerate(people)]
    return {"id": number, "data": data, "updated_at": STAMP, "annotations": facts}


def _answer(number: int, person: int, place: int, skipped: bool, at: datetime) -> dict[str, object]:
    label = LABELS[1] if place and number % 8 == 0 else LABELS[0]
    region = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
    facts = {"completed_by": person, "was_cancelled": skipped, "updated_at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    return {"id": 1000 * place + number, "result": [] if skipped else [region], **facts}


def _guess(bench: Workbench) -> None:
    """What the ranking of version 5 took eight open tasks for: three are ham."""
    ids = np.arange(51, 59)
    guess = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    none, floats = np.zeros(0, np.int64), np.full(8, 0.5, np.float32)
    kept = Scored(
        "lsal-queue-test",
        "label",
        5,
        LABELS,
        ids,
        None,
        floats,
        guess,
        1 - guess,
        floats,
        floats,
        guess,
        None,
        none,
        none,
        None,
    )
    scored.keep(bench.home, kept)
