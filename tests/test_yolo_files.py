"""What the family `yolo` keeps and reads: tensors and JSON, weights and architectures of others, options."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from yolo_toys import HERE, NAMES, SHORT, control, fitted, weights

from lsal.errors import BadData, BadRequest
from lsal.models.yolo import Yolo
from lsal.models.yolo.nets import architecture
from lsal.models.yolo.wishes import CLASSIFY, DETECT, SEGMENT
from lsal.records import Control, Example
from lsal.testing import regions
from lsal.testing.materials import CLASSES
from lsal.testing.regions import example_of


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return [example_of(tmp_path, regions.BOXES, number) for number in range(6)]


class TestFiles:
    def test_json_and_tensors_nothing_else(self, examples: list[Example], tmp_path: Path) -> None:
        model = fitted(regions.BOXES, examples, SHORT)
        folder = tmp_path / "kept"
        folder.mkdir()
        model.save(folder)
        assert sorted(path.name for path in folder.iterdir()) == ["model.json", "weights.safetensors"]
        with pytest.raises(pickle.UnpicklingError):
            pickle.loads((folder / "weights.safetensors").read_bytes())

    def test_damaged_weights_are_told(self, examples: list[Example], tmp_path: Path) -> None:
        model, kept = fitted(regions.BOXES, examples, SHORT), tmp_path / "weights.safetensors"
        model.save(tmp_path)
        whole = kept.read_bytes()
        kept.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BadData, match="does not hold the weights"):
            Yolo.load(tmp_path, regions.BOXES)
        kept.unlink()
        with pytest.raises(BadData, match="does not hold the weights"):
            Yolo.load(tmp_path, regions.BOXES)
        with pytest.raises(BadData, match="holds no model"):
            Yolo.load(tmp_path / "nowhere", regions.BOXES)

    def test_a_file_of_weights_executes_nothing(self, tmp_path: Path) -> None:
        class Trap:
            def __reduce__(self) -> Any:
                return os.mkdir, (str(tmp_path / "sprung"),)

        torch.save({"model": Trap()}, tmp_path / "trap.pt")
        (tmp_path / "plain.pt").write_bytes(pickle.dumps({"model": Trap()}, protocol=2))
        for name in ("trap.pt", "plain.pt"):
            with pytest.raises(BadRequest, match="holds no network that loads"):
                Yolo.pretrained(regions.BOXES, {"model": str(tmp_path / name)})
        assert not (tmp_path / "sprung").exists()

    def test_an_architecture_executes_nothing(self, tmp_path: Path, examples: list[Example]) -> None:
        yaml = (HERE / "tiny.yaml").read_text() + f"activation: __import__('os').mkdir('{tmp_path / 'sprung'}')\n"
        (tmp_path / "trap.yaml").write_text(yaml)
        with pytest.raises(BadRequest):
            fitted(regions.BOXES, examples, {**SHORT, "model": str(tmp_path / "trap.yaml")})
        assert not (tmp_path / "sprung").exists()

    @pytest.mark.parametrize(
        ("model", "said"),
        [
            ("absent.pt", "There are no weights 'absent.pt' here"),
            ("yolo99x.yaml", "There is no architecture 'yolo99x.yaml'"),
            ("https://example.com/a.yaml", "fetches nothing"),
            ("yolo11n-seg.yaml", "ends in Segment, and this control needs one to detect"),
            ("yolo11n-pose.yaml", "ends in Pose"),
        ],
    )
    def test_what_is_not_here_or_for_something_else_is_told(
        self, examples: list[Example], model: str, said: str
    ) -> None:
        with pytest.raises(BadRequest, match=said) as error:
            fitted(regions.BOXES, examples, {**SHORT, "model": model})
        assert error.value.fix

    def test_weights_in_the_cache_are_found_by_their_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LSAL_CACHE", str(tmp_path / "cache"))
        (tmp_path / "cache" / "weights").mkdir(parents=True)
        weights(tmp_path / "cache" / "weights")
        assert Yolo.pretrained(control(NAMES), {"model": "given.pt", "size": 64}) is not None

    @pytest.mark.parametrize(
        ("name", "task"),
        [("yolo11n", DETECT), ("yolov8s.yaml", DETECT), ("yolo26n-seg.yaml", SEGMENT), ("yolo11m-cls", CLASSIFY)],
    )
    def test_architectures_of_ultralytics_are_known_by_name(self, name: str, task: str) -> None:
        assert (
            architecture(name, task)["scale"] == name.removeprefix("yolov8").removeprefix("yolo11")[:1] or "26" in name
        )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epoch": 3}, "no option 'epoch'"),
        ({"epochs": 0}, "at least 1"),
        ({"size": 65}, "multiple of 32"),
        ({"size": 32}, "at least 64"),
        ({"threshold": 2}, "from 0 to 1"),
        ({"batch": True}, "whole number"),
        ({"train": {"data": "x"}}, "not lsal's"),
        ({"train": {"epochs": 3}}, "not lsal's"),
    ],
)
def test_wrong_options_name_what_there_is(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        Yolo(regions.BOXES, options)


def test_what_no_network_learns_is_told() -> None:
    with pytest.raises(BadRequest, match="no regions of KeyPoint"):
        Yolo(control(CLASSES, tag="KeyPointLabels"))
    several = Control("c", "x", "Choices", "Image", "image", CLASSES, options={"choice": "multiple"})
    with pytest.raises(BadRequest, match="one class of an image") as error:
        Yolo(several)
    assert "image_features" in error.value.fix
