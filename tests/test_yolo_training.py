"""A training of the family `yolo`: heard, stopped, short of memory, and of some use."""

import logging
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
import torch
from unshared import unshared
from yolo_toys import BOXES, CHOICE, CLASSES_OF_IMAGES, SHORT, fitted, weights

from lsal.errors import BadRequest, Cancelled
from lsal.measuring import RULERS
from lsal.models.scratch import scratch
from lsal.models.yolo import Yolo, means
from lsal.models.yolo.means import Means, first_means, less_of
from lsal.models.yolo.nets import architecture, build
from lsal.models.yolo.wishes import DETECT, read_wishes
from lsal.records import Example, Labels, Progress
from lsal.rehearsal import replay
from lsal.strategies import STRATEGIES
from lsal.testing import regions
from lsal.testing.materials import CLASSES, ignore, images, toy
from lsal.testing.regions import example_of, found

USAGE = namedtuple("USAGE", "total used free")


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return [example_of(tmp_path, regions.BOXES, number) for number in range(8)]


class Trained:
    """How many images each step was made with; `memory` says how many are too many, by the epoch."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, memory: Any = None) -> None:
        from ultralytics.models.yolo.detect import DetectionTrainer

        self.steps: list[tuple[int, int]] = []
        whole = DetectionTrainer.preprocess_batch

        def counted(trainer: Any, batch: Any) -> Any:
            if not trainer.model.training:
                return whole(trainer, batch)
            size = len(batch["img"])
            if memory and size > memory(trainer.epoch):
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
            self.steps.append((trainer.epoch, size))
            return whole(trainer, batch)

        monkeypatch.setattr(DetectionTrainer, "preprocess_batch", counted)


@pytest.mark.parametrize("stop", [1, 3])
def test_a_cancel_is_heard_within_a_batch(examples: list[Example], monkeypatch: pytest.MonkeyPatch, stop: int) -> None:
    trained = Trained(monkeypatch)
    heard = []

    def report(progress: Progress) -> None:
        heard.append(progress.message)
        if sum(message.startswith("epoch") for message in heard) == stop:
            raise Cancelled

    with pytest.raises(Cancelled):
        fitted(regions.BOXES, examples, SHORT, report)
    assert len(trained.steps) == min(stop, 2)  # the third word is that of the epoch's end


def test_a_cancel_is_heard_while_it_checks(examples: list[Example]) -> None:
    heard = []

    def report(progress: Progress) -> None:
        heard.append(progress.message)
        if progress.message == "checking":
            raise Cancelled

    with pytest.raises(Cancelled):
        fitted(regions.BOXES, examples, SHORT, report)
    assert heard.count("checking") == 1


def test_it_reports_every_epoch_with_device_and_figures(examples: list[Example]) -> None:
    told: list[Progress] = []
    fitted(regions.BOXES, examples, {**SHORT, "epochs": 2}, told.append)
    assert [p.message for p in told if p.message.startswith("epoch")][-1] == ("epoch 2 of 2 on cpu, 4 images at a time")
    ends = [p for p in told if p.metrics.get("epoch") == 2]
    assert {"loss", "map50", "map50_95"} <= set(ends[-1].metrics)
    assert [p.done for p in told if p.unit] == sorted(p.done for p in told if p.unit)
    assert {round(2 * p.done) for p in told if p.unit} >= {1, 2, 3, 4}
    assert {p.metrics["held_out"] for p in ends} == {0}
    assert ends[-1].done == ends[-1].total
    assert told[-1].message == "trained on 8 images"


@pytest.mark.parametrize(
    ("memory", "sizes"),
    [
        (lambda epoch: 2, {0: 2, 1: 2, 2: 2}),  # at once: ultralytics itself begins the epoch again
        (lambda epoch: 4 if epoch < 1 else 1, {0: 4, 1: 1, 2: 1}),  # later: it would die
    ],
    ids=["at once", "later"],
)
def test_out_of_memory_halves_the_batch_and_goes_on(
    examples: list[Example], monkeypatch: pytest.MonkeyPatch, memory: Any, sizes: dict[int, int]
) -> None:
    trained, told = Trained(monkeypatch, memory), list[Progress]()
    model = fitted(regions.BOXES, examples, {**SHORT, "epochs": 3}, told.append)
    assert {epoch: max(n for at, n in trained.steps if at == epoch) for epoch in range(3)} == sizes
    assert f"{sizes[2]} images at a time" in told[-2].message
    assert len(model.predict(examples)) == 8


def test_no_memory_for_one_image_is_said(examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
    Trained(monkeypatch, lambda epoch: 0)
    with pytest.raises(BadRequest, match="no memory on cpu to train on one image of 64 pixels") as error:
        fitted(regions.BOXES, examples, SHORT)
    assert "smaller" in error.value.fix


def test_what_does_not_fit_is_halved_and_goes_on_with_as_many_loaders() -> None:
    wishes, full = read_wishes(regions.BOXES, {}), RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
    assert less_of(Means(means.FIND_OUT, 8), 48, wishes, "cuda:0", full) == Means(24, 8)
    assert less_of(Means(2, 8), 2, wishes, "cuda:0", full) == Means(1, 8)
    with pytest.raises(BadRequest, match="no memory on cuda:0"):
        less_of(Means(1, 8), 1, wishes, "cuda:0", full)


def test_what_fits_is_found_out_but_never_more_than_a_step_takes(
    examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU: ultralytics is asked, with the network and the pictures there are."""
    from ultralytics.engine import trainer

    asked = []

    def fits(model: Any, imgsz: int, **more: Any) -> int:
        asked.append((imgsz, more["dataset_size"]))
        return 64

    monkeypatch.setattr(trainer, "check_train_batch_size", fits)
    monkeypatch.setattr("lsal.models.yolo.lesson.first_means", lambda *given: Means(means.FIND_OUT, 0))
    told: list[Progress] = []
    fitted(regions.BOXES, examples, SHORT, told.append)
    assert asked == [(64, 8)]
    assert "4 images at a time" in told[-2].message


