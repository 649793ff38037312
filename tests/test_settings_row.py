"""The settings of the dashboard without a browser: shown, set, refused, in step, disabled with a reason."""

from pathlib import Path

import pytest
from prepared import prepared
from seen import seen

from lsal.dashboard.board import Dashboard
from lsal.errors import BadRequest
from lsal.files import write_json
from lsal.models import MODELS
from lsal.strategies import STRATEGIES, fitting
from lsal.strategies.naming import with_exploration, without_exploration
from lsal.workbench import Workbench


@pytest.fixture
def bench(isolated_root: Path) -> Workbench:
    return prepared(isolated_root)


def field(shown: Dashboard, name: str) -> object:
    return shown.settings.fields[name].widget


def test_every_setting_is_shown_with_a_label_and_a_sentence(bench: Workbench) -> None:
    bench.configure(strategy="explore=0.2:margin", batch=40, relabel_share=0.1, refill_below=0.3)
    shown = Dashboard(bench)
    told = {name: one.widget.value for name, one in shown.settings.fields.items()}
    assert told == {"strategy": "margin", "batch": 40, "explore": 0.2, "relabel_share": 0.1, "refill_below": 0.3}
    for one in shown.settings.fields.values():
        assert one.widget.description
        assert one.widget.tooltip.startswith(f"{one.widget.description}: ")
        assert one.widget.tooltip.endswith(".")
    for part in ("margin", "40 tasks a batch", "20 % of it at random", "up to 10 % sent back", "below 30 % open"):
        assert part in shown.settings.summary.value
    assert "margin: The tasks whose two likeliest classes are closest." in shown.settings.help.value
    assert shown.settings.form.layout.display == "none"
    shown.settings.opener.click()
    assert shown.settings.form.layout.display == ""


def test_what_is_typed_is_set_and_two_dashboards_are_in_step(bench: Workbench) -> None:
    one, other = Dashboard(bench), Dashboard(Workbench(bench.root))
    field(one, "batch").value = 12
    field(one, "explore").value = 0.25
    field(one, "strategy").value = "badge"
    kept = bench.home.settings()
    assert (kept.batch, kept.strategy) == (12, "explore=0.25:badge")
    other.refresh()
    assert [field(other, name).value for name in ("batch", "explore", "strategy")] == [12, 0.25, "badge"]
    field(other, "explore").value = 0
    assert bench.home.settings().strategy == "badge"


@pytest.mark.parametrize(
    ("name", "wrong", "why"),
    [
        ("batch", 0, "Setting &#x27;batch&#x27; cannot be 0"),
        ("explore", 1.5, "takes a number from 0 to 1, not &#x27;1.5&#x27;"),
        ("relabel_share", -1.0, "Setting &#x27;relabel_share&#x27; cannot be -1"),
    ],
)
def test_a_refused_value_becomes_a_card_and_the_old_one_comes_back(
    bench: Workbench, name: str, wrong: float, why: str
) -> None:
    shown, before = Dashboard(bench), bench.home.settings()
    old = field(shown, name).value
    field(shown, name).value = wrong
    assert why in shown.error.value
    assert "Next: " in shown.error.value
    assert field(shown, name).value == old
    assert bench.home.settings() == before


def test_settings_that_cannot_be_used_are_disabled_with_the_reason(isolated_root: Path) -> None:
    assert all(one.widget.disabled for one in Dashboard(Workbench(isolated_root)).settings.fields.values())
    bench = prepared(isolated_root)
    bench.configure(strategy="random")
    shown = Dashboard(bench)
    assert [name for name, one in shown.settings.fields.items() if one.widget.disabled] == ["explore"]
    assert "all of the batch at random already" in field(shown, "explore").tooltip
    write_json(bench.home.path("detached.json"), {"done": True})
    shown.refresh()
    for one in shown.settings.fields.values():
        assert one.widget.disabled
        assert "is detached" in one.widget.tooltip
    assert "Attach it again" in shown.settings.help.value


def test_objects_have_a_threshold_of_their_own_and_no_label_to_doubt(isolated_root: Path) -> None:
    bench = seen(isolated_root)
    bench.configure(options={"label": {"epochs": 3}})
    shown = Dashboard(bench)
    (threshold,) = shown.settings.thresholds.values()
    assert (threshold.widget.description, threshold.widget.value) == ("Show from", 0.25)
    threshold.widget.value = 0.4
    assert bench.home.settings().options == {"label": {"epochs": 3, "threshold": 0.4}}
    threshold.widget.value = 4
    assert "threshold" in shown.error.value
    assert threshold.widget.value == 0.4
    assert field(shown, "relabel_share").disabled
    assert "object_doubt" in field(shown, "strategy").options


def test_strategies_for_other_answers_are_not_offered_and_the_one_in_use_always_is(bench: Workbench) -> None:
    offered = field(Dashboard(bench), "strategy").options
    assert {"auto", "margin", "random", "bald"} <= set(offered)
    assert not {"object_doubt", "mean_confidence", "token_margin", "flip_disagreement"} & set(offered)
    bench.configure(strategy="quota:margin")
    shown = Dashboard(bench)
    assert field(shown, "strategy").value == "quota:margin"
    field(shown, "explore").value = 0.1
    assert bench.home.settings().strategy == "explore=0.1:quota:margin"


def test_every_strategy_says_what_it_does_in_a_sentence() -> None:
    told = {name: fitting.sentence(strategy) for name, strategy in STRATEGIES.loaded()}
    assert all(one.endswith(".") and len(one) > 20 for one in told.values())
    assert len(set(told.values())) == len(told)


def test_what_families_can_be_asked_is_as_written_down() -> None:
    for asks, method in (("looks_twice", "predict_twice"), ("asks_members", "predict_with_members")):
        assert {name for name, family in MODELS.loaded() if hasattr(family, method)} == fitting.CAN[asks]


@pytest.mark.parametrize(
    ("name", "share", "rest"),
    [("margin", 0.0, "margin"), ("explore:badge", 0.1, "badge"), ("quota=0.3:explore=0.2:auto", 0.2, "quota=0.3:auto")],
)
def test_exploration_is_taken_apart_and_put_outermost(name: str, share: float, rest: str) -> None:
    assert without_exploration(name) == (share, rest)
    assert with_exploration(0.3, name) == f"explore=0.3:{rest}"
    assert with_exploration(0, name) == rest
    STRATEGIES.require(with_exploration(0.3, name))


def test_tuning_nothing_is_refused(bench: Workbench) -> None:
    with pytest.raises(BadRequest, match="Nothing is to be changed"):
        bench.tune()
