"""Label configs: what is read out of them, what is refused, and that the SDK sees the same."""

import pytest
from label_studio_sdk.label_interface import LabelInterface

from lsal.errors import BadConfig
from lsal.label_studio.config import read_config
from lsal.records import Control

TEXT = '<Text name="t" value="$text"/>'


def read_one(inside: str) -> Control:
    (control,) = read_config(f"<View>{inside}</View>").controls
    return control


def test_a_control_and_its_object() -> None:
    control = read_one(
        '<Text name="t" value="$text" valueType="url"/>'
        '<Choices name="c" toName="t" choice="multiple"><Choice value="a"/></Choices>'
    )
    assert (control.name, control.to_name, control.tag, control.object_tag) == ("c", "t", "Choices", "Text")
    assert control.data_key == "text"
    assert control.labels == ("a",)
    assert control.several
    assert control.options["choice"] == "multiple"
    assert control.options["Text.valueType"] == "url"


ALIASED = (
    f'<View>{TEXT}<Choices name="c" toName="t"><Choice value="Very good" alias="good" predicted_values="pos, 1"/>'
    '<Choice value="Bad"/></Choices></View>'
)


def test_an_alias_takes_the_place_of_the_value() -> None:
    (control,) = read_config(ALIASED).controls
    assert control.labels == ("good", "Bad")
    assert control.aliases == {"Very good": "good", "pos": "good", "1": "good"}


@pytest.mark.parametrize(("written", "accepted"), [("good", True), ("Very good", False), ("Bad", True)])
def test_the_sdk_accepts_the_alias_and_not_the_value(written: str, accepted: bool) -> None:
    region = {"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": [written]}}
    assert LabelInterface(ALIASED).validate_prediction({"result": [region]}) is accepted


def test_a_name_that_could_mean_two_labels_leads_nowhere() -> None:
    control = read_one(
        f'{TEXT}<Choices name="c" toName="t"><Choice value="x" alias="a" predicted_values="p"/>'
        '<Choice value="x" alias="b" predicted_values="p,a"/></Choices>'
    )
    assert control.labels == ("a", "b")
    assert control.aliases == {}


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("$image", "image"),
        ("https://host/files/$name", "name"),
        ("$pages[0].url", "pages[0].url"),
        ("$my-key", "my-key"),
        ("Dear $who, hello", "who"),
        ("always the same", ""),
    ],
)
def test_data_keys(value: str, key: str) -> None:
    control = read_one(f'<Image name="i" value="{value}"/><Choices name="c" toName="i"><Choice value="a"/></Choices>')
    assert control.data_key == key


def test_several_values() -> None:
    assert read_one('<Image name="i" valueList="$images"/><RectangleLabels name="c" toName="i"/>').data_key == "images"


RICH = f"""
<View style="display: flex"><!-- a comment with <Choices> in it -->
  <Style>.x {{ color: red }}</Style><Header value="Hi"/>{TEXT}<Image name="i" value="$image"/>
  <View visibleWhen="region-selected"><Choices name="each" toName="i" perRegion="true"><View><Choice value="a"/></View>
  </Choices></View>
  <Choices name="deep" toName="t" allowNested="true"><Choice value="a"><Choice value="b"/></Choice></Choices>
  <Choices name="dynamic" toName="t" value="$options"/>
  <Choices name="later" toName="t" visibleWhen="choice-selected" whenTagName="deep"><Choice value="z"/></Choices>
  <Labels name="words" toName="t"><Label value="P" alias="person"/></Labels>
  <TextArea name="say" toName="t"/><Rating name="stars" toName="t"/><Pairwise name="two" toName="t,i"/>
  <Repeater on="$list" indexFlag="{{{{idx}}}}"><Text name="r_{{{{idx}}}}" value="$list[{{{{idx}}}}].text"/>
  <Choices name="c_{{{{idx}}}}" toName="r_{{{{idx}}}}"><Choice value="q"/></Choices></Repeater>
</View>"""


def test_a_rich_config() -> None:
    controls = {control.name: control for control in read_config(RICH).controls}
    assert list(controls) == ["each", "deep", "dynamic", "later", "words", "say", "stars", "two", "c_{{idx}}"]
    assert controls["each"].options["View.visibleWhen"] == "region-selected"
    assert controls["deep"].options["Choice.nested"] == "true"
    assert controls["deep"].labels == ("a", "b")
    assert controls["dynamic"].options["value"] == "$options"
    assert controls["words"].labels == ("person",)
    assert controls["two"].to_name == "t,i"
    assert controls["c_{{idx}}"].options["Repeater.on"] == "$list"


@pytest.mark.parametrize("xml", [RICH, ALIASED])
def test_the_sdk_sees_the_same(xml: str) -> None:
    ours = {control.name: (control.tag, control.to_name, control.labels) for control in read_config(xml).controls}
    theirs = {tag.name: (tag.tag, ",".join(tag.to_name), tuple(tag.labels)) for tag in LabelInterface(xml).controls}
    assert ours == theirs


def test_the_digest_follows_the_meaning() -> None:
    xml = f'<View>{TEXT}<Choices name="c" toName="t"><Choice value="a"/></Choices></View>'
    same = f'<View><!-- hi -->\n  {TEXT}<Choices toName="t" name="c"><Choice value="a"></Choice></Choices>\n</View>'
    other = xml.replace('"a"', '"b"')
    assert read_config(xml).digest == read_config(same).digest
    assert read_config(xml).digest != read_config(other).digest


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        ("", ["not XML"]),
        ("<View>", ["not XML"]),
        ("\ud800", ["not XML"]),
        (f"<View>{TEXT}</View>", ["no control"]),
        (f'<View>{TEXT}<Choices name="c" toName="x"/></View>', ["<Choices name='c'>", "toName='x'", "one of: t"]),
        (f'<View>{TEXT}<Choices name="c" toName="t"/><Rating name="c" toName="t"/></View>', ["name='c'", "<Rating>"]),
        (f'<View>{TEXT}<Choices name="t" toName="t"/></View>', ["name='t'", "<Text> and <Choices>"]),
        ('<!DOCTYPE v [<!ENTITY a "aaaa">]><View>&a;</View>', ["DOCTYPE"]),
        ('<!DOCTYPE v SYSTEM "file:///etc/passwd"><View/>', ["DOCTYPE"]),
    ],
)
def test_what_is_refused_and_how(xml: str, words: list[str]) -> None:
    with pytest.raises(BadConfig) as error:
        read_config(xml)
    assert error.value.fix
    for word in words:
        assert word in str(error.value)


def test_as_deep_as_label_studio_takes() -> None:
    """Its parser stops at 256 tags inside each other."""
    deep = "<View>" * 253 + '<Choice value="a"/>' + "</View>" * 253
    assert read_one(f'{TEXT}<Choices name="c" toName="t">{deep}</Choices>').labels == ("a",)
    with pytest.raises(BadConfig, match="256 tags inside each other"):
        read_one(f'{TEXT}<Choices name="c" toName="t"><View>{deep}</View></Choices>')
