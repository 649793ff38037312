"""Stopping and forecast: known curves come back, what cannot be told is not, intervals hold as often as they say."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from lsal import outlook
from lsal.home import Home, create_home
from lsal.outlook import Forecast, Measurements, Needed, Stability, agreement, forecast, stability
from lsal.outlook.curves import Paths
from lsal.outlook.sentences import needs, sentences
from lsal.outlook.targets import first_reaching, steps
from lsal.outlook.verdict import CANNOT_TELL, GO_ON, STOP, verdict
from lsal.records import Labels, Regions

LABELS = np.arange(25, 526, 20)
STABLE = Stability(0.995, (0.985, 0.999), 3, 1000)
RESTLESS = Stability(0.9, (0.87, 0.92), 3, 1000)


def measured(values: np.ndarray, labels: np.ndarray = LABELS, tasks: int = 2000) -> Measurements:
    return Measurements.of(labels[: len(values)], values, [tasks] * len(values))


def law(labels: np.ndarray, limit: float = 0.92, fall: float = 3.0, rate: float = 0.6) -> np.ndarray:
    return limit - fall * labels**-rate


def test_kappa_of_cohens_own_table() -> None:
    counts = [(1, 1, 88), (1, 2, 10), (1, 3, 2), (2, 1, 14), (2, 2, 40), (2, 3, 6), (3, 1, 18), (3, 2, 10), (3, 3, 12)]
    one = {f"{a}{b}-{n}": a for a, b, count in counts for n in range(count)}
    other = {f"{a}{b}-{n}": b for a, b, count in counts for n in range(count)}
    found = agreement(1, 2, one, other)
    assert (found.tasks, found.alike) == (200, 140)
    assert found.chance == pytest.approx(0.41)
    assert found.kappa == pytest.approx((0.7 - 0.41) / 0.59)
    assert found.interval[0] < found.kappa < found.interval[1]


def test_kappa_over_common_tasks_only_and_of_those_who_always_say_the_same() -> None:
    one = {"a": "x", "b": "y", "c": "x", "gone": "y"}
    assert agreement(1, 2, one, {"a": "x", "b": "y", "c": "x", "new": "x"}).kappa == 1.0
    assert agreement(1, 2, one, {"a": "x", "b": "y", "c": "x"}).interval[0] < 0.9, "three tasks prove little"
    assert agreement(1, 2, {"a": "x"}, {"a": "x"}).kappa is None
    assert agreement(1, 2, {}, {"a": "x"}).kappa is None
    assert agreement(1, 2, {"a": "x", "b": "y"}, {"a": "y", "b": "x"}).kappa == -1.0


def test_stable_are_three_steps_in_a_row() -> None:
    one = {str(n): n % 5 for n in range(1000)}
    same, other = agreement(1, 2, one, one), agreement(2, 3, one, {**one, **{str(n): 0 for n in range(200)}})
    assert stability([]) is None
    assert not stability([same, same]).stable
    assert stability([other, same, same, same]).stable
    assert not stability([same, same, other]).stable
    nothing = agreement(1, 2, {"a": "x"}, {"a": "x"})
    assert not stability([same, same, same, nothing]).stable, "an older step does not stand in for it"
    assert stability([same, same, same, nothing]).steps == 2
    assert stability([same, nothing, nothing, nothing]) is None
    found = stability([same, same, same])
    assert (found.kappa, found.steps, found.tasks) == (1.0, 3, 1000)
    assert 0.99 < found.interval[0] < 1


@pytest.fixture
def home(isolated_root: Path) -> Home:
    return create_home(isolated_root, "http://127.0.0.1:1", 7, "2026-01-01T00:00:00Z", "Cats")


def test_answers_to_the_sample_are_kept_beside_the_version(home: Home) -> None:
    told = [(f"{n}:digest", Labels(("b", "a") if n % 2 else ())) for n in range(3000)]
    outlook.sample.keep(home, 7, told)
    outlook.sample.keep(home, 8, [("1:digest", Regions(()))])
    found = outlook.sample.answers(home, 7)
    assert len(found) == outlook.sample.KEPT
    assert (found["1:digest"], found["2:digest"]) == (("a", "b"), ())
    assert outlook.sample.asked(home) == [7], "objects are not compared"
    outlook.sample.keep(home, 7, [("1:digest", Labels(("c",)))])
    assert outlook.sample.answers(home, 7) == found, "a version says the same for ever"


@pytest.mark.parametrize(("limit", "fall", "rate"), [(0.92, 3.0, 0.6), (0.85, 8.0, 0.9), (0.99, 1.5, 0.35)])
def test_a_known_power_law_is_recovered(limit: float, fall: float, rate: float) -> None:
    values = law(LABELS, limit, fall, rate)
    found = forecast(measured(values), 25, target=float(law(np.array([800.0]), limit, fall, rate)[0]))
    for one in found.expected:
        true = float(law(np.array([525.0 + one.more]), limit, fall, rate)[0])
        assert one.interval[0] < true < one.interval[1]
        assert one.gain == pytest.approx(true - values[-1], abs=0.006)
        assert one.gain_interval[0] < true - values[-1] < one.gain_interval[1]
    assert found.needed.interval[0] <= 275
    assert found.needed.interval[1] is None or found.needed.interval[1] >= 275
    assert found.needed.more == pytest.approx(275, abs=150)


def test_a_flat_curve_says_that_nothing_more_is_expected() -> None:
    draw = np.random.default_rng(3)
    found = forecast(measured(0.8 + 0.003 * draw.standard_normal(len(LABELS)), tasks=1000), 25, target=0.95)
    for one in found.expected:
        assert abs(one.gain) < 0.005
        assert one.gain_interval[0] < 0 < one.gain_interval[1]
    assert found.needed.why_not
    assert found.needed.chance < 0.5
    word, says = verdict(STABLE, found)
    assert word == STOP
    assert "kappa .995" in says


def test_where_nothing_can_be_learned_nothing_is_promised() -> None:
    """A sixth of the answers are right by chance, as with shuffled labels of six classes; half of them stay so."""
    gains, lowest = [], []
    for seed in range(6):
        draw = np.random.default_rng(seed)
        first, kept = draw.random(200) < 1 / 6, draw.random((20, 200)) < 0.5
        values = np.where(kept, first, draw.random((20, 200)) < 1 / 6).mean(axis=1)
        expected = forecast(measured(values, tasks=200), 20).expected[2]
        gains.append(expected.gain)
        lowest.append(expected.gain_interval[0])
    assert max(lowest) < 0
    assert np.median(gains) < 0.01, "of 200 labels"


@pytest.mark.parametrize(("count", "tasks", "why"), [(3, 500, "3 measured versions"), (10, 8, "8 measuring tasks")])
def test_too_little_says_cannot_tell(count: int, tasks: int, why: str) -> None:
    found = forecast(measured(law(LABELS)[:count], tasks=tasks), 25, target=0.9)
    assert why in found.why_not
    assert not found.expected
    assert found.needed is None
    assert verdict(STABLE, found)[0] == CANNOT_TELL
    assert [why in told for told in sentences(found)] == [True]


def test_no_version_at_all_cannot_tell() -> None:
    assert forecast(Measurements.of([], [], []), 25).why_not


def test_a_target_above_the_asymptote_is_not_promised() -> None:
    found = forecast(measured(law(LABELS, 0.8, 8.0, 0.9), tasks=5000), 25, target=0.97)
    assert found.needed.interval[1] is None
    assert "lsal cannot tell" in needs(found.needed)
    near = forecast(measured(law(LABELS, 0.8, 8.0, 0.9), tasks=5000), 25, target=0.7)
    assert needs(near.needed) == "0.70 is reached"
    assert verdict(None, near)[0] == STOP


def test_few_measuring_tasks_make_wide_intervals() -> None:
    many, few = (forecast(measured(law(LABELS), tasks=tasks), 25) for tasks in (5000, 30))
    assert few.now[1] - few.now[0] > 5 * (many.now[1] - many.now[0])
    gain = few.expected[0].gain_interval
    assert gain[1] - gain[0] < (few.now[1] - few.now[0]) / 2, "the luck of the tasks is the same before and after"


def test_the_first_version_that_reaches_a_target_counts() -> None:
    now, then = np.array([0.9, 0.5, 0.5, 0.5]), np.array([[0.1, 0.1], [0.8, 0.1], [0.6, 0.8], [0.6, 0.7]])
    found = Paths(np.array([125.0, 150.0]), now, then, then, now)
    assert first_reaching(found, 25, 0.8).tolist() == [0, 25, 50, np.inf]
    ahead = steps(100, 25)
    assert ahead[:3].tolist() == [25, 50, 75]
    assert ahead[-1] <= 1000
    assert (np.diff(ahead) > 0).all()
    assert steps(10, 100).tolist() == [100, 200]


def gaining(gain: float, low: float, high: float) -> Forecast:
    more = outlook.Expected(100, gain, (low, high), 0.8, (0.7, 0.9))
    return Forecast(200, 0.79, 100, 8, expected=(more,))


@pytest.mark.parametrize(
    ("stable", "gain", "word"),
    [
        (STABLE, (0.002, -0.003, 0.007), STOP),
        (STABLE, (0.004, -0.01, 0.018), STOP),
        (RESTLESS, (0.004, -0.01, 0.018), CANNOT_TELL),
        (RESTLESS, (0.03, -0.01, 0.06), GO_ON),
        (None, (0.03, -0.01, 0.06), GO_ON),
        (STABLE, (0.03, 0.01, 0.06), GO_ON),
        (STABLE, (0.02, -0.04, 0.08), CANNOT_TELL),
        (RESTLESS, (0.002, -0.003, 0.007), STOP),
    ],
)
def test_the_verdict(stable: Stability | None, gain: tuple[float, float, float], word: str) -> None:
    found, says = verdict(stable, gaining(*gain))
    assert found == word
    assert says.endswith(f": {word}")


def test_the_verdict_reads_as_people_speak() -> None:
    assert verdict(STABLE, gaining(0.002, -0.003, 0.007))[1] == (
        "answers are stable (kappa .995, .985 to .999, over 3 rounds) and 100 more labels are expected to bring "
        "+0.2 points (-0.3 to +0.7): stopping is reasonable"
    )
    wanted = Needed(0.9, 550, (420, 700), 0.97, 4000)
    assert needs(wanted, 33.0) == "0.90 needs 420 to 700 more labels, about 5 hours at your pace"
    assert needs(wanted, 2.0).endswith("about 18 minutes at your pace")
    told = list(sentences(Forecast(200, 0.8, 50, 9, needed=wanted, held=4, tried=5), 33.0, open_tasks=300))
    assert told[1] == "Only 300 tasks of the project can still be labelled."
    assert "of such 90 % intervals held" in told[2]
    assert told[3].endswith("4 held.")


def test_the_pace_is_that_of_people_at_work() -> None:
    begun = datetime(2026, 1, 1, tzinfo=UTC)

    def at(*seconds: float) -> list[str]:
        return [(begun + timedelta(seconds=one)).isoformat().replace("+00:00", "Z") for one in seconds]

    alone = [(1, one) for one in at(*range(0, 200, 10), *range(90_000, 90_200, 10))]
    assert outlook.seconds_a_label(alone) == pytest.approx(10), "nights do not count"
    two = [*alone, *((2, one) for one in at(*range(5, 205, 10)))]
    assert outlook.seconds_a_label(two) == pytest.approx(10), "two at once are each as slow as one"
    assert outlook.seconds_a_label(alone[:5]) is None
    assert outlook.seconds_a_label([(1, one) for one in at(*np.arange(0, 10, 0.05))]) is None, "that was a program"
