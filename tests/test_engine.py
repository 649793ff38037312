"""The law of engines, over every registered name: same results, same order, exceptions as themselves."""

import os
import pickle
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

import pytest

from lsal import errors
from lsal.engine import ENGINES
from lsal.errors import BadData, BadRequest, Cancelled, EmptyPool, LsalError, Refused, Unreachable


def family(error: type[LsalError] = LsalError) -> Iterator[type[LsalError]]:
    yield error
    for below in error.__subclasses__():
        yield from family(below)


ERRORS = [error for error in family() if error.__module__ == errors.__name__]
RAISED: list[Exception] = [
    BadData("task 7 is broken", "Mend it"),
    EmptyPool("nothing is left"),
    Cancelled(),
    Refused("no", "Give a key", status=401),
    Unreachable("nobody", status=0),
    ZeroDivisionError("by hand"),
    KeyError("k"),
]


@pytest.fixture(scope="module", params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with ENGINES[request.param]() as executor:
        yield executor


def square(number: int) -> int:
    return number * number


def fail(error: Exception) -> None:
    raise error


def even(number: int) -> int:
    if number % 2:
        raise BadData(f"{number} is odd", "Take another")
    return number


def told(error: BaseException) -> tuple[Any, ...]:
    more = {name: getattr(error, name) for name in ("what", "fix", "status") if hasattr(error, name)}
    return type(error), error.args, str(error), more


def test_there_are_the_promised_engines() -> None:
    assert {"here", "processes"} <= set(ENGINES)
    with pytest.raises(BadRequest, match="No engine is called 'ray2'") as caught:
        ENGINES["ray2"]
    assert "here" in caught.value.fix


def test_results_come_in_order(engine: Executor) -> None:
    assert list(engine.map(square, range(20))) == [n * n for n in range(20)]
    assert list(engine.map(pow, [2, 3], [5, 2])) == [32, 9]
    assert list(engine.map(square, [])) == []
    assert engine.submit(pow, 2, exp=3).result() == 8


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_exceptions_come_back_as_themselves(engine: Executor, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        engine.submit(fail, error).result()
    assert told(caught.value) == told(error)


def test_results_before_a_failure_are_not_lost(engine: Executor) -> None:
    seen = []
    with pytest.raises(BadData, match="3 is odd"):  # noqa: PT012
        for number in engine.map(even, [0, 2, 3, 4]):
            seen.append(number)
    assert seen == [0, 2]


def test_processes_are_others_and_here_is_here() -> None:
    with ENGINES["here"]() as here, ENGINES["processes"]() as processes:
        assert here.submit(os.getpid).result() == os.getpid()
        assert processes.submit(os.getpid).result() != os.getpid()


def test_here_does_one_call_when_its_result_is_asked_for() -> None:
    """So that progress is told, and a cancel heard, between two calls."""
    done: list[int] = []
    with ENGINES["here"]() as here:
        results = here.map(done.append, [1, 2, 3])
        next(results)
        assert done == [1]
        list(results)
    assert done == [1, 2, 3]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_survives_the_way_between_processes(kind: type[LsalError]) -> None:
    error = kind("what", "fix")
    if isinstance(error, errors.LabelStudioError):
        error.status = 503
    assert told(pickle.loads(pickle.dumps(error))) == told(error)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_says_what_is_wrong_and_what_is_next(kind: type[LsalError]) -> None:
    assert kind("It broke", "Mend it")._render_traceback_() == [f"{kind.__name__}: It broke", "Next: Mend it"]
    assert kind("It broke")._render_traceback_() == [f"{kind.__name__}: It broke"]
    assert str(kind("It broke", "Mend it")) == "It broke. Mend it"
    assert kind.__doc__ in (errors.__doc__ or "") or kind.__name__ in (errors.__doc__ or "")
