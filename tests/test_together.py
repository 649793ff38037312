"""A model that many threads ask: one call at a time, in company, and nobody waits for company."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from served import wait_until

from lsal.models.random_guess import RandomGuess
from lsal.predicting.together import FEWEST, Together
from lsal.records import Control, Example, Labels, Prediction

CONTROL = Control("c", "x", "Choices", "Text", "text", ("cat", "dog"))


def some(first: int, count: int = 1) -> list[Example]:
    return [Example(number, f"text {number}") for number in range(first, first + count)]


class Unsafe(RandomGuess):
    """A family that breaks when two threads ask it at once, and answers when it is let go on."""

    def __init__(self) -> None:
        super().__init__(CONTROL, seed=1)
        self.fit([Example(0, "t", Labels(("cat",)))], [], [], lambda progress: None)
        self.asked: list[list[int]] = []
        self.entered, self.go_on, self.inside = threading.Event(), threading.Event(), threading.Lock()
        self.go_on.set()

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        assert self.inside.acquire(blocking=False), "two threads at once"
        try:
            self.asked.append([example.task_id for example in examples])
            self.entered.set()
            assert self.go_on.wait(120)
            if any(example.input == "poison" for example in examples):
                raise ValueError("poison")
            return super().predict(examples)
        finally:
            self.inside.release()


@pytest.fixture
def model() -> Unsafe:
    return Unsafe()


def ids(told: Sequence[Prediction]) -> list[int]:
    return [one.task_id for one in told]


def waiting(together: Together, count: int) -> None:
    wait_until(lambda: len(together._waiting) == count)


def test_whoever_comes_to_an_idle_model_is_answered_alone_at_once(model: Unsafe) -> None:
    together = Together(model)
    for number in range(3):
        assert ids(together.predict(some(number))) == [number]
    assert model.asked == [[0], [1], [2]]
    assert together.predict([]) == []
    assert len(model.asked) == 3


def test_who_comes_while_it_answers_is_answered_in_one_call(model: Unsafe) -> None:
    together = Together(model)
    model.go_on.clear()
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(together.predict, some(100))
        assert model.entered.wait(120)
        others = [pool.submit(together.predict, some(number)) for number in range(8)]
        waiting(together, 8)
        model.go_on.set()
        assert ids(first.result(120)) == [100]
        assert [ids(one.result(120)) for one in others] == [[number] for number in range(8)]
    assert model.asked[0] == [100]
    assert sorted(model.asked[1]) == list(range(8))
    assert len(model.asked) == 2


def test_a_single_task_does_not_wait_for_the_whole_of_a_large_request(model: Unsafe) -> None:
    together, large = Together(model), some(1000, 40 * FEWEST)
    model.go_on.clear()
    with ThreadPoolExecutor(2) as pool:
        many = pool.submit(together.predict, large)
        assert model.entered.wait(120)
        one = pool.submit(together.predict, some(1))
        wait_until(lambda: any(len(question._examples) == 1 for question in list(together._waiting)))
        model.go_on.set()
        assert ids(one.result(120)) == [1]
        assert ids(many.result(120)) == [example.task_id for example in large]
    assert len(model.asked[0]) == FEWEST
    assert 1 in model.asked[1]


def test_what_the_model_cannot_take_fails_for_whoever_asked_it(model: Unsafe) -> None:
    together = Together(model)
    model.go_on.clear()
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(together.predict, some(100))
        assert model.entered.wait(120)
        good = [pool.submit(together.predict, some(number)) for number in range(4)]
        bad = pool.submit(together.predict, [Example(50, "poison")])
        waiting(together, 5)
        model.go_on.set()
        assert ids(first.result(120)) == [100]
        assert [ids(one.result(120)) for one in good] == [[number] for number in range(4)]
        with pytest.raises(ValueError, match="poison"):
            bad.result(120)
    assert ids(together.predict(some(7))) == [7]
    with pytest.raises(ValueError, match="poison"):
        together.predict([Example(50, "poison"), *some(0, 3 * FEWEST)])
    assert not together._waiting


def test_an_answer_too_few_is_an_error_and_no_shift(model: Unsafe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RandomGuess, "predict", lambda self, examples: [])
    with pytest.raises(ValueError, match="0 predictions for 2 examples"):
        Together(model).predict(some(0, 2))


def test_many_threads_get_what_the_model_says_about_theirs(model: Unsafe) -> None:
    together = Together(model)
    asked = [some(20 * number, 1 + number % 7 * 10) for number in range(60)]
    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(together.predict, asked))
    for examples, answer in zip(asked, told, strict=True):
        alone = RandomGuess.predict(model, examples)
        assert [(one.task_id, one.chances.tolist()) for one in answer] == [
            (one.task_id, one.chances.tolist()) for one in alone
        ]
