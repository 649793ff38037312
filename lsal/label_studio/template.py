"""A migrated, empty Label Studio database in the cache, from which each root's own is copied.

Migrations take half a minute, a copy none. The template has no user, no secret key and no
identity: those are made anew for each copy.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock

from lsal import settings
from lsal.errors import NotInstalled
from lsal.files import whole_folder
from lsal.label_studio.inside import NEW

DATABASE = "label_studio.sqlite3"

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "TMPDIR")
"""All that Label Studio sees of the user's environment: it reads some two hundred variables, many
of them with everyday names (HOST, DEBUG, USERNAME, SECRET_KEY, DATABASE_NAME)."""

OPTIONS = {
    # Backends on loopback are allowed, those in private networks are not.
    "USE_DEFAULT_BANNED_SUBNETS": "false",
    "USER_ADDITIONAL_BANNED_SUBNETS": "10.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.168.0.0/16",
    # Other users of this machine reach loopback too: accounts by invitation only.
    "DISABLE_SIGNUP_WITHOUT_LINK": "true",
    # Half an hour instead of a day until a task that somebody left open goes to others.
    "TASK_LOCK_TTL": "1800",
    # A backend that is just importing its libraries may be slow to say what it is; it gets 3 s otherwise.
    "ML_TIMEOUT_SETUP": "10",
    # Without it every import of predictions recounts every task of the project.
    "fflag_fix_back_4620_memory_efficient_predictions_import_08012025_short": "true",
}
"""How lsal's Label Studio behaves, beyond being silent."""

_log = logging.getLogger(__name__)


def ensure(bin: Path, report: Callable[[str], None] | None = None) -> Path:
    """The template's folder, which holds the database alone; made once for each Label Studio version.

    `bin` is the `bin` folder of Label Studio's environment. Raises NotInstalled.
    """
    final = settings.cache_folder() / f"template-{settings.LABEL_STUDIO_VERSION}"
    final.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{final}.lock"):
        if not (final / DATABASE).exists():
            (report or _log.info)("Preparing Label Studio's database (once, about half a minute)")
            with TemporaryDirectory() as scratch:
                _initialise(bin, Path(scratch))
                with whole_folder(final) as folder:
                    shutil.copyfile(Path(scratch, DATABASE), folder / DATABASE)
    return final


def copy(template: Path, data: Path) -> None:
    """Make the data folder `data`, whole or not at all; its user is made at the first start: see `inside`."""
    with whole_folder(data) as folder:
        shutil.copyfile(template / DATABASE, folder / DATABASE)
        (folder / NEW).touch()
        with closing(sqlite3.connect(folder / DATABASE)) as database:
            # Single writes twice as fast. The mode stays in the file; on a disk that cannot
            # share memory SQLite refuses it and keeps the old one.
            database.execute("PRAGMA journal_mode=WAL")


def environment(data: Path, more: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a Label Studio with the data folder `data`."""
    given = settings.child_environment()
    return {
        **{name: given[name] for name in PASSED_ON if name in given},
        **settings.SILENT,
        **OPTIONS,
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "XDG_CONFIG_HOME": str(data / "config"),  # it leaves an identity there, if only to have one
        **more,
    }


def _initialise(bin: Path, data: Path) -> None:
    """Run the migrations."""
    done = subprocess.run(
        [bin / "label-studio", "init", "--quiet"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment(data, {}),
        check=False,
    )
    if done.returncode:
        raise NotInstalled(
            "Label Studio could not prepare its database:\n" + "\n".join(done.stdout.splitlines()[-8:]),
            f"See that {bin.parent} is whole, or remove it, then: lsal up",
        )