def test_other_errors_come_as_they_are(examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
    from ultralytics.models.yolo.detect import DetectionTrainer

    def broken(*given: Any) -> None:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(DetectionTrainer, "preprocess_batch", broken)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        fitted(regions.BOXES, examples, SHORT)


def test_training_ends_when_nothing_gets_better(tmp_path: Path) -> None:
    """Without a step nothing does: the best epoch is the first."""
    options = {**CLASSES_OF_IMAGES, "epochs": 30, "patience": 2}
    options["train"] = {**CLASSES_OF_IMAGES["train"], "optimizer": "SGD", "lr0": 0.0, "val": True}
    told: list[Progress] = []
    fitted(CHOICE, toy(images, tmp_path), options, told.append)
    assert max(p.metrics.get("epoch", 0) for p in told) < 6


def test_a_small_shared_memory_means_no_loaders(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wishes = read_wishes(regions.BOXES, {"batch": 16})
    monkeypatch.setattr(means.shutil, "disk_usage", lambda path: USAGE(0, 0, 64_000_000))  # docker's default
    with caplog.at_level(logging.WARNING):
        assert first_means(wishes, 100, "cuda:0") == Means(16, 0)
    assert "/dev/shm is too small for 8 loaders" in caplog.text
    monkeypatch.setattr(means.shutil, "disk_usage", lambda path: USAGE(0, 0, 16_000_000_000))
    assert first_means(wishes, 100, "cuda:0") == Means(16, 8)
    few = read_wishes(regions.BOXES, {"batch": 16, "train": {"workers": 2}})
    assert first_means(few, 100, "cuda:0") == Means(16, 2)
    assert first_means(read_wishes(regions.BOXES, {}), 100, "cuda:0").batch == means.FIND_OUT


def test_a_loader_that_the_system_ended_is_done_without() -> None:
    wishes = read_wishes(regions.BOXES, {})
    died = RuntimeError("DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that ...")
    assert less_of(Means(16, 8), 16, wishes, "cuda:0", died) == Means(16, 0)
    assert less_of(Means(16, 0), 16, wishes, "cuda:0", died) is None


@pytest.mark.parametrize("train", [{"nonsense": 1}, {"device": "cuda:77"}, {"lr0": "high"}])
def test_settings_that_ultralytics_does_not_take_are_told(examples: list[Example], train: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="ultralytics does not take these settings"):
        fitted(regions.BOXES, examples, {**SHORT, "train": train})


def test_it_finds_squares_that_it_was_never_shown(tmp_path: Path) -> None:
    shown = [example_of(tmp_path, regions.BOXES, number) for number in range(16)]
    unseen = [example_of(tmp_path, regions.BOXES, number) for number in range(100, 112)]
    model = Yolo(regions.BOXES, BOXES)
    torch.manual_seed(0)
    model._answer_with(build(architecture(BOXES["model"], DETECT), DETECT, CLASSES))
    assert len(found(model, unseen)) <= 2
    model.fit(shown, [], shown[:1], ignore)
    assert len(found(model, unseen)) >= 9


def test_a_class_without_a_picture_moves_no_other(tmp_path: Path) -> None:
    """Only the second class is shown: loaders number the folders that they find."""
    options = {**CLASSES_OF_IMAGES, "epochs": 3}
    dogs = [Example(e.task_id, e.input, Labels(("dog",))) for e in toy(images, tmp_path)]
    assert {p.target for p in fitted(CHOICE, dogs, options).predict(dogs)} == {Labels(("dog",))}


HOLD = """
import sys
from lsal.models.scratch import scratch
with scratch() as folder:
    (folder / "images").mkdir()
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_training_left_goes_with_the_next_and_no_other(
    examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    given = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": {**os.environ, "TMPDIR": str(tmp_path)}}
    with subprocess.Popen([sys.executable, "-c", HOLD], **given) as killed, scratch() as ours:  # type: ignore[call-overload]
        left = Path(killed.stdout.readline().decode().strip())
        fitted(regions.BOXES, examples[:4], SHORT)
        assert {path for path in tmp_path.glob("lsal-training-*") if path.is_dir()} == {left, ours}
        killed.kill()
        killed.wait()
        fitted(regions.BOXES, examples[:4], SHORT)
        assert {path for path in tmp_path.glob("lsal-training-*") if path.is_dir()} == {ours}
    assert not list(tmp_path.glob("lsal-training-*"))


def test_a_container_that_sees_no_other_process_leaves_their_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shares the place for scratch folders; the numbers of processes there mean nothing here."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    alone = [*unshared(), sys.executable, "-c", HOLD]
    with scratch() as ours:
        (ours / "images").mkdir()
        subprocess.run(alone, input=b"", env={**os.environ, "TMPDIR": str(tmp_path)}, check=True, timeout=60)
        assert (ours / "images").exists()
    assert not list(tmp_path.glob("lsal-training-*"))


def test_other_weights_are_begun_with_and_not_the_version_before(examples: list[Example], tmp_path: Path) -> None:
    given = weights(tmp_path)
    first = Yolo(regions.BOXES, SHORT)
    first.fit(examples[:4], [], [], ignore)
    (tmp_path / "first").mkdir()
    first.save(tmp_path / "first")
    for options, goes_on in (({**SHORT, "model": given}, False), (SHORT, True)):
        following = Yolo(regions.BOXES, options)
        following.begin_from(tmp_path / "first")
        assert (following._start is not None) == goes_on


def test_a_replay_goes_on_from_the_weights_before_as_rounds_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, begin_from = list[bool](), Yolo.begin_from

    def heard(model: Yolo, folder: Path) -> None:
        begin_from(model, folder)
        begun.append(model._start is not None)

    monkeypatch.setattr(Yolo, "begin_from", heard)
    by, examples = RULERS["mAP50"], [example_of(tmp_path, regions.BOXES, number) for number in range(6)]
    replay(examples, examples[:2], regions.BOXES, "yolo", STRATEGIES["random"], 2, 2, 6, options=SHORT, by=by)
    assert begun == [True, True]


@pytest.mark.gpu
def test_the_gpu_is_free_again(examples: list[Example]) -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    before, told = torch.cuda.memory_reserved(), list[Progress]()
    fitted(regions.BOXES, examples, {**SHORT, "batch": 0}, told.append)
    assert "on cuda:0" in told[-2].message
    assert torch.cuda.memory_reserved() <= before
    with pytest.raises(Cancelled):
        fitted(regions.BOXES, examples, SHORT, _cancelled)
    assert torch.cuda.memory_reserved() <= before


def _cancelled(progress: Progress) -> None:
    if progress.message.startswith("epoch"):
        raise Cancelled
