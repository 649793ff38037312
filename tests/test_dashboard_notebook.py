"""The tour of the dashboard runs to its end on a real Label Studio, and what it says exists."""

import re
from pathlib import Path

import nbformat
import pytest

from lsal.dashboard import Dashboard
from lsal.label_studio.server import Server
from lsal.notebook import Executed, execute
from lsal.workbench import Workbench

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "04_dashboard.ipynb"


@pytest.fixture(scope="module")
def executed(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Executed:
    return execute(root, NOTEBOOK, tmp_path_factory.mktemp("out"), rounds=1)


def test_the_tour_ends_with_a_task_explained_and_an_exact_queue(executed: Executed) -> None:
    assert "exactly as published" in executed.result
    assert re.search(r"chance", executed.result)
    assert Path(executed.curve).stat().st_size > 10_000


def test_the_panel_and_its_picture_are_in_the_output(executed: Executed) -> None:
    book = nbformat.read(executed.notebook, as_version=4)
    shown = [output.data for cell in book.cells for output in cell.get("outputs", []) if "data" in output]
    assert any("application/vnd.jupyter.widget-view+json" in data for data in shown)
    assert any("lsal-still" in data.get("text/html", "") for data in shown)


def test_it_tours_the_tabs_that_there_are(executed: Executed, root: Path) -> None:
    written = "\n".join(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells)
    assert Dashboard(Workbench(root)).tabs.titles == tuple(re.findall(r"^- \*\*(\w+)\*\*:", written, re.MULTILINE))
