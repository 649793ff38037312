"""The laws of a kind: Label Studio's JSON and targets, the same thing in two languages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from lsal.errors import BadData
from lsal.kinds import Sample
from lsal.label_studio.config import read_config
from lsal.label_studio.media import Media
from lsal.protocols import Fetch, Kind
from lsal.records import Control, Example, Labels, Page, Prediction, Target

HOSTILE: list[Any] = [None, 7.5, True, "", [], {}, [1], {"a": []}, "\x00", "file:///etc/passwd"]
"""Values that tasks hold where something else was expected."""


def no_file(url: str) -> Path:
    """A server that has no file."""
    raise BadData(f"'{url}' cannot be had", "Look for it")


def broken(url: str) -> Path:
    """A machine that fails."""
    raise RuntimeError("disk on fire")


class KindContract:
    """Every law of a kind, on each of its samples. Set `kind` to the class."""

    kind: ClassVar[Any]
    """A class that follows `protocols.Kind`, with a class method `samples()` that gives `kinds.Sample`s."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Each law that asks for a sample runs on all of them."""
        if "sample" in metafunc.fixturenames:
            metafunc.parametrize("sample", self.kind.samples())

    @pytest.fixture
    def control(self, sample: Sample) -> Control:
        """The one control of the sample's label config that is handled: what only draws for it is none of its own."""
        (control,) = [each for each in read_config(sample.config).controls if self.kind().refusal(each) is None]
        return control

    @pytest.fixture
    def example(self, sample: Sample, control: Control, tmp_path: Path) -> Example:
        """The sample's task, as a model sees it."""
        try:
            example: Example = self.kind().example(
                control, 12, sample.data, Media(tmp_path, "http://127.0.0.1:1").fetch
            )
            return example
        except Exception as error:  # a law of its own
            return Example(12, None, problem=str(error))

    @pytest.fixture
    def made(self) -> Kind:
        """The kind, made as lsal makes it."""
        made: Kind = self.kind()
        return made

    def predicted(self, control: Control, target: Target) -> Prediction:
        """A prediction of `target`, with chances as a model would give them."""
        if not isinstance(target, Labels):
            return Prediction(1, target, np.zeros((0, len(control.labels) + 1), np.float32))
        chosen = np.array([label in target.names for label in control.labels])
        sure = np.where(chosen, 0.75, 0.25).astype(np.float32)
        chances = np.stack([1 - sure, sure], axis=1) if control.several else (sure / sure.sum())[None]
        return Prediction(1, target, chances)

    def test_has_a_name_and_model_families(self, made: Kind) -> None:
        """A name, and at least one family of models, the default first."""
        assert isinstance(made.name, str)
        assert made.name
        assert made.families
        assert all(isinstance(family, str) for family in made.families)

    def test_handles_its_samples_and_leaves_other_tags_alone(
        self, made: Kind, control: Control, sample: Sample
    ) -> None:
        """`refusal` is None for what it handles, and "" for tags that are none of its business."""
        assert made.refusal(control) is None
        assert made.refusal(replace(control, tag="Nothing", object_tag="Nowhere")) == ""

    def test_reads_its_task(self, example: Example) -> None:
        """The input of the sample's task: a text, or a file that is there."""
        assert example.problem is None
        assert example.task_id == 12
        assert example.input
        assert not isinstance(example.input, Path | Page) or example.file.is_file()

    def test_target_of_result_is_the_target(
        self, made: Kind, control: Control, sample: Sample, example: Example
    ) -> None:
        """What it writes for a prediction it reads back as that very prediction's target."""
        assert len(sample.targets) > 1
        for target in sample.targets:
            assert (
                made.target(control, made.result(control, self.predicted(control, target), example), example) == target
            )

    def test_results_pass_the_sdk(self, made: Kind, control: Control, sample: Sample, example: Example) -> None:
        """Label Studio drops or keeps what is invalid without a word: the SDK has to find nothing."""
        from label_studio_sdk.label_interface import LabelInterface

        interface = LabelInterface(sample.config)
        for target in sample.targets:
            result = made.result(control, self.predicted(control, target), example)
            assert interface.validate_prediction({"result": result, "score": 0.5}, return_errors=True) == []

    def test_an_unknown_label_names_both_lists(
        self, made: Kind, control: Control, sample: Sample, example: Example
    ) -> None:
        """A label that the config does not have is an error that names it, and what there is."""
        said = [made.result(control, self.predicted(control, target), example) for target in sample.targets]
        older = replace(control, labels=("other",), aliases={})
        with pytest.raises(BadData, match="other") as error:
            made.target(older, next(result for result in said if result), example)
        assert any(label in error.value.what for label in control.labels)
        assert error.value.fix

    def test_other_controls_say_nothing(self, made: Kind, control: Control, sample: Sample, example: Example) -> None:
        """An answer to another control is none to this one."""
        result = made.result(control, self.predicted(control, sample.targets[-1]), example)
        elsewhere = [{**region, "from_name": "elsewhere"} for region in result]
        assert made.target(control, elsewhere, example) == made.target(control, [], example)

    def test_two_controls_share_no_region(self, made: Kind, control: Control, sample: Sample, example: Example) -> None:
        """Label Studio takes items of one id for one region: those of another control have other ids, or none."""
        told = self.predicted(control, sample.targets[-1])
        here, there = (
            {region["id"] for region in made.result(each, told, example) if "id" in region}
            for each in (control, replace(control, name=f"{control.name}2"))
        )
        assert not here & there

    def test_an_empty_answer_is_told_apart(
        self, made: Kind, control: Control, sample: Sample, example: Example
    ) -> None:
        """Nothing said is no answer, or the answer "none"; never one that somebody would have to write."""
        written = [t for t in sample.targets if made.result(control, self.predicted(control, t), example)]
        assert written
        assert made.target(control, [], example) not in written

    @pytest.mark.parametrize("value", HOSTILE, ids=repr)
    @pytest.mark.parametrize("fetch", [no_file, broken])
    def test_never_raises(self, made: Kind, control: Control, sample: Sample, value: Any, fetch: Fetch) -> None:
        """Whatever a task holds: one that cannot be read has a problem that names the task and the field."""
        for data in ({control.data_key: value}, {}):
            example = made.example(control, 12, data, fetch)
            assert (example.input is None) == (example.problem is not None)
            if example.problem:
                assert "task 12" in example.problem
                assert f"'{control.data_key}'" in example.problem
