"""The workbench: one project, one method per act. All faces know only this."""

from lsal.workbench.bench import Workbench

__all__ = ["Workbench"]
