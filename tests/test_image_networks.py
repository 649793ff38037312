"""The family `transformers_image`: what its networks learn, keep, begin from, and say of what is not there."""

import json
import logging
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_toys import CHOICE, LEARNS, RESNET, SEVERAL, SHORT, VIT, fitted
from PIL import Image

from lsal.errors import BadData, BadRequest, NoVersion
from lsal.models.transformers_image import TransformersImage
from lsal.records import Control, Example, Labels
from lsal.testing.materials import CLASSES, ignore, images, squares, toy

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


def weights_of(model: Any, folder: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    folder.mkdir()
    model.save(folder)
    return load_file(folder / "network" / "model.safetensors")


def given(folder: Path, names: Sequence[str] = ("dog", "cat"), processor: bool = True) -> str:
    """A network with weights in a folder, as the hub has them."""
    import torch
    from transformers import AutoConfig, AutoModelForImageClassification, ViTImageProcessor

    torch.manual_seed(1)
    config = AutoConfig.from_pretrained(VIT)
    config.id2label = dict(enumerate(names))
    module = AutoModelForImageClassification.from_config(config)
    torch.nn.init.normal_(module.classifier.weight)
    module.save_pretrained(folder)
    if processor:
        ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return str(folder)


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


def test_images_that_cannot_be_read_are_left_out_and_told(
    examples: list[Example], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cut = tmp_path / "cut.png"
    cut.write_bytes(Path(str(examples[0].input)).read_bytes()[:200])
    bad = [Example(1, cut, Labels(("eel",))), Example(2, tmp_path / "gone.png", Labels(("eel",)))]
    model = TransformersImage(CHOICE, SHORT)
    told: list[Any] = []
    with caplog.at_level(logging.WARNING):
        model.fit([*bad, *examples], [], [], told.append)
    assert set(model.problems) == {1, 2}
    assert "Task 1: " in caplog.text
    assert told[-1].message.startswith("trained on 12 images, left out 2: task 1: ")
    broken, missing, nothing = model.predict([*bad, Example(3, None, problem="no such field")])
    for each in (broken, missing, nothing):
        assert each.chances[0] == pytest.approx([0.5, 0.5, 0])
        assert each.problem
        assert each.embedding is not None
        assert not each.embedding.any()
    assert nothing.problem == "no such field"
    with pytest.raises(BadData, match=r"None of the 2 .*cut\.png"):
        fitted(CHOICE, bad, SHORT)


def test_images_of_every_mode_are_learned(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 255, 60), (40, 1)).astype(np.uint8)
    grey = Image.fromarray(ramp)
    exif = Image.Exif()
    exif[0x0112] = 6
    grey.convert("RGB").save(tmp_path / "turned.jpg", exif=exif)
    Image.fromarray(ramp.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    grey.convert("RGBA").save(tmp_path / "clear.png")
    grey.convert("CMYK").save(tmp_path / "press.jpg")
    grey.convert("RGB").quantize(16).save(tmp_path / "few.gif", save_all=True, append_images=[grey.convert("P")])
    Image.new("L", (9000, 7000), 200).save(tmp_path / "huge.jpg")
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    files = sorted(path for path in tmp_path.iterdir() if path.is_file())
    examples = [Example(n, path, Labels((CLASSES[n % 2],))) for n, path in enumerate(files)]
    model = fitted(CHOICE, examples, SHORT)
    assert model.problems == {}
    assert [one.problem for one in model.predict(examples)] == [None] * 7


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


def test_a_model_that_is_not_here_says_where_it_looked(examples: list[Example], tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"'nobody/nothing' here: neither a folder.*nor a download in ") as error:
        fitted(CHOICE, examples, {"model": "nobody/nothing"})
    assert "hf download nobody/nothing" in error.value.fix
    with pytest.raises(BadRequest, match="holds no vision model"):
        TransformersImage(CHOICE, {"model": str(tmp_path)}).embed(examples)
    (tmp_path / "bert.json").write_text('{"model_type": "bert"}')
    with pytest.raises(BadRequest, match=r"No network can be built from .*bert\.json"):
        fitted(CHOICE, examples, {"model": str(tmp_path / "bert.json")})


def test_weights_of_something_else_are_refused(examples: list[Example], tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    folder = Path(given(tmp_path / "vit"))
    save_file({"other": np.zeros(3, np.float32)}, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BadRequest, match="holds no weights for ViTForImageClassification"):
        fitted(CHOICE, examples, {"model": str(folder)})


def test_without_a_model_it_is_a_small_resnet_of_random_weights(
    examples: list[Example], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        model = fitted(CHOICE, examples[:4], {"size": 32, "epochs": 1})
    assert "a small ResNet: random weights, as no weights are given" in caplog.text
    assert model._ready().net.module.config.model_type == "resnet"


def test_what_is_damaged_or_would_execute_is_refused(examples: list[Example], tmp_path: Path) -> None:
    weights_of(fitted(CHOICE, examples, SHORT), tmp_path / "kept")
    network = tmp_path / "kept" / "network"
    told = json.loads((network / "config.json").read_text())
    (network / "evil.py").write_text(f"open({str(tmp_path / 'harm')!r}, 'w')")
    auto = {"auto_map": {"AutoConfig": "evil.Config", "AutoModelForImageClassification": "evil.Model"}}
    (network / "config.json").write_text(json.dumps({**told, **auto, "model_type": "evil"}))
    with pytest.raises(BadData, match="does not hold the network"):
        TransformersImage.load(tmp_path / "kept", CHOICE)
    assert not (tmp_path / "harm").exists()
    (network / "config.json").write_text(json.dumps(told))
    TransformersImage.load(tmp_path / "kept", CHOICE)
    with pytest.raises(BadData, match="knows cat, dog, eel, and 'c' has dog, cat"):
        TransformersImage.load(tmp_path / "kept", replace(CHOICE, labels=("dog", "cat")))
    tensors = network / "model.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-100])
    with pytest.raises(BadData, match="does not hold the network"):
        TransformersImage.load(tmp_path / "kept", CHOICE)
    with pytest.raises(BadData, match="holds no model"):
        TransformersImage.load(tmp_path, CHOICE)


def test_nothing_asks_the_network(examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def refuse(*given: Any, **more: Any) -> None:
        asked.append(given)
        raise OSError("there is no network here")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    model = fitted(CHOICE, examples, {"model": given(tmp_path / "vit"), "epochs": 1})
    weights_of(model, tmp_path / "kept")
    TransformersImage.load(tmp_path / "kept", CHOICE).predict(examples)
    with pytest.raises(BadRequest):
        fitted(CHOICE, examples, {"model": "nobody/nothing"})
    assert asked == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epoch": 3}, "no option 'epoch'"),
        ({"epochs": 0}, "'epochs' cannot be 0"),
        ({"size": -1}, "'size' cannot be -1"),
        ({"model": 3}, "'model' cannot be 3"),
        ({"batch": True}, "'batch' cannot be True"),
        ({"patience": 1.5}, "'patience' cannot be 1.5"),
        ({"learning_rate": "high"}, "'learning_rate' cannot be 'high'"),
        ({"crop": 1}, "'crop' cannot be 1"),
        ({"flip": "yes"}, "'flip' cannot be 'yes'"),
        ({"balance": 1}, "'balance' cannot be 1"),
    ],
)
def test_wrong_options_name_what_there_is(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest, match=f"transformers_image.*{said}") as error:
        TransformersImage(CHOICE, options)
    assert error.value.fix


def test_coloured_squares_anywhere(tmp_path: Path) -> None:
    """With changes by chance, and images that memory does not hold."""
    shown = toy(squares, tmp_path, 40)
    options = {**LEARNS, "model": RESNET, "epochs": 6, "flip": True, "balance": True, "batch": 0}
    assert right(fitted(CHOICE, shown[:24], options), shown[24:]) >= 14
