"""A training of the family `transformers_image`: heard, stopped, short of memory, ended when nothing gets better."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_toys import CHOICE, LEARNS, RESNET, SHORT, fitted
from PIL import Image

from lsal.errors import BadRequest, Cancelled
from lsal.models import lessons
from lsal.models.losses import balancing
from lsal.models.transformers_image import TransformersImage
from lsal.models.transformers_image.deck import Deck
from lsal.models.transformers_image.shelf import ROOM, Shelf
from lsal.models.transformers_image.wishes import Wishes
from lsal.records import Example, Progress
from lsal.testing.materials import ignore, images, toy


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return toy(images, tmp_path)


def short_of_memory(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """As if memory held no more than so many images at a time while it trains; how many were taken."""
    whole, taken = lessons._Teaching._losses, list[int]()

    def counted(self: Any, hand: Any, part: slice) -> Any:
        images = len(range(len(hand))[part])
        if self.module.training and images > most:
            import torch

            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        taken.append(images)
        return whole(self, hand, part)

    monkeypatch.setattr(lessons._Teaching, "_losses", counted)
    return taken


@pytest.mark.parametrize("stop", [1, 2])
def test_a_cancel_is_heard_within_a_batch(examples: list[Example], monkeypatch: pytest.MonkeyPatch, stop: int) -> None:
    import torch

    steps, whole = [], torch.optim.AdamW.step

    def counted(self: Any, *given: Any, **more: Any) -> Any:
        steps.append(1)
        return whole(self, *given, **more)

    def report(progress: Progress) -> None:
        if len(steps) == stop:
            raise Cancelled

    monkeypatch.setattr(torch.optim.AdamW, "step", counted)
    with pytest.raises(Cancelled):
        fitted(CHOICE, examples, LEARNS, report)
    assert len(steps) == stop


def test_it_reports_every_epoch_with_device_and_figures(examples: list[Example]) -> None:
    told: list[Progress] = []
    fitted(CHOICE, examples, {**SHORT, "epochs": 2}, told.append)
    assert [p.message for p in told if p.message.startswith("epoch")][-1] == "epoch 2 of 2 on cpu, 4 images at a time"
    ends = [p for p in told if p.metrics.get("epoch") == 2]
    assert {"loss", "check_loss", "accuracy"} <= set(ends[-1].metrics)
    assert [p.done for p in told if p.total == 2] == sorted(p.done for p in told if p.total == 2)
    assert ends[-1].done == ends[-1].total == 2
    assert told[-1].message == "trained on 12 images"


def test_out_of_memory_takes_the_same_step_in_halves(examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = list[Progress](), list[Progress]()
    whole = fitted(CHOICE, examples, {**LEARNS, "epochs": 3}, before.append).predict(examples)
    taken = short_of_memory(monkeypatch, 1)
    halves = fitted(CHOICE, examples, {**LEARNS, "epochs": 3}, after.append).predict(examples)
    assert max(taken) == 1
    assert "on cpu, 1 images at a time" in after[-2].message
    assert before[-2].metrics["loss"] == pytest.approx(after[-2].metrics["loss"], abs=1e-3)
    for one, other in zip(whole, halves, strict=True):
        assert one.chances == pytest.approx(other.chances, abs=1e-3)


def test_no_memory_for_one_image_is_said(examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
    short_of_memory(monkeypatch, 0)
    with pytest.raises(BadRequest, match="no memory on cpu to train on one image of 32 pixels") as error:
        fitted(CHOICE, examples, SHORT)
    assert "smaller" in error.value.fix


def test_other_errors_come_as_they_are(examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any) -> None:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(lessons._Teaching, "_losses", broken)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        fitted(CHOICE, examples, SHORT)


def test_out_of_memory_when_it_answers_asks_in_halves(examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    answering = fitted(CHOICE, examples, SHORT)._ready()
    pixels, module = torch.rand(5, 3, 32, 32), answering._ready()

    def narrow(pixel_values: Any, **more: Any) -> Any:
        if len(pixel_values) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return module(pixel_values=pixel_values, **more)

    with torch.inference_mode():
        ((wanted, _),) = answering._forward(pixels)
        answering._module = narrow
        found = torch.cat([logits for logits, _ in answering._forward(pixels)])
    assert torch.allclose(wanted, found, atol=1e-5)


def test_training_ends_when_nothing_gets_better(examples: list[Example]) -> None:
    told: list[Progress] = []
    fitted(CHOICE, examples, {**LEARNS, "epochs": 40, "patience": 2, "learning_rate": 1e-9}, told.append)
    assert max(p.metrics.get("epoch", 0) for p in told) == 3


def test_the_best_epoch_is_kept(examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def check(teaching: Any, epoch: int) -> float:
        seen.append(teaching.module.classifier.weight.detach().clone())
        return (0.9, 0.1, 0.5, 0.8)[epoch]

    monkeypatch.setattr(lessons._Teaching, "_check", check)
    kept = fitted(CHOICE, examples, {**LEARNS, "epochs": 4})._ready().net.module.classifier.weight
    assert [bool((kept == each).all()) for each in seen] == [False, True, False, False]


def test_a_rate_that_is_too_large_is_told(examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = lessons._Teaching._losses

    def endless(*given: Any) -> Any:
        losses, good = whole(*given)
        return losses * float("inf"), good

    monkeypatch.setattr(lessons._Teaching, "_losses", endless)
    with pytest.raises(BadRequest, match=r"learning rate of 0\.005 the loss grew") as error:
        fitted(CHOICE, examples, SHORT)
    assert "learning_rate" in error.value.fix


def test_what_checks_is_not_learned_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fixed tenth; of so few that a tenth says nothing, all; what is given, if something is."""
    taught = []
    monkeypatch.setattr("lsal.models.transformers_image.learning.teach", taught.append)
    shown = toy(images, tmp_path, 90)
    for labelled, check in ((shown, []), (shown[:60], []), (shown[:12], []), (shown[:12], shown[12:15])):
        TransformersImage(CHOICE, SHORT, seed=1).fit(labelled, [], check, ignore)
    parts = [[{each.shelf.example(n).task_id for n in each.on_shelf} for each in (t.train, t.check)] for t in taught]
    (learned, checked), (_, fewer) = parts[:2]
    assert 5 <= len(checked) <= 20
    assert not learned & checked
    assert fewer == {task for task in checked if task < 160}
    assert parts[2][0] == parts[2][1] == {e.task_id for e in shown[:12]}
    assert parts[3] == [{e.task_id for e in shown[:12]}, {e.task_id for e in shown[12:15]}]


