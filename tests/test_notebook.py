"""The bootstrap notebook runs to its end on a real Label Studio, and shows what it promises."""

from pathlib import Path

import nbformat
import pytest
from PIL import Image

from lsal.errors import JobFailed
from lsal.label_studio.server import Server
from lsal.notebook import Executed, execute

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "01_bootstrap.ipynb"


@pytest.fixture(scope="module")
def executed(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Executed:
    return execute(root, NOTEBOOK, tmp_path_factory.mktemp("out"), rounds=2)


def test_the_notebook_ends_with_the_table_and_the_addresses(executed: Executed) -> None:
    assert "What the rounds came to" in executed.result
    assert "never trained on" in executed.result
    assert "75 of 75 served tasks were the best still open" in executed.result
    assert "exactly as published" in executed.result
    assert "http://127.0.0.1:" in executed.result


def test_every_cell_ran_and_the_panel_is_in_the_output(executed: Executed) -> None:
    book = nbformat.read(executed.notebook, as_version=4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    shown = [
        output for cell in code for output in cell.outputs if output.output_type in ("display_data", "execute_result")
    ]
    assert any("application/vnd.jupyter.widget-view+json" in output.data for output in shown)
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]


def test_the_learning_curve_is_a_picture(executed: Executed) -> None:
    with Image.open(executed.curve) as picture:
        assert picture.size[0] > 800
        assert len(picture.convert("RGB").getcolors(1_000_000)) > 50


def test_a_cell_that_fails_is_told_in_a_sentence_and_the_notebook_is_kept(
    label_studio: Server, root: Path, tmp_path: Path
) -> None:
    book = nbformat.read(NOTEBOOK, as_version=4)
    place = next(n for n, cell in enumerate(book.cells) if "parameters" in cell.metadata.get("tags", []))
    book.cells[place + 1 :] = [nbformat.v4.new_code_cell("1 / 0")]
    broken = tmp_path / "broken.ipynb"
    nbformat.write(book, broken)
    with pytest.raises(JobFailed, match="ZeroDivisionError"):
        execute(root, broken, tmp_path / "out")
    assert (tmp_path / "out" / "broken.ipynb").exists()
