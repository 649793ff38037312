"""A project's home with a mirror full of texts, as a first sync leaves it, and a version that learned from some."""

import random
from pathlib import Path
from typing import Any

from lsal.desk import Desk
from lsal.home import Home, create_home
from lsal.jobs import create
from lsal.worker.learning import learn, write_snapshots
from lsal.worker.steps import Steps

STAMP = "2026-01-01T00:00:00.000000Z"
CHOICES = '<View><Text name="text" value="$text"/><Choices name="label" toName="text"{more}>{values}</Choices></View>'
SPANS = '<View><Labels name="label" toName="text">{labels}</Labels><Text name="text" value="$text"/></View>'
CLASSES = ("ape", "bat", "cow")


def choices(several: bool = False) -> str:
    """A label config with one or several choices of three classes."""
    values = "".join(f'<Choice value="{name}"/>' for name in CLASSES)
    return CHOICES.format(more=' choice="multiple"' if several else "", values=values)


def spans() -> str:
    """A label config with spans of three classes."""
    return SPANS.format(labels="".join(f'<Label value="{name}"/>' for name in CLASSES))


def filled(root: Path, tasks: int, labelled: int, config: str, seed: int = 0) -> Desk:
    """Texts of which some say their class; every 50th is empty, so that nobody can read it."""
    home = create_home(root, "http://127.0.0.1:1", 7, STAMP, "Filled", order_key="5" * 32)
    desk, draw = Desk(home), random.Random(seed)
    rows = [_row(number, draw, number <= labelled, config) for number in range(1, tasks + 1)]
    desk.mirror.keep(rows)
    desk.mirror.remember(label_config=config, watermark=STAMP, since={})
    return desk


def taught(desk: Desk) -> dict[str, int]:
    """The version that a training on the labels makes, live from now on."""
    job = create(desk.home, "train")
    write_snapshots(desk, job.folder / "snapshot", lambda progress: None)
    lessons, _ = learn(desk, job, Steps(job, 4), job.folder / "snapshot")
    live = {name: lesson.version.number for name, lesson in lessons.items()}
    desk.store.make_current(live)
    return live


def steps(home: Home) -> Steps:
    """The steps of a job that nobody follows."""
    return Steps(create(home, "rank"), 4)


def _row(number: int, draw: random.Random, labelled: bool, config: str) -> dict[str, Any]:
    said = draw.choice(CLASSES)
    words = [f"{said}{draw.randrange(6)}" if draw.random() < 0.3 else f"w{draw.randrange(400)}" for _ in range(8)]
    text = " ".join(words) if number % 50 else ""
    return {
        "id": number,
        "data": {"text": text},
        "created_at": STAMP,
        "updated_at": STAMP,
        "annotations": [_answer(number, said, text, config)] if labelled and text else [],
    }


def _answer(number: int, said: str, text: str, config: str) -> dict[str, Any]:
    region: dict[str, Any] = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [said]}}
    if "<Labels" in config:
        end = text.index(" ")
        value = {"start": 0, "end": end, "text": text[:end], "labels": [said]}
        region |= {"type": "labels", "value": value}
    return {"id": number, "completed_by": 1, "was_cancelled": False, "updated_at": STAMP, "result": [region]}
