"""The laws of an engine: the same results in the same order, exceptions as themselves."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any, ClassVar

import pytest

from lsal.errors import BadData, Cancelled, EmptyPool, LsalError, Refused, Unreachable

RAISED: list[Exception] = [
    BadData("task 7 is broken", "Mend it"),
    EmptyPool("nothing is left"),
    Cancelled(),
    Refused("no", "Give a key", status=401),
    Unreachable("nobody", status=0),
    ZeroDivisionError("by hand"),
    KeyError("k"),
]


class EngineContract:
    """Every law of an engine. Set `engine` to what makes the Executor."""

    engine: ClassVar[Any]
    """A class or a function without arguments."""

    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls) -> Iterator[Executor]:
        """The engine, running."""
        with cls.engine() as executor:
            yield executor

    def test_results_come_in_order(self, executor: Executor) -> None:
        """`map` and `submit` as every Executor has them."""
        assert list(executor.map(square, range(20))) == [n * n for n in range(20)]
        assert list(executor.map(pow, [2, 3], [5, 2])) == [32, 9]
        assert list(executor.map(square, [])) == []
        assert executor.submit(pow, 2, exp=3).result() == 8

    @pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
    def test_exceptions_come_back_as_themselves(self, executor: Executor, error: Exception) -> None:
        """With all that they say."""
        with pytest.raises(type(error)) as caught:
            executor.submit(fail, error).result()
        assert told(caught.value) == told(error)

    def test_results_before_a_failure_are_not_lost(self, executor: Executor) -> None:
        """They come first, then the error."""
        seen: list[int] = []
        with pytest.raises(BadData, match="3 is odd"):  # noqa: PT012
            for number in executor.map(even, [0, 2, 3, 4]):
                seen.append(number)
        assert seen == [0, 2]


def square(number: int) -> int:
    """The square."""
    return number * number


def fail(error: Exception) -> None:
    """Raise the error."""
    raise error


def even(number: int) -> int:
    """The number, if it is even; else BadData."""
    if number % 2:
        raise BadData(f"{number} is odd", "Take another")
    return number


def told(error: BaseException) -> tuple[Any, ...]:
    """All that an error says."""
    more = {name: getattr(error, name) for name in ("what", "fix", "status") if hasattr(error, name)}
    return type(error), error.args, str(error), more if isinstance(error, LsalError) else None
