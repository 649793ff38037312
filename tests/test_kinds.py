"""The laws of kinds, over every registered one, and what text and image choices make of tasks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import over

from lsal.errors import BadData
from lsal.kinds import KINDS, Sample, match
from lsal.label_studio.config import read_config
from lsal.models import MODELS
from lsal.records import Box, Control, Labels, Prediction, Regions, Target
from lsal.testing import KindContract
from lsal.testing.kinds import no_file

SAMPLES = [(name, sample) for name in KINDS for sample in KINDS[name].samples()]
NAMES = [f"{name}-{number}" for number, (name, _) in enumerate(SAMPLES)]


globals().update(over(KINDS, KindContract))


@pytest.mark.parametrize(("name", "sample"), SAMPLES, ids=NAMES)
def test_each_sample_is_found_by_its_kind(name: str, sample: Sample) -> None:
    handled, unhandled = match(read_config(sample.config).controls, {"c": KINDS[name].families[0]})
    assert {control: kind.name for control, (_, kind) in handled.items()} == {"c": name}
    assert not unhandled  # what only draws for it is not left to people
    assert all(family in MODELS for family in KINDS[name].families)


def control_of(config: str) -> Control:
    (control,) = read_config(f"<View>{config}</View>").controls
    return control


def text_of(object_tag: str, data: Mapping[str, Any], fetch: Any = no_file) -> Any:
    control = control_of(f'{object_tag}<Choices name="c" toName="x"><Choice value="a"/></Choices>')
    handled, _ = match([control])
    example = handled["c"][1].example(control, 1, data, fetch)
    return example.problem or example.input


def answer(*names: Any) -> list[dict[str, Any]]:
    return [{"from_name": "c", "to_name": "x", "type": "choices", "value": {"choices": list(names)}}]


class TestAnswers:
    OBJECT = '<Text name="x" value="$t"/>'
    SEVERAL = '<Choices name="c" toName="x" choice="multiple"{}><Choice value="a"/><Choice value="b"/></Choices>'
    SINGLE = (
        '<Choices name="c" toName="x"><Choice value="A" alias="a" predicted_values="1"/><Choice value="b"/></Choices>'
    )

    def target(self, choices: str, result: list[dict[str, Any]]) -> Target | None:
        control = control_of(self.OBJECT + choices)
        return KINDS["text_choices"]().target(control, result)

    def test_single(self) -> None:
        assert self.target(self.SINGLE, answer("b")) == Labels(("b",))
        assert self.target(self.SINGLE, []) is None
        assert self.target(self.SINGLE, answer()) is None

    @pytest.mark.parametrize("written", ["a", "A", "1"])
    def test_other_names_of_a_label(self, written: str) -> None:
        assert self.target(self.SINGLE, answer(written)) == Labels(("a",))

    def test_a_single_name_without_a_list(self) -> None:
        result = answer()
        result[0]["value"]["choices"] = "b"
        assert self.target(self.SINGLE, result) == Labels(("b",))

    def test_two_answers_to_a_single_choice(self) -> None:
        with pytest.raises(BadData, match="takes one"):
            self.target(self.SINGLE, answer("a", "b"))

    def test_several_stand_in_the_order_of_the_config(self) -> None:
        assert self.target(self.SEVERAL.format(""), answer("b", "a")) == Labels(("a", "b"))
        assert self.target(self.SEVERAL.format(""), answer("b") + answer("a", "b")) == Labels(("a", "b"))

    def test_none_of_several(self) -> None:
        assert self.target(self.SEVERAL.format(""), []) == Labels()
        assert self.target(self.SEVERAL.format(' required="false"'), []) == Labels()

    def test_silence_that_is_no_answer(self) -> None:
        assert self.target(self.SEVERAL.format(' required="true"'), []) is None
        assert self.target(self.SEVERAL.format(' visibleWhen="choice-selected"'), []) is None
        hidden = f'<View visibleWhen="region-selected">{self.SEVERAL.format("")}</View>'
        assert self.target(hidden, []) is None

    @pytest.mark.parametrize("value", [{}, {"choices": None}, None, {"choices": [["a", "b"]]}, {"choices": [1]}])
    def test_answers_that_make_no_sense(self, value: Any) -> None:
        with pytest.raises(BadData):
            self.target(self.SINGLE, [{**answer()[0], "value": value}])

    def test_the_score_is_the_chance_of_the_least_certain(self) -> None:
        control = control_of(self.OBJECT + self.SEVERAL.format(""))
        chances = np.array([[0.1, 0.9], [0.25, 0.75]], np.float32)
        (region,) = KINDS["text_choices"]().result(control, Prediction(1, Labels(("a", "b")), chances))
        assert region["score"] == 0.75
        assert region["value"] == {"choices": ["a", "b"]}

    def test_a_predicted_label_that_the_config_lost(self) -> None:
        control = control_of(self.OBJECT + self.SINGLE)
        with pytest.raises(BadData, match="'gone' is not one of those of 'c': a, b"):
            KINDS["text_choices"]().result(control, Prediction(1, Labels(("gone",)), np.ones((1, 1), np.float32)))


class TestTexts:
    def test_plain(self) -> None:
        assert text_of('<Text name="x" value="$t"/>', {"t": " as it is\n"}) == " as it is\n"
        assert text_of('<Text name="x" value="$t"/>', {"t": 42}) == "42"
        assert text_of('<Text name="x" value="$t"/>', {"t": ""}) == ""

    def test_parts_and_paths(self) -> None:
        assert text_of('<Text name="x" value="$a. $b"/>', {"a": "One", "b": "two"}) == "One. two"
        assert text_of('<Text name="x" value="$a.b[1]"/>', {"a": {"b": ["no", "yes"]}}) == "yes"
        assert text_of('<Text name="x" value="$a.b"/>', {"a.b": "flat"}) == "flat"
        assert "no 'a.c'" in text_of('<Text name="x" value="$a.c"/>', {"a": {"b": 1}})

    def test_a_value_without_a_name(self) -> None:
        assert text_of('<Text name="x" value="$t"/>', {"$undefined$": "a line of a .txt"}) == "a line of a .txt"

    def test_packed(self) -> None:
        assert text_of('<Text name="x" value="$t" encoding="base64unicode"/>', {"t": "w6lsw6h2ZQ=="}) == "élève"

    def test_from_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "t.txt").write_text("far away", "utf-8")
        assert (
            text_of('<Text name="x" value="$t" valueType="url"/>', {"t": "u"}, lambda _: tmp_path / "t.txt")
            == "far away"
        )
        assert "'u' cannot be had" in text_of('<Text name="x" value="$t" valuetype="url"/>', {"t": "u"})

    def test_html(self) -> None:
        html = (
            "<html><head><title>no</title><style>p {x: y}</style></head><body><p>One <b>wo</b>rd &amp; more<br>next</p>"
            "<script>no()</script><ul><li>a<li>b</ul><!-- no -->end"
        )
        assert text_of('<HyperText name="x" value="$t"/>', {"t": html}) == "One word & more next a b end"

    def test_dialogues(self, tmp_path: Path) -> None:
        turns = [{"who": "Ann", "says": "Hi"}, {"says": "Hello"}]
        named = '<Paragraphs name="x" value="$t" nameKey="who" textKey="says"{}/>'
        assert text_of(named.format(""), {"t": turns}) == "Ann: Hi\nHello"
        assert "No turn has a 'text'" in text_of('<Paragraphs name="x" value="$t"/>', {"t": turns})
        assert "list of turns" in text_of(named.format(""), {"t": "no list"})
        (tmp_path / "d.json").write_text('[{"says": "Yo"}]')
        assert text_of(named.format(' valueType="url"'), {"t": "u"}, lambda _: tmp_path / "d.json") == "Yo"


ON_TEXT, ON_IMAGE = '<Text name="x" value="$t"/>', '<Image name="x" value="$i"/>'
CHOICE = '<Choice value="a"/>'


@pytest.mark.parametrize(
    ("shown", "choices", "inside", "words"),
    [
        ('<Audio name="x" value="$i"/>', "", CHOICE, "Choices 'c' on Audio: no kind handles Choices on it yet"),
        (ON_TEXT, 'perRegion="true"', CHOICE, "perRegion"),
        (ON_IMAGE, 'perItem="true"', CHOICE, "perItem"),
        (ON_TEXT, 'allowNested="true"', CHOICE, "choices inside choices"),
        (ON_TEXT, "", f'<Choice value="b">{CHOICE}</Choice>', "choices inside choices"),
        (ON_TEXT, 'value="$options"', "", "come from each task"),
        (ON_TEXT, "", '<Choice value="$a"/>', "come from each task"),
        (ON_TEXT, "", "", "no choices"),
        ('<Text name="x" value="same"/>', "", CHOICE, "same in every task"),
        ('<Image name="x" valueList="$i"/>', "", CHOICE, "valueList"),
        (f'{ON_TEXT}<Text name="y" value="$u"/>', 'toName="x,y"', CHOICE, "several objects"),
    ],
)
def test_choices_that_no_kind_handles_are_named(shown: str, choices: str, inside: str, words: str) -> None:
    to_name = "" if "toName" in choices else 'toName="x"'
    handled, unhandled = match([control_of(f'{shown}<Choices name="c" {to_name} {choices}>{inside}</Choices>')])
    assert not handled
    assert words in unhandled["c"]


def test_other_tags_are_named_beside_those_that_are_handled() -> None:
    boxes = '<EllipseLabels name="box" toName="x"><Label value="a"/></EllipseLabels>'
    config = f'<View>{ON_IMAGE}{boxes}<Choices name="c" toName="x">{CHOICE}</Choices></View>'
    handled, unhandled = match(read_config(config).controls)
    assert list(handled) == ["c"]
    assert unhandled == {"box": "EllipseLabels 'box' on Image: no kind handles EllipseLabels on it yet"}


def test_an_older_editors_region_holds_shape_and_name_in_one_item() -> None:
    config = '<View><Image name="x" value="$i"/><Rectangle name="r" toName="x"/><Labels name="c" toName="x">'
    (named,) = match(read_config(f'{config}<Label value="cat"/></Labels></View>').controls)[0].values()
    value = {"x": 10, "y": 20, "width": 30, "height": 40, "rectanglelabels": ["cat"]}
    item = {"id": "a", "from_name": "c", "to_name": "x", "type": "rectanglelabels", "value": value}
    control, kind = named
    target = kind.target(control, [item])
    assert isinstance(target, Regions)
    assert [(one.label, one.shape) for one in target.items] == [("cat", Box(0.1, 0.2, 0.3, 0.4))]