def test_an_image_that_is_alone_is_learned_from(examples: list[Example]) -> None:
    assert len(fitted(CHOICE, examples[:1], {**SHORT, "model": RESNET}).predict(examples)) == 12


def test_images_are_kept_small_or_read_again(tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((800, 400)).save(tmp_path / "x.png")
    example = Example(1, tmp_path / "x.png")
    kept, again = Shelf(32), Shelf(32, most_bytes=0)
    for shelf in (kept, again):
        assert shelf.put([example], ignore) == [0]
    assert kept.image(0).size == (2 * ROOM * 32, ROOM * 32)
    assert kept.image(0) is kept.image(0)
    assert again.image(0) is not again.image(0)
    assert np.array_equal(np.asarray(kept.image(0)), np.asarray(again.image(0)))


def test_rare_classes_weigh_as_much_as_frequent_ones() -> None:
    single = balancing(np.array([[0], [0], [0], [1]]), False, 3)
    assert single[0] * 3 == pytest.approx(single[1])
    several = balancing(np.array([[1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 1]]), True, 2)
    assert several.tolist() == [3, 1, 1]


def test_chance_changes_an_image_in_another_way_each_epoch_but_alike_each_time(tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((40, 40)).save(tmp_path / "x.png")
    shelf = Shelf(32)
    places = shelf.put([Example(1, tmp_path / "x.png")], ignore)

    def processor(images: Any, return_tensors: str) -> dict[str, Any]:
        return {"pixel_values": [image.size for image in images]}

    def dealt(draw: Any, crop: float = 0.5) -> list[Any]:
        deck = Deck(shelf, processor, places, np.zeros((1, 1), np.int64), Wishes(crop=crop))
        return [hand.pixels for hand in deck.dealt([np.array([0])], draw)]

    assert dealt((0, 1)) == dealt((0, 1)) != dealt((0, 2))
    assert dealt(None) == dealt((0, 1), crop=0.0) == [[(40, 40)]]


@pytest.mark.gpu
def test_the_gpu_is_free_again(examples: list[Example]) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    before, told = torch.cuda.memory_reserved(), list[Progress]()
    fitted(CHOICE, examples, {**SHORT, "batch": 0}, told.append)
    assert "on cuda:0" in told[-2].message
    assert torch.cuda.memory_reserved() <= before

    def cancelled(progress: Progress) -> None:
        if progress.message.startswith("epoch"):
            raise Cancelled

    with pytest.raises(Cancelled):
        fitted(CHOICE, examples, SHORT, cancelled)
    assert torch.cuda.memory_reserved() <= before
