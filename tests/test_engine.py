"""The law of engines, over every registered name: same results, same order, exceptions as themselves."""

import os
import pickle
from collections.abc import Iterator

import pytest
from laws import over

from lsal import errors
from lsal.engine import ENGINES
from lsal.errors import BadRequest, LsalError
from lsal.testing import EngineContract
from lsal.testing.engines import told


def family(error: type[LsalError] = LsalError) -> Iterator[type[LsalError]]:
    yield error
    for below in error.__subclasses__():
        yield from family(below)


ERRORS = [error for error in family() if error.__module__ == errors.__name__]
NAMES = [name for name in ENGINES if name != "ray"]  # which needs a Ray: see test_ray
globals().update(over(ENGINES, EngineContract, NAMES))


def test_there_are_the_promised_engines() -> None:
    assert {"here", "processes", "ray"} <= set(ENGINES)
    with pytest.raises(BadRequest, match="No engine is called 'ray2'") as caught:
        ENGINES["ray2"]
    assert "here" in caught.value.fix


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
