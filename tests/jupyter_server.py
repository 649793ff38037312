"""A JupyterLab of its own for browser tests: own folders, loopback, a token, and nothing that phones home."""

import json
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import nbformat

from lsal import processes

START_S = 180.0
SETTINGS = {
    "notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
    "themes.jupyterlab-settings": {"theme": "JupyterLab Light"},
}


@contextmanager
def jupyterlab(
    folder: Path, environment: Mapping[str, str], theme: str = "JupyterLab Light"
) -> Iterator[tuple[str, str]]:
    """A running JupyterLab in `folder`; gives its address and its token."""
    token, port = secrets.token_hex(16), processes.free_port()
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    for name, content in (SETTINGS | {"themes.jupyterlab-settings": {"theme": theme}}).items():
        (settings / name).write_text(json.dumps(content))
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
        *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0"),
        *("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
        *("--LabApp.extension_manager=readonly", f"--LabApp.user_settings_dir={folder / 'settings'}"),
        f"--LabApp.workspaces_dir={folder / 'workspaces'}",
    ]
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    home = {"IPYTHONDIR": str(folder / "ipython"), "HOME": str(folder), "PYTHONPATH": str(Path(__file__).parents[1])}
    mark = processes.spawn(command, folder / "jupyter.log", {**os.environ, **own, **home, **environment})
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, token, mark, folder / "jupyter.log")
        yield address, token
    finally:
        processes.stop(mark)


def write_notebook(path: Path, *cells: str) -> None:
    """A notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


def _wait(address: str, token: str, mark: dict[str, object], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and processes.alive(mark):
        try:
            if httpx.get(f"{address}/api/status", params={"token": token}, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not start:\n{processes.end_of(log)}")
