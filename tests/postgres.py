"""A real PostgreSQL and, on it, a Label Studio as others run theirs: nothing of lsal's set-up.

Label Studio's migrations take a minute on PostgreSQL. They run once: the migrated database, still
without a user, is kept as a template in lsal's cache, and copied.
"""

import getpass
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock

from lsal import processes, settings
from lsal.files import whole_folder
from lsal.label_studio import install, template

SYSTEM = Path("/usr/lib/postgresql")
NAME, PORT = "labelstudio", 5432  # the port only names the socket: nothing listens on TCP
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=")
LOOPBACK = {name: template.OPTIONS[name] for name in ("USE_DEFAULT_BANNED_SUBNETS", "USER_ADDITIONAL_BANNED_SUBNETS")}
"""The one thing a Label Studio has to be told before a backend on its own machine may be added."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A Label Studio that lsal did not start, and the key of its first user."""

    url: str
    key: str = field(repr=False)
    pid: int
    postgres: str
    database: Path

    def ask(self, query: str) -> str:
        """PostgreSQL's own answer to a query, behind Label Studio's back."""
        found = SYSTEM / self.postgres / "bin" / "psql"
        command = [found, "-h", self.database, "-p", str(PORT), "-U", _owner(), "-d", NAME, "-Atc", query]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def label_studio_on_postgres() -> Iterator[Foreign]:
    """Both, started; ended by their own process ids."""
    if (found := programs()) is None:
        raise RuntimeError(f"There is no PostgreSQL in {SYSTEM}: apt-get install postgresql")
    bin, version = install.ensure(), found.parent.name
    # Beside the other temporary folders: PostgreSQL's unprivileged user cannot enter pytest's.
    with tempfile.TemporaryDirectory(prefix="lsal-postgres-") as scratch:
        _hand_over(Path(scratch))
        folder = Path(scratch, "database")
        _copy(migrated(bin, found), folder)
        with postgres(found, folder), _label_studio(bin, Path(scratch, "data"), folder) as (url, key, pid):
            yield Foreign(url, key, pid, version, folder)


def programs() -> Path | None:
    """The folder with initdb of the newest PostgreSQL that Debian's packages installed."""
    found = sorted(SYSTEM.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def migrated(bin: Path, found: Path) -> Path:
    """A database folder with all of Label Studio's tables and nobody in them; made once."""
    name = f"postgres-{found.parent.name}-{settings.LABEL_STUDIO_VERSION}"
    final = settings.cache_folder() / name
    with FileLock(f"{final}.lock"):
        if not final.exists():
            with tempfile.TemporaryDirectory(prefix="lsal-postgres-") as scratch, whole_folder(final) as kept:
                _hand_over(Path(scratch))
                folder = Path(scratch, "database")
                _make(found, folder)
                with postgres(found, folder):
                    _run([found / "createdb", "--host", folder, "--username", _owner(), NAME])
                    data = Path(scratch, "data")
                    _run([bin / "label-studio", "init", "--quiet"], environment(data, folder))
                shutil.copytree(folder, kept, dirs_exist_ok=True)
    return final


@contextmanager
def postgres(found: Path, folder: Path) -> Iterator[None]:
    """The server of a database folder, on a socket in that same folder."""
    options = [part for option in CARELESS for part in ("-c", option)]
    command = [found / "postgres", "-D", folder, "-k", folder, "-p", str(PORT), *options]
    with Path(folder.parent, "postgres.txt").open("ab") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, cwd="/", **_as_user())
    try:
        until = time.monotonic() + 60
        while subprocess.run([found / "pg_isready", "-q", "-h", folder, "-p", str(PORT)], check=False).returncode:
            assert server.poll() is None, Path(folder.parent, "postgres.txt").read_text()[-2000:]
            assert time.monotonic() < until, "PostgreSQL does not answer"
            time.sleep(0.05)
        yield
    finally:
        server.send_signal(signal.SIGINT)  # "fast": ends the sessions, writes everything, then ends
        server.wait(60)


def environment(data: Path, folder: Path, **more: str) -> Mapping[str, str]:
    """What a stock Label Studio on this database sees; of lsal's own options none but `LOOPBACK`."""
    passed = {name: os.environ[name] for name in template.PASSED_ON if name in os.environ}
    database = {"NAME": NAME, "USER": _owner(), "PASSWORD": "", "HOST": str(folder), "PORT": str(PORT)}
    return {
        **passed,
        **settings.SILENT,
        **LOOPBACK,
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "XDG_CONFIG_HOME": str(data / "config"),
        "DJANGO_DB": "default",
        **{f"POSTGRE_{name}": value for name, value in database.items()},
        **more,
    }


@contextmanager
def _label_studio(bin: Path, data: Path, folder: Path) -> Iterator[tuple[str, str, int]]:
    key, port = secrets.token_hex(20), processes.free_port()
    first = {"USERNAME": "owner@team.local", "PASSWORD": secrets.token_urlsafe(12), "USER_TOKEN": key}
    told = {f"LABEL_STUDIO_{name}": value for name, value in first.items()}
    given = environment(data, folder, **told, LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN="true")
    command = [bin / "label-studio", "start", "--no-browser", "--internal-host", "127.0.0.1", "-p", str(port)]
    log = data.with_name("label-studio.txt")
    mark = processes.spawn([str(part) for part in command], log, given)
    try:
        until, url = time.monotonic() + 300, f"http://127.0.0.1:{port}"
        while not _answers(url, key):
            assert processes.alive(mark), processes.end_of(log)
            assert time.monotonic() < until, "Label Studio does not answer"
            time.sleep(0.1)
        yield url, key, mark["pid"]
    finally:
        processes.stop(mark)


def _answers(url: str, key: str) -> bool:
    try:
        told = httpx.get(
            f"{url}/api/current-user/whoami", headers={"Authorization": f"Token {key}"}, timeout=10, trust_env=False
        )
    except httpx.HTTPError:
        return False
    return told.status_code == 200


def _make(found: Path, folder: Path) -> None:
    """A new, empty database folder; whoever reaches its socket is let in."""
    _run([found / "initdb", "-D", folder, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"], **_as_user())


def _copy(origin: Path, folder: Path) -> None:
    shutil.copytree(origin, folder)
    for path in (folder, *folder.rglob("*")):
        _hand_over(path)


def _hand_over(path: Path) -> None:
    """Give `path` to PostgreSQL's user, if that is another one."""
    if user := _user():
        shutil.chown(path, user)
    if path.is_dir():
        path.chmod(0o700)


def _user() -> str | None:
    """PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


def _owner() -> str:
    return _user() or getpass.getuser()


def _as_user() -> dict[str, Any]:
    return {"user": user, "group": user, "extra_groups": []} if (user := _user()) else {}


def _run(command: list[object], given: Mapping[str, str] | None = None, **more: Any) -> None:
    whole = [str(part) for part in command]
    done = subprocess.run(whole, env=given, capture_output=True, text=True, check=False, cwd="/", **more)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
