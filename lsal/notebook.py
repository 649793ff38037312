"""Notebooks executed without a person: the bootstrap notebook with the simulated annotator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.errors import JobFailed
from lsal.settings import child_environment


@dataclass(frozen=True, slots=True)
class Executed:
    """What executing a notebook left: the text of its cells tagged `result`, and files."""

    result: str
    notebook: str
    curve: str

    def __str__(self) -> str:
        return f"{self.result}\n\nnotebook  {self.notebook}\ncurve     {self.curve}\ngo on     make lab"


def execute(root: Path, notebook: Path, out: Path, **parameters: Any) -> Executed:
    """Execute the bootstrap notebook with the simulated annotator; write it, executed, into `out`.

    `parameters` replace those of the cell tagged `parameters`. Raises JobFailed, after the
    notebook with the error in it was written.
    """
    import nbclient
    import nbformat

    book = nbformat.read(notebook, as_version=4)
    place = next(n for n, cell in enumerate(book.cells) if "parameters" in cell.metadata.get("tags", []))
    given = {"annotator": "simulated", "out": str(out.resolve()), **parameters}
    lines = "\n".join(f"{name} = {value!r}" for name, value in given.items())
    book.cells.insert(place + 1, nbformat.v4.new_code_cell(lines))
    out.mkdir(parents=True, exist_ok=True)
    where = {"metadata": {"path": str(notebook.parent)}}
    # The kernel warns of unencrypted TCP, which here is the loopback of one machine.
    quiet = ["--IPKernelApp.log_level=ERROR"]
    client = nbclient.NotebookClient(book, timeout=1800, resources=where, extra_arguments=quiet)
    executed = out / notebook.name
    try:
        client.execute(env=child_environment(LSAL_ROOT=str(root)))
    except nbclient.exceptions.CellExecutionError as error:
        raise JobFailed(f"A cell of the notebook failed: {error.ename}: {error.evalue}", f"See {executed}") from None
    finally:
        nbformat.write(book, executed)
    told = [cell for cell in book.cells if "result" in cell.metadata.get("tags", [])]
    text = "\n\n".join(_text(output) for cell in told for output in cell.get("outputs", []))
    return Executed(text, str(executed.resolve()), str((out / "learning_curve.png").resolve()))


def _text(output: Any) -> str:
    return str(output.get("text") or output.get("data", {}).get("text/plain", ""))
