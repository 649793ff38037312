"""Notebooks executed without a person: the bootstrap notebook with the simulated annotator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsal.settings import child_environment


def execute(root: Path, notebook: Path, out: Path) -> dict[str, Any]:
    """Execute the bootstrap notebook with the simulated annotator; write it, executed, into `out`."""
    import nbclient
    import nbformat

    book = nbformat.read(notebook, as_version=4)
    place = next(n for n, cell in enumerate(book.cells) if "parameters" in cell.metadata.get("tags", []))
    given = nbformat.v4.new_code_cell(f'annotator = "simulated"\nout = {str(out.resolve())!r}')
    book.cells.insert(place + 1, given)
    out.mkdir(parents=True, exist_ok=True)
    client = nbclient.NotebookClient(book, timeout=1800, resources={"metadata": {"path": str(notebook.parent)}})
    executed = out / notebook.name
    try:
        client.execute(env=child_environment(LSAL_ROOT=str(root)))
    finally:
        nbformat.write(book, executed)
    told = [cell for cell in book.cells if "result" in cell.metadata.get("tags", [])]
    text = "\n\n".join(_text(output) for cell in told for output in cell.get("outputs", []))
    return {"result": text, "notebook": str(executed.resolve()), "curve": str((out / "learning_curve.png").resolve())}


def _text(output: Any) -> str:
    return str(output.get("text") or output.get("data", {}).get("text/plain", ""))
