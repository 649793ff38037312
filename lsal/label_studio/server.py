"""lsal's own Label Studio: started, found again, ended; on loopback, one for each root.

root/label-studio/
├── data/         database, uploads and secret key of the server
├── login.json    0600: email, password and key of its first user
├── server.json   the process that runs now, and its address
├── port          the port it had last: people keep bookmarks
├── log.txt       of this start; log.previous.txt of the one before, or its own last part: see `housekeeping.logs`
└── lock          held while it is started or ended
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from lsal import processes, settings
from lsal.errors import BadRequest, LabelStudioError, Refused, Unreachable
from lsal.files import keep_private, read_json, write_json, write_whole
from lsal.label_studio import inside, install, template

OWN = "http://own"
"""The name under which the root keeps the key of its own server, whatever port that has."""

EMAIL = "me@lsal.local"
START_S = 180.0
ANSWER_S = 10.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Server:
    """A running Label Studio. `folder` is its data folder, `mark` its process."""

    url: str
    key: str = field(repr=False)
    folder: Path
    mark: Mapping[str, Any]


def up(root: Path, port: int | None = None, report: Callable[[str], None] | None = None) -> Server:
    """The root's Label Studio: the one that runs, else one that is installed and started now.

    It listens on loopback at `port`, else at the port it had last time, else at any free one.
    Raises NotInstalled; BadRequest if `port` is taken; Unreachable if it ends while starting.
    """
    tell = report or _log.info
    folder = root / "label-studio"
    keep_private(root)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    with FileLock(folder / "lock"):
        mark = _mark(folder)
        if not processes.alive(mark):
            (folder / "server.json").unlink(missing_ok=True)
            mark = _start(root, _free_port(folder, port), tell)
        return _when_ready(root, mark, tell)


def running(root: Path) -> Server | None:
    """The root's Label Studio, if it runs and answers; starts nothing."""
    mark = _mark(root / "label-studio")
    return _find(root, mark) if processes.alive(mark) else None


def address(root: Path) -> str | None:
    """Where the root's Label Studio last was ready, if its process lives; asks it nothing."""
    folder = root / "label-studio"
    kept = read_json(folder / "server.json", {})
    return kept.get("url") if processes.alive(kept.get("mark")) else None


def process(root: Path) -> dict[str, Any]:
    """The process that is, or was, the root's Label Studio; empty where none was started."""
    return _mark(root / "label-studio")


def ready_at(root: Path) -> float:
    """When the root's Label Studio, which runs, was last found to answer, by this machine's clock; 0 if none runs."""
    return (root / "label-studio" / "server.json").stat().st_mtime if address(root) else 0.0


def down(root: Path) -> bool:
    """End the root's Label Studio. True if one ran; its data stays."""
    folder = root / "label-studio"
    if not folder.exists():
        return False
    with FileLock(folder / "lock"):
        ended = processes.stop(_mark(folder))
        (folder / "server.json").unlink(missing_ok=True)
    return ended


def login(root: Path) -> tuple[str, str]:
    """The email and password with which a person signs in to the root's own server."""
    kept = _login(root / "label-studio")
    return kept["email"], kept["password"]


