"""The dashboard in a notebook, and how records look there, in a terminal and on paper.

`Dashboard` is loaded when first asked for: the shell uses `html` alone, and has no use
for widgets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsal.dashboard.board import Dashboard

__all__ = ["Dashboard"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from lsal.dashboard.board import Dashboard

        return Dashboard
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
