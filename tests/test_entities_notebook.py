"""The notebook about entities runs to its end on a real Label Studio, and what it shows is so."""

import re
from pathlib import Path

import nbformat
import pytest

from lsal.label_studio.server import Server
from lsal.notebook import Executed, execute
from lsal.workbench import Workbench
from lsal.workbench.demo import held_out

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "03_entities.ipynb"


@pytest.fixture(scope="module")
def executed(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Executed:
    return execute(root, NOTEBOOK, tmp_path_factory.mktemp("out"), rounds=2)


def test_it_learns_and_says_on_what_that_was_measured(executed: Executed, root: Path) -> None:
    bench = Workbench(root)
    first, *_, last = bench.curve()
    assert first.metric == "entity F1"
    # On the 300 items that are in no task: the few measuring tasks of three batches may say anything.
    before, after = (held_out(bench, one.version).value or 0.0 for one in (first, last))
    assert after > before
    assert "on 300 items that are in no task" in executed.result
    assert "mean of 3 replays with as many labels" in executed.result
    assert "never trained on" in executed.result


def test_the_queue_was_served_in_order_and_is_as_published(executed: Executed) -> None:
    assert "60 of 60 served tasks were the best still open" in executed.result
    assert "exactly as published" in executed.result


def test_what_is_marked_is_shown_and_no_cell_failed(executed: Executed) -> None:
    book = nbformat.read(executed.notebook, as_version=4)
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    shown = "".join(str(output.get("data", {}).get("text/html", "")) for output in outputs)
    assert re.search(r"<sub>(person|place|thing) \d", shown), "whichever of them are in what it asks for"
    assert Path(executed.curve).stat().st_size > 10_000


def test_it_is_kept_without_outputs() -> None:
    book = nbformat.read(NOTEBOOK, as_version=4)
    assert not [cell for cell in book.cells if cell.get("outputs") or cell.get("execution_count")]
