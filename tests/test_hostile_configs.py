"""Label configs that nobody would write: read, or refused with a BadConfig; never anything else, and never slowly."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from strange_configs import configs, sensible

from lsal.errors import BadConfig
from lsal.kinds import match
from lsal.label_studio.config import ATTRIBUTES, CONTROLS, Config, read_config

TEXT = '<Text name="t" value="$text"/>'
CHOICES = '<Choices name="c" toName="t"><Choice value="a"/>'
SLOW = [HealthCheck.too_slow]


@settings(max_examples=400, derandomize=True, deadline=None, suppress_health_check=SLOW)
@given(configs)
@example("\ud800")
@example(f'<View>{TEXT}<Choices name="c" toName="t"><Choice value="\x01"/></Choices></View>')
def test_any_text_is_a_config_or_a_bad_config(xml: str) -> None:
    try:
        config = read_config(xml)
    except BadConfig as error:
        refused = error
    else:
        refused = None
        config_is_whole(config)
    assert refused is None or (refused.what and refused.fix)


def config_is_whole(config: Config) -> None:
    """Each of its controls is learned, left to people by name, or draws for one that is learned."""
    handled, unhandled = match(config.controls)
    drawn = {tool for control, _ in handled.values() for tool in control.drawn_by.values()}
    assert handled.keys() | unhandled.keys() | drawn == {control.name for control in config.controls}


@settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=SLOW)
@given(sensible())
def test_what_is_sensible_is_read(xml: str) -> None:
    assert read_config(xml).controls[0].name == "c"


def billion_laughs() -> str:
    entities = ['<!ENTITY l0 "lol">', *(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))]
    return f'<!DOCTYPE v [{"".join(entities)}]><View>{TEXT}<Choices name="&l9;" toName="t"/></View>'


def quadratic() -> str:
    return f'<!DOCTYPE v [<!ENTITY a "{"a" * 100_000}">]><View>{"&a;" * 100_000}</View>'


def outside(kind: str, address: str) -> str:
    return f'<!DOCTYPE v [<!ENTITY {kind} a SYSTEM "{address}">]><View>&a;{TEXT}{CHOICES}</Choices></View>'


BOMBS = {
    "billion laughs": billion_laughs(),
    "quadratic": quadratic(),
    "a file": outside("", "file:///etc/passwd"),
    "an address": outside("", "http://127.0.0.1:9/"),
    "a parameter": outside("%", "http://127.0.0.1:9/"),
    "a DTD": f'<!DOCTYPE v SYSTEM "http://127.0.0.1:9/v.dtd"><View>{TEXT}{CHOICES}</Choices></View>',
    "a public DTD": f'<!DOCTYPE v PUBLIC "x" "file:///etc/hostname"><View>{TEXT}{CHOICES}</Choices></View>',
}


@pytest.fixture
def asked_outside() -> Iterator[list[Any]]:
    """What this thread opens or connects to, as Python's audit hooks tell it."""
    heard: list[Any] = []
    watching, own = [True], threading.get_ident()

    def hook(event: str, given: tuple[Any, ...]) -> None:
        told = event == "open" or event.startswith(("socket.", "urllib."))
        if watching and told and threading.get_ident() == own:
            heard.append((event, given))

    sys.addaudithook(hook)  # which cannot be taken away again
    yield heard
    watching.clear()


@pytest.mark.parametrize("name", BOMBS)
def test_no_entity_is_expanded_and_nothing_is_read_elsewhere(name: str, asked_outside: list[Any]) -> None:
    with pytest.raises(BadConfig, match="DOCTYPE"):
        read_config(BOMBS[name])
    assert asked_outside == []


def test_the_watch_over_files_and_addresses_sees_them(asked_outside: list[Any], tmp_path: Path) -> None:
    (tmp_path / "seen").write_text("")
    assert [event for event, _ in asked_outside] == ["open"]


@pytest.mark.parametrize("bomb", ["&lol;", "<View>&lol;</View>", f"<View>{TEXT}&nbsp;{CHOICES}</Choices></View>"])
def test_an_entity_that_nobody_declared_is_not_xml(bomb: str) -> None:
    with pytest.raises(BadConfig, match="not XML"):
        read_config(bomb)


def many_labels(count: int) -> str:
    labels = "".join(f'<Choice value="l{n}"/>' for n in range(count))
    return f"<View>{TEXT}{CHOICES}{labels}</Choices></View>"


def many_controls(count: int) -> str:
    """Each may be drawn on by each, and each says something about what stands around it."""
    pairs = (f'<Rectangle name="r{n}" toName="t"/><Labels name="c{n}" toName="t"/>' for n in range(count // 2))
    return f'<View visibleWhen="x"><Image name="t" value="$image"/>{"".join(pairs)}</View>'


def many_paths(count: int) -> str:
    branches = "".join(f'<Choice value="a{n}"><Choice value="b"/></Choice>' for n in range(count // 2))
    return f'<View>{TEXT}<Taxonomy name="c" toName="t">{branches}</Taxonomy></View>'


def work(xml: str) -> int:
    """How many calls, of Python and of C, reading takes: the same on every machine."""
    calls = 0

    def count(frame: Any, event: str, what: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        config = read_config(xml)
    finally:
        sys.setprofile(None)
    assert config.controls
    return calls


@pytest.mark.parametrize(("make", "count"), [(many_labels, 5_000), (many_controls, 400), (many_paths, 5_000)])
def test_twice_as_much_is_twice_the_work(make: Any, count: int) -> None:
    read_config(make(2))
    once, twice = work(make(count)), work(make(2 * count))
    assert 1.5 * once < twice < 2.5 * once


def test_ten_thousand_labels() -> None:
    (control,) = read_config(many_labels(10_000)).controls
    assert len(control.labels) == 10_001
    assert match([control])[0].keys() == {"c"}


FILLED = " ".join(f"a{n}=''" for n in range(ATTRIBUTES + 1))


@pytest.mark.parametrize(
    ("xml", "says"),
    [
        (many_controls(CONTROLS + 2), "1,002 controls"),
        (f"<View>{TEXT}<Choices {FILLED}/></View>", "101 attributes"),
        (f"<View>{TEXT * 5_000}{CHOICES}</Choices></View>", "and 4980 more"),
        (f'<View>{TEXT}<Choices name="c" toName="x"/></View>', "Set toName to one of: t"),
    ],
)
def test_too_much_is_told_in_a_line(xml: str, says: str) -> None:
    with pytest.raises(BadConfig) as error:
        read_config(xml)
    assert says in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    "start", ["\ufeff", '<?xml version="1.0" encoding="utf-16"?>', "<?xml version='1.0'?><!-- - -->"]
)
def test_what_stands_before_a_config_does_not_matter(start: str) -> None:
    (control,) = read_config(f"{start}<View>{TEXT}{CHOICES}<Choice value='é'/></Choices></View>").controls
    assert control.labels == ("a", "é")


def test_a_huge_attribute() -> None:
    xml = f'<View>{TEXT}<Choices name="c" toName="t" hint="{"x" * 5_000_000}"><Choice value="a"/></Choices></View>'
    assert read_config(xml).controls[0].labels == ("a",)
