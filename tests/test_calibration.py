"""Confidence that can be trusted: one temperature for each version, and what the measuring tasks say about it."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from projects import demo_of_texts

from lsal import measuring, predicting, publishing, training
from lsal.calibration import FEWEST, at_temperature, fit_temperature, in_words, set_right
from lsal.dashboard.html import to_text
from lsal.dashboard.trusted import WHAT_IT_IS, calibrated, calibration_notes
from lsal.engine import ENGINES
from lsal.home import Home, create_home
from lsal.jobs import Job
from lsal.label_studio.server import Server
from lsal.measuring.confidence import by_chance, ece, interval, sureness, trust
from lsal.models.sklearn_text import SklearnText
from lsal.predicting.loading import Calibrated, load_model
from lsal.protocols import Report
from lsal.records import Control, Example, Labels, Prediction, Progress
from lsal.snapshots import Snapshot
from lsal.store import Store
from lsal.training import Trained, train
from lsal.workbench import Workbench
from lsal.worker.candidates import candidates
from lsal.worker.steps import Steps

TEXT = Control("c", "x", "Choices", "Text", "text", ("cat", "dog", "emu"), {}, {"choice": "single"})
SEVERAL = replace(TEXT, options={"choice": "multiple"})


def deaf(progress: Progress) -> None:
    """A report that nobody reads."""


def noisy(n: int, seed: int, wrong: float = 0.3, control: Control = TEXT) -> list[Example]:
    """Texts of one telling word among many, some with another label than they should have."""
    draw, found = random.Random(seed), []
    for number in range(n):
        name = draw.choice(control.labels)
        words = [f"w{draw.randrange(60)}" for _ in range(6)]
        given = (draw.choice(control.labels) if draw.random() < wrong else name,)
        if control.several and draw.random() < 0.3:
            given = tuple(label for label in control.labels if label in {*given, draw.choice(control.labels)})
        found.append(Example(1000 * seed + number, " ".join([*words, name]), Labels(given), digest="d"))
    return found


def learned(control: Control, labelled: Sequence[Example], strength: float) -> Trained:
    hidden = [replace(e, target=None) for e in labelled]
    return train(Snapshot(control, "sklearn_text", {"strength": strength}, 0, [*labelled], [], hidden, "", 0.0), deaf)


@pytest.fixture(scope="module")
def overconfident() -> Trained:
    return learned(TEXT, noisy(120, 1), 1000.0)


@pytest.fixture
def home(isolated_root: Path) -> Home:
    return create_home(isolated_root, "http://127.0.0.1:8080", 7, "2026-01-01T00:00:00Z", "Cats")


def test_a_model_that_is_too_sure_is_cooled_down(overconfident: Trained) -> None:
    fresh, temperature = noisy(300, 2), overconfident.temperature
    told = set_right(overconfident.model.predict(fresh), temperature)
    assert temperature > 1.3
    found = measuring.figures(measuring.CLASSES, TEXT, fresh, told, temperature)
    assert found["ece"] < found["ece_before"] - 0.03
    assert found["brier"] < found["brier_before"]
    assert found["measured_on"].startswith("300 tasks")
    kept = overconfident.calibration
    assert kept["log_loss"] < kept["log_loss_before"]
    assert in_words(kept) == f"temperature {temperature:.2f}, from 120 labels"


def test_a_model_that_is_not_sure_enough_is_heated() -> None:
    assert learned(TEXT, noisy(90, 3, wrong=0.0), 0.3).temperature < 0.7


@pytest.mark.parametrize("control", [TEXT, SEVERAL], ids=["one", "several"])
@pytest.mark.parametrize("temperature", [0.2, 1.0, 1.7, 8.0])
def test_the_labels_chosen_are_the_same(control: Control, temperature: float) -> None:
    model, asked = SklearnText(control), noisy(80, 4, control=control)
    model.fit(asked, asked, [], deaf)
    plain = model.predict(asked)
    told = set_right(plain, temperature)
    for one, before in zip(told, plain, strict=True):
        assert (one.task_id, one.target, one.chances.dtype) == (before.task_id, before.target, before.chances.dtype)
        assert one.chances.sum(axis=1) == pytest.approx(np.ones(len(one.chances)), abs=1e-5)
        assert (one.chances.argmax(axis=1) == before.chances.argmax(axis=1)).all()
    back = set_right(told, 1 / temperature)
    assert np.concatenate([one.chances for one in back]) == pytest.approx(
        np.concatenate([one.chances for one in plain]), abs=2e-3
    )


def test_what_is_impossible_stays_so_and_what_could_not_be_read_keeps_the_prior() -> None:
    rows = np.array([[0.8, 0.2, 0.0], [1.0, 0.0, 0.0]])
    assert at_temperature(rows, 0.5) == pytest.approx(np.array([[16 / 17, 1 / 17, 0], [1, 0, 0]]))
    unread = Prediction(1, Labels(("cat",)), rows[:1].astype(np.float32), problem="it is gone")
    assert set_right([unread], 3.0)[0] is unread


def test_few_labels_keep_the_temperature_near_one() -> None:
    def sure(n: int) -> float:
        chances = np.array([[0.6, 0.2, 0.2]], np.float32)
        told = [Prediction(number, Labels(("cat",)), chances) for number in range(n)]
        examples = [Example(number, "x", Labels(("cat",))) for number in range(n)]
        return float(fit_temperature(TEXT, examples, told).get("temperature", np.nan))

    few, some, many = sure(FEWEST), sure(60), sure(600)
    assert 1 > few > some > many
    assert few > 0.5
    assert np.isnan(sure(FEWEST - 1))


def test_several_labels_have_one_temperature() -> None:
    trained = learned(SEVERAL, noisy(100, 5, control=SEVERAL), 1000.0)
    fresh = noisy(200, 6, control=SEVERAL)
    told = set_right(trained.model.predict(fresh), trained.temperature)
    found = measuring.figures(measuring.CLASSES, SEVERAL, fresh, told, trained.temperature)
    assert trained.temperature > 1.2
    assert found["ece"] < found["ece_before"]


class Clock:
    """One that goes as a test says, and not as the machine lets it."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic


