"""What the family `yolo` answers: by given weights or trained ones, in the words of a control."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from yolo_toys import BOXES, CHOICE, CLASSES_OF_IMAGES, HERE, NAMES, QUICK, SHORT, control, fitted, weights

from lsal.errors import BadData, BadRequest, NoVersion
from lsal.models.pictures import read_picture
from lsal.models.yolo import Yolo
from lsal.models.yolo.answering import Answering
from lsal.models.yolo.nets import architecture, build, carry_over
from lsal.models.yolo.telling import shares
from lsal.models.yolo.wishes import CLASSIFY, DETECT
from lsal.records import Control, Example, Regions
from lsal.testing import regions
from lsal.testing.materials import CLASSES, images, toy
from lsal.testing.models import same
from lsal.testing.regions import example_of


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return [example_of(tmp_path, regions.BOXES, number) for number in range(6)]


def asked(wanted: Control, path: str, suggest: bool = True) -> Yolo:
    model = Yolo.pretrained(wanted, {**BOXES, "model": path, "threshold": 0.05}, suggest)
    assert model is not None
    return model


class TestBeforeAnyTraining:
    def test_known_names_are_shown_by_the_words_of_the_config(self, examples: list[Example], tmp_path: Path) -> None:
        model = asked(control(("Dog", "Car")), weights(tmp_path))
        told = [region.label for p in model.predict(examples) for region in p.target.items]
        assert set(told) == {"Car"}

    def test_the_network_lies_in_memory_as_ultralytics_lays_it(self, examples: list[Example], tmp_path: Path) -> None:
        """On a CPU a network that lies otherwise takes nearly twice as long."""
        from ultralytics import YOLO

        path = weights(tmp_path)
        theirs = YOLO(path)
        theirs.predict(examples[0].file, imgsz=64, verbose=False)
        model = asked(control(("Dog", "Car")), path)
        ours = answering_of(model)._reader._ready()
        laid = [next(net.parameters()).stride() for net in (ours, theirs.predictor.model.backend.model)]
        assert laid[0] == laid[1]

    def test_predicted_values_map_several_names_to_one_label(self, examples: list[Example], tmp_path: Path) -> None:
        path = weights(tmp_path)
        wanted = control(("Vehicle", "Person", "Dog"), {"car": "Vehicle", "Truck": "Vehicle"})
        model = asked(wanted, path)
        assert answering_of(model).meaning.every == ((1, 2), (0,), ())
        found, places = found_and_raw(model, examples[0])
        assert len(found)
        for row, rows in zip(found, places, strict=True):
            folded = np.stack([rows[:, [1, 2]].max(axis=1), rows[:, 0]], axis=1)
            assert np.abs(folded - row).max(axis=1).min() < 1e-5
        for p in model.predict(examples):
            assert p.chances.shape == (len(p.target.items), 4)
            assert (p.chances[:, 2] == 0).all()  # nothing tells of dogs

    def test_without_a_known_name_regions_have_no_class(self, examples: list[Example], tmp_path: Path) -> None:
        model = asked(control(("cell", "vessel")), weights(tmp_path))
        told = model.predict(examples)
        assert sum(len(p.target.items) for p in told) > 0
        for p in told:
            assert {region.label for region in p.target.items} <= {""}
            assert p.chances.shape == (len(p.target.items), 3)
            assert p.chances.sum(axis=1) == pytest.approx(1, abs=1e-5)
            assert (p.chances[:, 0] == p.chances[:, 1]).all()
            assert 1 - p.chances[:, 2] == pytest.approx([region.score for region in p.target.items], abs=1e-5)

    def test_where_none_is_wanted_an_error_lists_both_sides_and_two_ways_out(self, tmp_path: Path) -> None:
        with pytest.raises(BadRequest) as error:
            asked(control(("cell", "vessel")), weights(tmp_path), suggest=False)
        assert "person, car, truck, boat" in error.value.what
        assert "cell, vessel" in error.value.what
        assert 'predicted_values="person"' in error.value.fix
        assert "lsal train" in error.value.fix

    def test_classes_of_images_that_nothing_knows_are_not_guessed(self, tmp_path: Path) -> None:
        path = weights(tmp_path, yaml="tiny-cls.yaml", task=CLASSIFY)
        options = {**CLASSES_OF_IMAGES, "model": path}
        assert Yolo.pretrained(CHOICE, options) is None
        known = Control("c", "x", "Choices", "Image", "image", ("car", "sea"), {"boat": "sea"})
        model = Yolo.pretrained(known, options)
        assert model is not None
        (told,) = model.predict(toy(images, tmp_path, 1))
        assert told.chances.sum() == pytest.approx(1)
        assert told.chances.shape == (1, 2)

    def test_an_architecture_knows_nothing(self) -> None:
        assert Yolo.pretrained(regions.BOXES, BOXES) is None
        with pytest.raises(NoVersion, match="never fitted"):
            Yolo(regions.BOXES, BOXES).predict([Example(1, None)])

    def test_embeddings_are_those_of_the_given_weights(self, examples: list[Example], tmp_path: Path) -> None:
        model = Yolo(regions.BOXES, {**BOXES, "model": weights(tmp_path)})
        assert model.embed(examples).shape == (6, 64)
        assert model.embed([]).shape == (0, 64)
        assert model.embed([Example(1, None)]).shape == (1, 64)


def answering_of(model: Yolo) -> Answering:
    assert model._answering is not None
    return model._answering


def found_and_raw(model: Yolo, example: Example) -> tuple[np.ndarray, list[np.ndarray]]:
    """The figures of each region, and those of all places of the raw output whose box is the same."""
    reader, picture = answering_of(model)._reader, read_picture(Path(str(example.input)), 64)
    (found,) = reader.read([picture], 0.0001)
    pixels = torch.from_numpy(np.asarray(picture.image).transpose(2, 0, 1)[None] / 255).float()
    with torch.inference_mode():
        raw = reader._ready()(pixels)[0][0].numpy()
    x, y, w, h = raw[:4]
    corners = np.clip(np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1), 0, 64)
    near = [np.abs(corners - box).max(axis=1) < 0.01 for box in found.boxes * 64]
    return found.chances, [raw[4:, each].T for each in near]


class TestChances:
    def test_they_are_class_shares_of_what_is_not_nothing(self) -> None:
        rows = shares(np.array([[0.5, 0.5], [0.9, 0.0], [0.0, 0.0], [1.0, 0.25]], np.float32))
        assert rows == pytest.approx(np.array([[0.375, 0.375, 0.25], [0.9, 0, 0.1], [0, 0, 1], [0.8, 0.2, 0]]))

    @pytest.mark.parametrize("yaml", ["tiny.yaml", "yolo26n.yaml"])
    def test_each_region_keeps_the_whole_vector_of_its_place(
        self, examples: list[Example], tmp_path: Path, yaml: str
    ) -> None:
        """Compared with the raw output of the network, before any suppression."""
        name = yaml if yaml.startswith("yolo") else str(HERE / yaml)
        torch.manual_seed(0)
        net = build(architecture(name, DETECT), DETECT, NAMES)
        model = Yolo(control(NAMES), {**BOXES, "model": name})
        model._answer_with(net)
        found, places = found_and_raw(model, examples[0])
        assert len(found)
        for row, rows in zip(found, places, strict=True):
            assert np.abs(rows - row).max(axis=1).min() < 1e-5

    def test_the_threshold_may_be_changed_at_any_time(self, examples: list[Example], tmp_path: Path) -> None:
        model = asked(control(NAMES), weights(tmp_path))
        counts = []
        for model.threshold in (0.05, 0.6, 1.0):
            regions_of = [region for p in model.predict(examples) for region in p.target.items]
            assert all(region.score is not None and region.score >= model.threshold for region in regions_of)
            counts.append(len(regions_of))
        assert counts[0] > counts[1] >= counts[2] == 0
        assert sum(len(p.target.items) for p in model.predict_all(examples)) >= counts[0]


class TestFromVersionToVersion:
    def test_known_classes_come_along_and_others_begin_afresh(self, examples: list[Example], tmp_path: Path) -> None:
        fitted(regions.BOXES, examples, SHORT).save(tmp_path)
        other = control(("bird", "dog", "hound"), {"eel": "hound"})
        model = Yolo(other, {**SHORT, "train": {**SHORT["train"], "optimizer": "SGD", "lr0": 0.0, "weight_decay": 0.0}})
        model.begin_from(tmp_path)
        assert model._start is not None
        before = [layer[-1] for layer in model._start.module.model[-1].cv3]
        birds = [Example(e.task_id, e.input, Regions(tuple(_renamed(e.target, "bird")))) for e in examples]
        model.fit(birds, [], [], lambda progress: None)
        net = answering_of(model).net
        after = [layer[-1] for layer in net.module.model[-1].cv3]
        assert net.names == ("bird", "dog", "hound")
        for old, new in zip(before, after, strict=True):
            assert torch.equal(new.weight[1], old.weight[CLASSES.index("dog")])
            assert torch.equal(new.weight[2], old.weight[CLASSES.index("eel")])
            assert not any(torch.allclose(new.weight[0], row) for row in old.weight)
        assert {r.label for p in model.predict(examples) for r in p.target.items} <= {"bird", "dog", "hound"}
        (tmp_path / "second").mkdir()
        model.save(tmp_path / "second")
        same(model.predict(examples), Yolo.load(tmp_path / "second", other).predict(examples))

    def test_a_network_for_something_else_is_no_beginning(self, tmp_path: Path) -> None:
        fitted(CHOICE, toy(images, tmp_path), {**CLASSES_OF_IMAGES, **QUICK}).save(tmp_path)
        with pytest.raises(BadData, match="no network to detect"):
            Yolo(regions.BOXES, SHORT).begin_from(tmp_path)

    def test_of_another_size_what_fits_comes_along(self) -> None:
        small, large = (build(architecture(f"yolo11{size}.yaml", DETECT), DETECT, CLASSES) for size in "ns")
        assert carry_over(small, large, {}) == 3


def _renamed(target: Any, label: str) -> list[Any]:
    from dataclasses import replace

    return [replace(region, label=label) for region in target.items]