def files_folder(root: Path) -> Path:
    """The folder whose subfolders the server may serve as local files."""
    folder = root / "files"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _start(root: Path, port: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Start the server detached, without waiting for it; its mark."""
    folder = root / "label-studio"
    bin = install.ensure(tell)
    _prepare(folder, bin, tell)
    log = folder / "log.txt"
    if log.exists():
        log.replace(folder / "log.previous.txt")
    command = [str(bin / "label-studio"), "start", "--no-browser", "--internal-host", "127.0.0.1", "-p", str(port)]
    local_files = {
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(files_folder(root)),
    }
    mark = processes.spawn(command, log, template.environment(folder / "data", local_files | inside.SETTINGS))
    # On disk at once: if this process is killed now, the next one finds the server.
    write_json(folder / "server.json", {"mark": mark})
    return mark


def _prepare(folder: Path, bin: Path, tell: Callable[[str], None]) -> None:
    """Make the data folder, and the login of its user. One that is there is people's work, and stays."""
    if (folder / "data").exists():
        _login(folder)  # without it the server would run and nobody could get in
        return
    login = {"email": EMAIL, "password": secrets.token_urlsafe(12), "key": secrets.token_hex(20)}
    write_json(folder / "login.json", login, mode=0o600)
    template.copy(template.ensure(bin, tell), folder / "data")


def _when_ready(root: Path, mark: Mapping[str, Any], tell: Callable[[str], None]) -> Server:
    """Wait until the marked process answers with our key, and write down where it is."""
    folder, began, said = root / "label-studio", time.monotonic(), 0.0
    while (waited := time.monotonic() - began) < START_S:
        if not processes.alive(mark):
            (folder / "server.json").unlink(missing_ok=True)
            what = "Label Studio ended while it started:\n" + processes.end_of(folder / "log.txt", 8)
            raise Unreachable(what, f"Read {folder / 'log.txt'}, then: lsal up")
        if server := _find(root, mark):
            _remember(root, server)
            return server
        if waited - said >= 1:
            said = waited
            tell(f"Label Studio is starting ({waited:.0f} s)")
        time.sleep(0.1)
    what = f"Label Studio (process {mark['pid']}) has not answered for {START_S:.0f} s"
    raise Unreachable(what, "End it and start it again: lsal down, then lsal up")


def _find(root: Path, mark: Mapping[str, Any]) -> Server | None:
    """The server that the marked process is, once it answers. Raises Refused.

    The port is read from the process itself: when its port is taken Label Studio moves to
    another without a word, and our key must never go to whoever sits on the first.
    """
    key = _login(root / "label-studio")["key"]
    for port in _ports(mark):
        status = _greet(port, key)
        if status == 401:
            raise Refused(
                "Label Studio no longer accepts lsal's key",
                f"Put the access token of http://127.0.0.1:{port}/user/account into {root / 'label-studio/login.json'}",
            )
        if status == 200:
            return Server(f"http://127.0.0.1:{port}", key, root / "label-studio" / "data", dict(mark))
    return None


def _ports(mark: Mapping[str, Any]) -> list[int]:
    """The TCP ports on which the marked process listens."""
    try:
        sockets = psutil.Process(int(mark["pid"])).net_connections("tcp")
    except psutil.Error:
        return []
    return [socket.laddr.port for socket in sockets if socket.status == psutil.CONN_LISTEN]


def _greet(port: int, key: str) -> int:
    """The HTTP status with which the server on `port` takes our key; 0 if it does not answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/api/current-user/whoami", headers={"Authorization": f"Token {key}"})
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def _remember(root: Path, server: Server) -> None:
    folder = root / "label-studio"
    write_json(folder / "server.json", {"url": server.url, "mark": server.mark})
    write_whole(folder / "port", server.url.rpartition(":")[2].encode())
    settings.keep_key(root, OWN, server.key)


def _mark(folder: Path) -> dict[str, Any]:
    mark: dict[str, Any] = read_json(folder / "server.json", {}).get("mark", {})
    return mark


def _login(folder: Path) -> dict[str, str]:
    kept: dict[str, str] | None = read_json(folder / "login.json")
    if kept is None:
        fix = "Restore it from a backup; if there has been no server here yet: lsal up"
        raise LabelStudioError(f"{folder / 'login.json'} with the login of lsal's Label Studio is not there", fix)
    return kept


def _free_port(folder: Path, asked: int | None) -> int:
    """The port to start on; one that was asked for has to be free, last time's need not."""
    last = folder / "port"
    wanted = asked or (int(last.read_text()) if last.exists() else 0)
    port = processes.free_port(wanted)
    if asked and port != asked:
        raise BadRequest(f"Port {asked} is taken", "Choose another one, or leave the choice to lsal: lsal up")
    return port