def test_what_takes_too_long_is_not_calibrated(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, heard = Clock(), list[float]()
    monkeypatch.setattr(training, "time", clock)

    def slow(report: Report) -> None:
        for _ in range(100):
            clock.now += 0.01
            heard.append(clock.now)
            report(Progress(0, 0))

    monkeypatch.setattr(training, "LIGHT_S", 0.0)
    never = learned(TEXT, noisy(30, 7), 1.0)
    monkeypatch.setattr(training, "LIGHT_S", 0.3)
    examples, fits = noisy(30, 7), list[int]()

    class Slow(SklearnText):
        def fit(self, labelled, pool, check, report) -> None:  # type: ignore[no-untyped-def]
            fits.append(len(labelled))
            super().fit(labelled, pool, check, report)
            if len(fits) > 1:
                slow(report)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lsal.training._new", lambda snapshot, home: Slow(TEXT))
        given_up = learned(TEXT, examples, 1.0)
    assert fits == [30, 24]
    assert 0.3 <= heard[-1] < 0.35, "given up as soon as it is too long"
    for trained in (never, given_up):
        assert (trained.temperature, trained.out_of_fold, trained.cross_validation) == (1.0, None, None)
        assert in_words(trained.calibration).startswith("not calibrated: cross-validation takes longer than")


def kept(home: Home, trained: Trained, **more: object) -> tuple[Store, int]:
    store = Store(home)
    facts = {"metrics": {}, "examples": {}, "labels": TEXT.labels, "shape": TEXT.shape, **more}
    return store, store.add(trained.model.save, family="sklearn_text", control="c", **facts).number


def test_a_version_answers_at_its_temperature(home: Home, overconfident: Trained) -> None:
    store, number = kept(home, overconfident, calibration=overconfident.calibration)
    version, asked = store.get(number), noisy(20, 8)
    wanted = set_right(overconfident.model.predict(asked), overconfident.temperature)
    store.make_current({"c": number})
    live = predicting.Live(store).models([TEXT])["c"]
    more = replace(TEXT, labels=("cat", "owl", "dog", "emu"))
    with ENGINES["here"]() as executor:
        scored = predicting.score(version, TEXT, asked, executor, deaf)
    for told in (predicting.load(version, TEXT).predict(asked), live[1].predict(asked), scored):
        assert [(t.target, t.chances.tolist()) for t in told] == [(w.target, w.chances.tolist()) for w in wanted]
    aligned = predicting.load(version, more).predict(asked)
    assert [t.chances[0, [0, 2, 3]].tolist() for t in aligned] == [w.chances[0].tolist() for w in wanted]


def test_a_version_from_before_answers_as_before(home: Home, overconfident: Trained) -> None:
    store, number = kept(home, overconfident)
    path = store.folder / f"{number:04d}" / "version.json"
    facts = json.loads(path.read_text())
    assert facts.pop("calibration") == {}
    path.write_text(json.dumps(facts))
    version, asked = store.get(number), noisy(20, 8)
    told, wanted = predicting.load(version, TEXT), load_model(version, TEXT)
    assert not isinstance(told, Calibrated)
    assert [t.chances.tolist() for t in told.predict(asked)] == [w.chances.tolist() for w in wanted.predict(asked)]
    assert in_words(version.calibration) == "not calibrated: made before versions were"


def test_the_error_is_the_one_worked_out_by_hand() -> None:
    sure = np.repeat([0.5, 0.7, 0.9], 10)
    right = np.array([1.0] * 5 + [0.0] * 5 + [1.0] * 9 + [0.0] * 1 + [1.0] * 6 + [0.0] * 4)
    mixed = np.random.default_rng(1).permutation(30)
    assert ece(sure[mixed], right[mixed]) == pytest.approx((0.0 + 0.2 + 0.3) / 3)
    keys = [f"{n:02}:d" for n in range(30)]
    told = {key: [[float(one)], [0.99]] for key, one in zip(keys, sure, strict=True)}
    truth = {key: ("cat",) if one else ("dog",) for key, one in zip(keys, right, strict=True)}
    found = trust(told, dict.fromkeys(keys, ("cat",)), truth, TEXT.labels)
    assert found.ece == pytest.approx(0.5 / 3)
    assert found.ece_before == pytest.approx(0.99 - 20 / 30)
    assert found.brier == pytest.approx(float(((sure - right) ** 2).mean()))
    assert found.tasks == 30
    told.pop("03:d")
    assert trust(told, dict.fromkeys(keys, ("cat",)), truth, TEXT.labels).ece is None


def test_the_interval_and_what_chance_makes_are_honest() -> None:
    """Confidence that holds lies below what chance makes about 19 times in 20, the other above it."""
    draw, held, inside, seen = np.random.default_rng(3), 0, 0, 0
    for seed in range(60):
        sure = draw.uniform(0.4, 0.75, (80, 1))
        right = (draw.random((80, 1)) < sure).astype(float)
        held += ece(sure, right) <= by_chance(sure, seed)
        low, high = interval(sure + 0.25, right, seed)
        inside += low <= 0.25 <= high
        seen += ece(sure + 0.25, right) > by_chance(sure + 0.25, seed)
        assert (interval(sure, right, seed)[0] == 0) == (ece(sure, right) <= by_chance(sure, seed))
    assert held >= 52
    assert inside >= 48
    assert seen >= 55


def test_how_sure_is_kept_with_and_without_the_temperature() -> None:
    one = Prediction(1, Labels(("cat",)), np.array([[0.8, 0.2, 0.0]], np.float32))
    rows = np.array([[0.2, 0.8], [0.9, 0.1], [1.0, 0.0]], np.float32)
    both = Prediction(2, Labels(("cat",)), rows)
    unread = replace(one, problem="gone")
    examples = [Example(1, "x", digest="a"), Example(2, "y", digest="b")]
    assert sureness([one, unread], examples, TEXT, TEXT.labels, 0.5) == {"1:a": [[0.8], [0.6667]]}
    told = sureness([both], examples[1:], SEVERAL, ("cat", "emu"), 0.5)  # the dog came later
    assert told == {"2:b": [[0.8, 1.0], [0.6667, 1.0]]}
    assert sureness([Prediction(1, Labels(()), rows)], examples[:1], SEVERAL, TEXT.labels, 1.0)["1:a"][0] == [
        pytest.approx(x) for x in (0.8, 0.9, 1.0)
    ]


def test_what_is_not_known_is_said() -> None:
    assert calibrated({}, {}) == "-"
    assert calibrated({"ece": None, "ece_before": None}, {"temperature": 1.25}) == "cannot tell, T 1.25"
    assert calibrated({"ece": 0.04, "ece_before": 0.04}, {"why_not": "too dear"}) == "0.040, no T"
    told = calibration_notes({1: {"why_not": "too dear"}, 2: {}, 3: {"why_not": "too dear"}})
    assert told == ("Not calibrated: versions 1, 3: too dear.",)


@pytest.fixture(scope="module")
def bench(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A demo after a start batch and two rounds, half of its labels for measuring."""
    made = demo_of_texts(root, tmp_path_factory.mktemp("calibrated"), count=160, batch=70, hold_out=0.0)
    made.configure(measuring_share=0.5)
    made.rank().wait(300)
    for _ in range(2):
        made.label()
        made.round(batch=12).wait(300)
    return made


def test_a_round_stores_and_shows_both(bench: Workbench) -> None:
    first, second = bench.versions()
    assert first.calibration["temperature"] != 1.0
    assert first.metrics["ece_tasks"] == first.metrics["tasks"] >= 30
    for name in ("ece", "ece_before", "brier", "by_chance"):
        assert 0 <= first.metrics[name] <= 1
    assert "never trained on" in first.metrics["measured_on"]
    cell = f"{first.metrics['ece_before']:.3f} -> {first.metrics['ece']:.3f}, T {first.calibration['temperature']:.2f}"
    for shown in (to_text(bench.versions()), to_text(bench.curve())):
        assert cell in shown
        assert WHAT_IT_IS in shown.replace("\n", " ")
    told = bench.compare(1, 2)
    assert told.second.confidence is not None
    assert told.second.confidence.trust.tasks == told.tasks
    assert f"temperature {second.calibration['temperature']:.2f}, from {second.examples['count']} labels" in to_text(
        told
    )


def test_published_predictions_carry_calibrated_scores(bench: Workbench, client: Callable[..., object]) -> None:
    publication = publishing.live_publication(bench.home)
    assert publication is not None
    control = bench.desk.handled["label"][0]
    version = bench.desk.store.get(publication.versions["label"])
    shown = [number for number in publication.task_ids if number not in publication.measuring]
    asked = list(bench.desk.examples("label", list(bench.desk.mirror.tasks(ids=shown))))
    raw = {one.task_id: one.confidence for one in load_model(version, control).predict(asked)}
    right = {one.task_id: one.confidence for one in predicting.load(version, control).predict(asked)}
    for number in shown:
        told = client("GET", f"/api/tasks/{number}").json()["predictions"]  # type: ignore[attr-defined]
        [mine] = [p for p in told if p["model_version"] == publication.name]
        assert mine["result"][0]["score"] == pytest.approx(right[number], abs=1e-6)
    apart = [abs(right[number] - raw[number]) for number in shown]
    assert max(apart) > 1e-3, "of an even chance, and of a certain one, no temperature makes another"


def test_strategies_see_what_cross_validation_tells(bench: Workbench, tmp_path: Path) -> None:
    live = bench.desk.store.current()
    told = bench.desk.store.get(live["label"]).metrics["cross_validation"]
    tasks = list(bench.desk.mirror.tasks())[:5]
    read = candidates(bench.desk, Steps(Job(tmp_path), 1), "label", tasks, live, "margin")
    assert (read.asked.pool.held_out, read.asked.pool.prior) == (told["accuracy"], told["commonest"])
    assert 0 < told["commonest"] <= told["accuracy"] <= 1
    before = candidates(bench.desk, Steps(Job(tmp_path), 1), "label", tasks, {}, "margin").asked.pool
    assert (before.held_out, before.prior) == (None, None)
