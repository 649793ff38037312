"""A handful of the faults of `faults`, which `python -m faults` has by the hundred; and that its looks can fail."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from faults import ground, remains
from faults.kernel import Kernel
from faults.plan import KINDS, drawn
from faults.run import Run
from faults.table import rows

from lsal.processes import free_port
from lsal.workbench import Workbench

SEED = 1
NUMBERS = (0, 1, 3, 5)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(tmp_path_factory.mktemp("faults") / "scene", print)
    yield run
    assert run.end() == []


@pytest.mark.parametrize("number", NUMBERS)
def test_a_fault_harms_nothing(run: Run, number: int) -> None:
    run.all([drawn(SEED, number)])
    assert not {name: said for name, said in run.trials[-1].wrong.items() if said}, run.trials[-1]


def test_every_kind_is_drawn_and_the_same_each_time() -> None:
    faults = [drawn(3, number) for number in range(2 * len(KINDS))]
    assert {(fault.kind, fault.target) for fault in faults[: len(KINDS)]} == set(KINDS)
    assert faults == [drawn(3, number) for number in range(2 * len(KINDS))]
    assert faults != [drawn(4, number) for number in range(2 * len(KINDS))]
