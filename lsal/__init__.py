"""lsal: the learning loop for Label Studio.

In a notebook: `%load_ext lsal`, then `%lsal`. In Python: `lsal.Workbench`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsal.workbench import Workbench

__version__ = "0.1.0"
__all__ = ["LsalError", "Workbench", "__version__", "load_ipython_extension"]

from lsal.errors import LsalError


def __getattr__(name: str) -> Any:
    if name == "Workbench":  # loaded when asked for: `import lsal` stays light
        from lsal.workbench import Workbench

        return Workbench
    raise AttributeError(f"module 'lsal' has no attribute '{name}'")


def load_ipython_extension(ipython: Any) -> None:
    """Make `%lsal` known to IPython."""
    from lsal.magics import load

    load(ipython)
