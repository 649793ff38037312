"""The family `transformers_image`: what its networks learn, and what they begin from."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_toys import CHOICE, LEARNS, RESNET, SEVERAL, SHORT, VIT, fitted, given, weights_of
from PIL import Image
from projects import measure
from switches import do

from lsal.errors import BadData, BadRequest, NoVersion
from lsal.label_studio.mirror import OPEN
from lsal.label_studio.server import Server
from lsal.models.transformers_image import TransformersImage
from lsal.predicting import twice
from lsal.records import Control, Example, Labels
from lsal.strategies import STRATEGIES
from lsal.strategies.pools import make_pool
from lsal.testing.materials import ignore, images, squares, toy
from lsal.workbench import Workbench

STILL = {**SHORT, "learning_rate": 1e-9}
"""So small a step moves nothing."""


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return toy(images, tmp_path)


def right(model: Any, examples: Sequence[Example]) -> int:
    return sum(told.target == example.target for told, example in zip(model.predict(examples), examples, strict=True))


def digits(folder: Path, names: Sequence[str], count: int) -> list[Example]:
    from sklearn.datasets import load_digits

    told, found = load_digits(), []
    for n in np.flatnonzero(np.isin(told.target, [int(name) for name in names]))[:count]:
        grey = Image.fromarray((told.images[n] * 15).astype(np.uint8)).resize((32, 32))
        grey.save(folder / f"{n}.png")
        found.append(Example(int(n), folder / f"{n}.png", Labels((str(told.target[n]),))))
    return found


def test_digits_that_it_was_never_shown(tmp_path: Path) -> None:
    names = ("0", "1", "4")
    shown = digits(tmp_path, names, 150)
    control = replace(CHOICE, labels=names)
    options = {**LEARNS, "model": RESNET, "epochs": 8, "batch": 10, "learning_rate": 0.01}
    before, after = (
        fitted(control, shown[:90], {**options, **more}) for more in ({"epochs": 1, "learning_rate": 1e-9}, {})
    )
    assert right(before, shown[90:]) <= 40
    assert right(after, shown[90:]) >= 54
    kept = [weights_of(model, tmp_path / name) for model, name in ((before, "before"), (after, "after"))]
    assert all(not np.array_equal(kept[0][name], kept[1][name]) for name in kept[0] if name.endswith("weight"))


def test_several_labels_each_by_itself(tmp_path: Path) -> None:
    """A cat is red, a dog blue; both, one or none."""
    found = []
    for n in range(48):
        names = [name for name, bit in (("cat", 1), ("dog", 2)) if n & bit]
        pixels = np.random.default_rng(n).integers(90, 110, (32, 32, 3)).astype(np.uint8)
        pixels[4:14, n % 20 : n % 20 + 10] = (220, 20, 20) if "cat" in names else 100
        pixels[18:28, 20 - n % 20 : 30 - n % 20] = (20, 20, 220) if "dog" in names else 100
        Image.fromarray(pixels).save(tmp_path / f"{n}.png")
        found.append(Example(n, tmp_path / f"{n}.png", Labels(tuple(names))))
    model = fitted(SEVERAL, found[:32], {**LEARNS, "model": RESNET, "epochs": 12, "learning_rate": 0.02})
    assert right(model, found[32:]) >= 14, "by chance it would be 4"
    told = model.predict(found[:4])
    assert [len(one.chances) for one in told] == [3] * 4
    assert max(one.chances[2, 1] for one in told) < 0.2, "nobody saw an eel"


def test_it_begins_from_an_earlier_version_whose_classes_were_others(examples: list[Example], tmp_path: Path) -> None:
    earlier = fitted(CHOICE, examples, LEARNS)
    weights_of(earlier, tmp_path / "v1")
    control = replace(CHOICE, labels=("eel", "dog", "newt", "cat"))
    later, anew = TransformersImage(control, STILL), TransformersImage(control, STILL)
    later.begin_from(tmp_path / "v1")
    for model in (later, anew):
        model.fit(examples, [], [], ignore)
    # The class that is new has chances of its own, but those of the others stand to each other as before.
    before, after = (model.predict(examples) for model in (earlier, later))
    assert right(later, examples) == 12 > right(anew, examples)
    for one, other in zip(before, after, strict=True):
        kept = other.chances[0, [3, 1, 0]]
        assert kept / kept.sum() == pytest.approx(one.chances[0], abs=1e-4)


def test_another_model_or_another_question_begins_anew(
    examples: list[Example], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    weights_of(fitted(CHOICE, examples, SHORT), tmp_path / "v1")
    with caplog.at_level(logging.INFO):
        other = TransformersImage(CHOICE, {**SHORT, "model": RESNET})
        other.begin_from(tmp_path / "v1")
    assert "begins anew" in caplog.text
    several = TransformersImage(SEVERAL, STILL)
    several.begin_from(tmp_path / "v1")
    with caplog.at_level(logging.INFO):
        several.fit(examples, [], [], ignore)
    assert "0 of 3 classes are known to the weights" in caplog.text
    with pytest.raises(BadData, match="holds no model"):
        several.begin_from(tmp_path)


class TestGivenWeights:
    """A folder with weights: classes by their names, what it sees before any training."""

    def test_its_classes_come_along_by_name(self, examples: list[Example], tmp_path: Path) -> None:
        import torch
        from transformers import AutoModelForImageClassification

        folder = given(tmp_path / "vit", ("kitten", "dog"))
        control = Control("c", "x", "Choices", "Image", "image", ("dog", "cat"), {"kitten": "cat"})
        model = fitted(control, examples, {**STILL, "size": 0, "model": folder})
        picture = Image.open(str(examples[0].input)).convert("RGB")
        pixels = model._ready().net.processor(images=[picture], return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            logits = AutoModelForImageClassification.from_pretrained(folder)(pixel_values=pixels).logits
        wanted = torch.softmax(logits, 1)[0, [1, 0]].numpy()
        assert model.predict(examples)[0].chances[0] == pytest.approx(wanted, abs=1e-2)

    def test_it_sees_before_any_training(self, examples: list[Example], tmp_path: Path) -> None:
        model = TransformersImage(CHOICE, {"model": given(tmp_path / "vit", processor=False)})
        vectors = model.embed([*examples, Example(1, None)])
        assert vectors.shape == (13, 32)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0] * 12 + [0.0])
        assert np.ptp(vectors[:12], axis=0).max() > 0.01
        assert TransformersImage(CHOICE, {"model": VIT}).embed(examples).shape[1] > 32, "gradients instead"
        with pytest.raises(NoVersion, match="never fitted"):
            model.predict(examples)

    def test_without_a_processor_images_get_the_size_that_the_network_wants(
        self, examples: list[Example], tmp_path: Path
    ) -> None:
        folder = given(tmp_path / "vit", processor=False)
        assert fitted(CHOICE, examples, {"model": folder, "epochs": 1})._ready().net.size == 32
        with pytest.raises(BadRequest, match="images of 32 pixels, not 64"):
            fitted(CHOICE, examples, {"model": folder, "epochs": 1, "size": 64})

    def test_the_rate_suits_weights_that_know_something(self, examples: list[Example], tmp_path: Path) -> None:
        folder, moved = given(tmp_path / "vit"), []
        for model in (folder, VIT):
            options = {"model": model, "epochs": 2, "batch": 4}
            still, learned = (
                weights_of(fitted(CHOICE, examples, {**options, **more}), tmp_path / f"{len(moved)}{bool(more)}")
                for more in ({"learning_rate": 1e-9}, {})
            )
            moved.append(np.abs(still["classifier.weight"] - learned["classifier.weight"]).max())
        assert 0 < 5 * moved[0] < moved[1]


def test_coloured_squares_anywhere(tmp_path: Path) -> None:
    """With changes by chance, and images that memory does not hold."""
    shown = toy(squares, tmp_path, 40)
    options = {**LEARNS, "model": RESNET, "epochs": 6, "flip": True, "balance": True, "batch": 0}
    assert right(fitted(CHOICE, shown[:24], options), shown[24:]) >= 14


def test_a_round_on_a_real_label_studio(label_studio: Server, root: Path, tmp_path: Path) -> None:
    for n in range(60):
        folder = tmp_path / "pictures" / ("cat", "dog")[n % 2]
        folder.mkdir(parents=True, exist_ok=True)
        squares(folder, folder.name, n)
    bench = Workbench(root).new(str(tmp_path / "pictures"), demo=True, hold_out=0.0)
    (name,) = bench.desk.handled
    options = {**LEARNS, "model": RESNET, "epochs": 12}
    bench.configure(batch=48, refill_below=0.0)
    bench.configure(family={name: "transformers_image"}, options={name: options})
    bench.sync()
    share = measure(bench, 20)
    do(bench, "rank")
    bench.label()
    assert do(bench, "round")["exact"]
    (version,), (figure,) = bench.versions(), bench.curve()
    assert (version.family, version.examples["skipped"]) == ("transformers_image", {})
    assert figure.value is not None
    assert figure.value >= 0.8
    task = next(task for task in bench.desk.mirror.tasks(OPEN) if task.place >= share)  # others measure: no guess
    (told,) = bench.predict(bench.desk.config.xml, [{"id": task.id, "data": task.data}])
    assert told["model_version"] == f"lsal-{name}.v{version.number}"
    assert told["result"][0]["value"]["choices"][0] in ("cat", "dog")


def test_a_second_look_at_an_image_mirrored_differs_where_the_side_tells_the_class(examples: list[Example]) -> None:
    model = fitted(CHOICE, examples, {**LEARNS, "model": RESNET, "flip": False})
    told = twice(model, [*examples, Example(7, None, problem="gone")])
    assert [one.target for one in told[:-1]] == [one.target for one in model.predict(examples)]
    assert told[-1].disagreement == 0
    cats, dogs = (
        np.mean([one.disagreement for one in told[:-1] if one.target.names == (name,)]) for name in ("cat", "dog")
    )
    assert cats > dogs, "bright on the left mirrors into a dark left"
    picks = STRATEGIES["flip_disagreement"](make_pool(told[:-1], CHOICE), 3)
    assert "mirrored" in picks.why
