"""Asking models: a pool through any engine, and the live ones while versions come and go."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from served import wait_until

from lsal.engine import ENGINES
from lsal.errors import BadData, Cancelled
from lsal.files import write_json
from lsal.home import Home, create_home
from lsal.models import MODELS
from lsal.models.random_guess import RandomGuess
from lsal.predicting import CHUNK, Live, load, score
from lsal.records import Control, Example, Labels, Progress, Version
from lsal.store import Store

CONTROL = Control("c", "x", "Choices", "Text", "text", ("cat", "dog"))
POOL = [Example(number, f"text {number}") for number in range(2 * CHUNK + 100)]


class Slow(RandomGuess):
    """A family whose weights take as long to load as a test wants."""

    loading, go_on, loads = threading.Event(), threading.Event(), 0

    @classmethod
    def load(cls, folder: Path, control: Control) -> Self:
        cls.loads += 1
        cls.loading.set()
        assert cls.go_on.wait(120)
        return super().load(folder, control)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Slow]]:
    monkeypatch.setattr(MODELS, "_table", {**MODELS._table, "slow": f"{__name__}:Slow"})
    Slow.loading.clear()
    Slow.go_on.set()
    Slow.loads = 0
    yield Slow
    Slow.go_on.set()


@pytest.fixture
def home(isolated_root: Path) -> Home:
    return create_home(isolated_root, "http://127.0.0.1:8080", 7, "2026-01-01T00:00:00Z", "Cats")


def version(home: Home, family: str = "random", seed: int = 0, control: Control = CONTROL) -> Version:
    """A trained version in the store, not live."""
    model = MODELS[family](control, seed=seed)
    examples = [Example(n, f"a {name} here", Labels((name,))) for n, name in enumerate(("cat", "dog") * 3)]
    model.fit(examples, POOL[:20], [], lambda progress: None)
    facts = {"metrics": {}, "examples": {}, "labels": control.labels, "shape": control.shape, "job": "j"}
    return Store(home).add(model.save, family=family, control=control.name, **facts)


def number_of(live: Live, control: Control = CONTROL) -> int | None:
    found = live.models([control])
    return found[control.name][0].number if found else None


@pytest.mark.parametrize("family", ["random", "sklearn_text"])
@pytest.mark.parametrize("engine", ["here", "processes"])  # ray: see test_ray
def test_a_pool_scored_through_an_engine_is_what_the_model_says(home: Home, engine: str, family: str) -> None:
    made, heard = version(home, family), list[Progress]()
    with ENGINES[engine]() as executor:
        told = score(made, CONTROL, POOL, executor, heard.append)
    wanted = load(made, CONTROL).predict(POOL)
    assert [t.task_id for t in told] == [example.task_id for example in POOL]
    assert [(t.target, t.chances.tolist()) for t in told] == [(w.target, w.chances.tolist()) for w in wanted]
    assert [(p.done, p.total) for p in heard] == [(n, len(POOL)) for n in (CHUNK, 2 * CHUNK, len(POOL))]


@pytest.mark.parametrize("engine", ["here", "processes"])  # ray: see test_ray
def test_an_empty_pool_and_a_damaged_version(home: Home, engine: str) -> None:
    made = version(home)
    with ENGINES[engine]() as executor:
        assert score(made, CONTROL, [], executor, lambda progress: None) == []
        (made.folder / "weights" / "model.json").write_text("{}")
        with pytest.raises(BadData, match="Version 1 is damaged"):
            score(made, CONTROL, POOL, executor, lambda progress: None)


def test_a_cancel_stops_after_the_chunk_under_way(home: Home) -> None:
    asked: list[int] = []

    class Counting(RandomGuess):
        def predict(self, examples):  # type: ignore[no-untyped-def]
            asked.append(len(examples))
            return super().predict(examples)

    def cancel(progress: Progress) -> None:
        raise Cancelled

    made = version(home)
    with pytest.MonkeyPatch.context() as patch, ENGINES["here"]() as executor:
        patch.setattr("lsal.predicting.scoring._loaded", {made.folder: Counting(CONTROL)})
        with pytest.raises(Cancelled):
            score(made, CONTROL, POOL, executor, cancel)
    assert asked == [CHUNK]


def test_scoring_with_another_version_loads_that_one(home: Home) -> None:
    told = []
    with ENGINES["here"]() as executor:
        for seed in (1, 2, 1):
            made = version(home, seed=seed)
            told.append([t.chances.tolist() for t in score(made, CONTROL, POOL[:5], executor, lambda progress: None)])
    assert told[0] == told[2] != told[1]


def test_before_the_first_version_nobody_answers(home: Home) -> None:
    live = Live(Store(home))
    assert live.models([CONTROL]) == {}
    version(home)
    assert live.models([CONTROL]) == {}


def test_a_new_current_is_noticed_by_everyone_who_looks(home: Home) -> None:
    one, other = Live(Store(home)), Live(Store(home))
    for _ in range(3):
        made = version(home)
        Store(home).make_current({"c": made.number})
        assert number_of(one) == number_of(other) == made.number
    Store(home).make_current({"c": 1})
    assert number_of(one) == number_of(other) == 1
    Store(home).make_current({})
    assert number_of(one) is None


def test_weights_are_loaded_once_for_each_version(home: Home, slow: type[Slow]) -> None:
    live, store = Live(Store(home)), Store(home)
    for name in ("c", "other", "c"):
        version(home, "slow", control=replace(CONTROL, name=name))
    store.make_current({"c": 1})
    for _ in range(5):
        assert number_of(live) == 1
    store.make_current({"c": 1, "other": 2})
    assert number_of(live) == 1
    assert slow.loads == 1
    store.make_current({"c": 3})
    assert number_of(live) == 3
    assert slow.loads == 2


def test_a_switch_waits_for_those_who_answer_and_they_for_nothing(home: Home, slow: type[Slow]) -> None:
    lives, store = [Live(Store(home)) for _ in range(2)], Store(home)
    for _ in range(2):
        version(home, "slow")
    store.make_current({"c": 1})
    assert [number_of(live) for live in lives] == [1, 1]
    slow.go_on.clear()
    slow.loading.clear()
    switch = threading.Thread(target=store.make_current, args=({"c": 2},))
    switch.start()
    assert slow.loading.wait(120)
    assert [number_of(live) for live in lives * 10] == [1] * 20
    assert store.current() == {"c": 1}
    slow.go_on.set()
    switch.join(120)
    assert store.current() == {"c": 2}
    assert [number_of(live) for live in lives * 10] == [2] * 20
    assert slow.loads == 4


def test_the_old_weights_answer_while_those_load_that_nobody_announced(home: Home, slow: type[Slow]) -> None:
    live, store = Live(Store(home)), Store(home)
    for _ in range(2):
        version(home, "slow")
    store.make_current({"c": 1})
    assert number_of(live) == 1
    slow.go_on.clear()
    slow.loading.clear()
    write_json(home.path("current.json"), {"versions": {"c": 2}, "before": []})
    assert number_of(live) == 1
    assert slow.loading.wait(120)
    assert [number_of(live) for _ in range(20)] == [1] * 20
    slow.go_on.set()
    wait_until(lambda: number_of(live) == 2)
    assert slow.loads == 2


def test_several_controls_change_in_one_moment(home: Home, slow: type[Slow]) -> None:
    """While the weights of one of them are still loading, the others answer as before too."""
    live, store, other = Live(Store(home)), Store(home), replace(CONTROL, name="d")
    for family, control in (("random", CONTROL), ("slow", other)) * 2:
        version(home, family, control=control)

    def numbers() -> dict[str, int]:
        return {name: found[0].number for name, found in live.models([CONTROL, other]).items()}

    store.make_current({"c": 1, "d": 2})
    assert numbers() == {"c": 1, "d": 2}
    slow.go_on.clear()
    slow.loading.clear()
    write_json(home.path("current.json"), {"versions": {"c": 3, "d": 4}, "before": []})
    assert numbers() == {"c": 1, "d": 2}
    assert slow.loading.wait(120)
    assert [numbers() for _ in range(20)] == [{"c": 1, "d": 2}] * 20
    slow.go_on.set()
    wait_until(lambda: numbers() != {"c": 1, "d": 2})
    assert numbers() == {"c": 3, "d": 4}


def test_weights_that_no_longer_answer_are_let_go(home: Home) -> None:
    live, store = Live(Store(home)), Store(home)
    for _ in range(4):
        store.make_current({"c": version(home).number})
        number_of(live)
    wait_until(lambda: set(live._held) == {4})


def test_one_that_is_gone_is_waited_for_no_more(home: Home) -> None:
    live = Live(Store(home))
    Store(home).make_current({"c": version(home).number})
    assert number_of(live) == 1
    assert len(list(home.path("standby").glob("*-*.json"))) == 1
    del live
    wait_until(lambda: not list(home.path("standby").glob("*-*.json")))


def test_whoever_comes_before_there_is_an_old_one_waits(home: Home, slow: type[Slow]) -> None:
    live = Live(Store(home))
    Store(home).make_current({"c": version(home, "slow").number})
    slow.go_on.clear()
    seen: list[int | None] = []
    threads = [threading.Thread(target=lambda: seen.append(number_of(live))) for _ in range(6)]
    for thread in threads:
        thread.start()
    assert slow.loading.wait(120)
    assert seen == []
    slow.go_on.set()
    for thread in threads:
        thread.join(120)
    assert seen == [1] * 6
    assert slow.loads == 1


def test_a_version_of_other_labels_does_not_answer(home: Home) -> None:
    live = Live(Store(home))
    Store(home).make_current({"c": version(home).number})
    assert number_of(live) == 1
    other = replace(CONTROL, labels=("cat", "eel"))
    assert number_of(live, other) is None
    Store(home).make_current({"c": version(home, control=other).number})
    assert number_of(live, other) == 2
    assert number_of(live) is None


@pytest.mark.parametrize("choice", ["single", "multiple"])
def test_a_version_goes_on_answering_when_labels_were_added(home: Home, choice: str) -> None:
    """Its chances stand under its own labels, whatever their order is now; the others have none."""
    control = replace(CONTROL, options={"choice": choice})
    made = version(home, control=control)
    more = replace(control, labels=("eel", "dog", "cat"))
    Store(home).make_current({"c": made.number})
    live = Live(Store(home))
    assert number_of(live, more) == 1
    for model in (load(made, more), live.models([more])["c"][1]):
        for new, old in zip(model.predict(POOL), load(made, control).predict(POOL), strict=True):
            assert set(new.target.names) == set(old.target.names)
            assert new.chances.sum(axis=1) == pytest.approx(np.ones(len(new.chances)))
            place = [more.labels.index(label) for label in control.labels]
            if choice == "single":
                assert new.chances[0, place].tolist() == old.chances[0].tolist()
                assert new.chances[0, 0] == 0
            else:
                assert new.chances[place].tolist() == old.chances.tolist()
                assert new.chances[0].tolist() == [1, 0]
    with ENGINES["here"]() as executor:
        scored = score(made, more, POOL, executor, lambda progress: None)
        assert scored[0].chances.shape == ((1, 3) if choice == "single" else (3, 2))
        again = score(made, control, POOL, executor, lambda progress: None)
        assert again[0].chances.shape == ((1, 2) if choice == "single" else (2, 2))


def test_damaged_weights_never_answer(home: Home) -> None:
    made = version(home)
    (made.folder / "weights" / "model.json").write_text("{}")
    Store(home).make_current({"c": 1})
    with pytest.raises(BadData, match="damaged"):
        Live(Store(home)).models([CONTROL])


def test_the_old_weights_go_on_answering_for_damaged_new_ones(home: Home) -> None:
    live, store = Live(Store(home)), Store(home)
    store.make_current({"c": version(home).number})
    assert number_of(live) == 1
    (version(home).folder / "weights" / "model.json").write_text("{}")
    store.make_current({"c": 2})
    assert [number_of(live) for _ in range(3)] == [1, 1, 1]
    store.make_current({"c": version(home).number})
    assert number_of(live) == 3
