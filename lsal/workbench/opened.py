"""Which project a workbench is about: its root, its home, its desk."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Self

from lsal import plugins, settings
from lsal.desk import Desk
from lsal.home import Home, activate, find_home, open_home


class Opened:
    """One project of a root, by its slug or id; the active one without a name."""

    def __init__(self, root: Path | str | None = None, project: str | None = None) -> None:
        self.root = Path(root).expanduser().resolve() if root else settings.root_folder()
        self._name = project
        plugins.watch(self.root)

    @classmethod
    def of(cls, home: Home) -> Self:
        """The workbench of a given home."""
        bench = cls(home.root, home.slug)
        bench.__dict__["desk"] = Desk(home)
        return bench

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.root)!r}, {self._name!r})"

    @cached_property
    def desk(self) -> Desk:
        """The parts of the project. Raises BadRequest without one."""
        return Desk(find_home(self.root, self._name))

    @property
    def home(self) -> Home:
        """The project's folder."""
        return self.desk.home

    def _take(self, home: Home) -> Self:
        """Be about another project from now on, and make it the active one."""
        activate(home)
        self._name = home.slug
        self.__dict__["desk"] = Desk(open_home(home.folder))
        self.__dict__.pop("answers", None)
        return self
