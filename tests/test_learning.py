"""What a worker may and may not do with what it learned: late cancels, damaged versions, ids used again."""

from pathlib import Path

import pytest

from lsal import jobs
from lsal.desk import Desk
from lsal.errors import Cancelled
from lsal.files import read_json
from lsal.home import create_home
from lsal.kinds.reading import agreed
from lsal.kinds.text_choices import TextChoices
from lsal.models import MODELS
from lsal.records import Annotation, Control, Example, Labels
from lsal.worker import answers
from lsal.worker.learning import write_snapshots
from lsal.worker.steps import Steps

CONFIG = (
    '<View><Text name="t" value="$text"/><Choices name="c" toName="t">'
    '<Choice value="A"/><Choice value="B"/></Choices></View>'
)
CONTROL = Control("c", "t", "Choices", "Text", "text", ("A", "B"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A home with forty labelled tasks and no server."""
    home = create_home(tmp_path / "root", "http://127.0.0.1:1", 1, "2026-01-01T00:00:00Z", "x")
    made = Desk(home)
    stamp = "2026-01-01T00:00:00.000000Z"
    region = {"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": ["A"]}}
    answer = {"completed_by": 1, "was_cancelled": False, "updated_at": stamp, "result": [region]}
    rows = [
        {"id": n, "data": {"text": f"word{n}"}, "updated_at": stamp, "annotations": [{"id": n, **answer}]}
        for n in range(1, 41)
    ]
    made.mirror.keep(rows)
    made.mirror.remember(label_config=CONFIG)
    return made


def add_version(desk: Desk, trained_on: list[int]) -> int:
    model = MODELS["random"](CONTROL)
    facts = {"family": "random", "control": "c", "metrics": {}, "labels": CONTROL.labels, "shape": CONTROL.shape}
    version = desk.store.add(model.save, examples={"count": 1, "measuring": 0, "ids": trained_on}, **facts)
    desk.store.make_current({"c": version.number})
    return version.number


def test_a_cancel_after_the_commit_point_is_too_late(desk: Desk) -> None:
    job = jobs.create(desk.home, "round")
    steps = Steps(job, 3)
    (job.folder / "cancel").touch()
    with pytest.raises(Cancelled), steps.step("publish"):
        pass
    steps.commit()
    with steps.step("verify"):
        pass
    assert "verify" in steps.seconds


def test_a_larger_share_never_measures_on_what_was_trained_on(desk: Desk, tmp_path: Path) -> None:
    add_version(desk, trained_on=[task.id for task in desk.mirror.tasks() if task.place >= 0.1])
    desk.home.change_settings(measuring_share=0.5)
    write_snapshots(desk, tmp_path / "snapshot", lambda progress: None)
    lines = (tmp_path / "snapshot" / "c" / "measure.jsonl").read_text().splitlines()
    assert len(lines) == desk.mirror.count(below=0.1)


def test_a_damaged_live_version_is_no_dead_end(desk: Desk) -> None:
    number = add_version(desk, [])
    (desk.store.get(number).folder / "weights" / "model.json").write_text("{}")
    compared, why = answers.against_live(desk, CONTROL, [Example(1, "x", Labels(("A",)))], {"1:": ("A",)})
    assert compared is None
    assert f"version {number} cannot be loaded" in why


def test_answers_are_not_mixed_up_when_an_id_is_used_again(desk: Desk) -> None:
    number = add_version(desk, [])
    before = [Example(1, "old", Labels(("A",)), digest="one")]
    after = [Example(1, "new", Labels(("B",)), digest="two")]
    answers.ask_old_versions(desk, CONTROL, before)
    answers.ask_old_versions(desk, CONTROL, after)
    kept = read_json(desk.home.path("versions", "answers", f"{number:04d}.json"))
    assert set(kept) == {"1:one", "1:two"}


def test_a_label_that_was_removed_does_not_outweigh_its_correction() -> None:
    def said(number: int, name: str) -> Annotation:
        region = {"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": [name]}}
        return Annotation(number, 1, False, f"2026-01-0{number}T00:00:00.000000Z", [region])

    assert agreed(TextChoices(), CONTROL, [said(1, "gone"), said(2, "A")]).target == Labels(("A",))
