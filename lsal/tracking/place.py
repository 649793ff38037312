"""Where versions are mirrored: the user's MLflow, else a database and a folder of lsal's own in the root."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from lsal.home import Home
from lsal.settings import SQLITE, mlflow_address

OFF, MADE = "off", "made"
DATABASES = ("sqlite:", "postgresql", "mysql", "mssql")
PASSWORD = re.compile(r"(?<=://)[^\s'\"]*@")


@dataclass(frozen=True, slots=True)
class Place:
    """An MLflow. `uri` may hold a password, `shown` does not.

    `artifacts` is where files go that no server takes. lsal's `own` database is made where it is not there yet;
    beside it stands a word that was drawn then.
    """

    shown: str
    uri: str = field(repr=False)
    artifacts: Path
    own: bool

    @property
    def digest(self) -> str:
        """A name for files about this place: another one for a database that was made anew."""
        return hashlib.sha256(f"{self.uri} {self._made()}".encode()).hexdigest()[:12]

    @property
    def is_database(self) -> bool:
        """Whether it is written to without a server, which would know where files go."""
        return self.uri.startswith(DATABASES)

    @property
    def database(self) -> Path:
        """The file of a database of SQLite."""
        return Path(self.uri.removeprefix(SQLITE))

    def _made(self) -> str:
        made = self.database.with_name(MADE)
        return made.read_text() if self.own and self.database.exists() and made.exists() else ""


def place_of(home: Home) -> Place | None:
    """Where the project's versions are mirrored; None where that is switched off."""
    if home.settings().tracking == OFF:
        return None
    folder, given = home.root / "mlflow", mlflow_address(home.root)
    uri = given or f"{SQLITE}{folder / 'mlflow.db'}"
    return Place(masked(uri), uri, folder / "artifacts" / name_of(home), not given)


def name_of(home: Home) -> str:
    """The project's name in MLflow, where others may have a project of this number, or this very one.

    The order's key is what two homes of one project do not share; it cannot be told from its digest.
    """
    mark = hashlib.blake2b(home.order_key.encode(), person=b"lsal mlflow", digest_size=4).hexdigest()
    return f"lsal-{home.project}-{mark}"


def masked(text: str) -> str:
    """A text without what addresses in it hold before their `@`: names and passwords."""
    return PASSWORD.sub("", text)
