"""The family `transformers_image`: images, networks and options as people have them, and what is not there."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_toys import CHOICE, SHORT, fitted, given, weights_of
from network import asked
from PIL import Image

from lsal.errors import BadData, BadRequest
from lsal.models.transformers_image import TransformersImage
from lsal.records import Example, Labels
from lsal.testing.materials import CLASSES, images, toy


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return toy(images, tmp_path)


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
    tried = asked(monkeypatch)
    model = fitted(CHOICE, examples, {"model": given(tmp_path / "vit"), "epochs": 1})
    weights_of(model, tmp_path / "kept")
    TransformersImage.load(tmp_path / "kept", CHOICE).predict(examples)
    with pytest.raises(BadRequest):
        fitted(CHOICE, examples, {"model": "nobody/nothing"})
    assert tried == []


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
