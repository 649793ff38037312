"""Files of tasks on this machine: a URL in, a path out, downloaded once.

The SDK's get_local_path knows every address that Label Studio writes into tasks (uploads,
local files, cloud storage through presigned links). It is used here inside bounds that it
lacks: a time and a size for each download, no look into other Label Studios' folders on
this machine, none into machines that tasks may not name (see `guard`), and a name that
appears only once the file is whole.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, mkdtemp
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import DataHandler, Request

from lsal.errors import BadData
from lsal.label_studio import downloads
from lsal.label_studio.again import Again
from lsal.label_studio.downloads import short, too_large
from lsal.label_studio.guard import Guard

LOCAL_FILES = "/data/local-files/"
ON_SERVER = ("/data/upload/", LOCAL_FILES, "/storage-data/uploaded/", "upload/", "/upload/")
CLOUDS = ("s3", "gs", "azure-blob")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Media:
    """The files of one project's tasks, kept in `folder` under a digest of their URL.

    `url` is the Label Studio they belong to and `token()` gives what it accepts now: a legacy
    token or an access JWT, never a personal access token. `own_files` is the folder that
    lsal's own server serves as local files: those are read where they lie. `certificates` are
    trusted for that Label Studio. `hosts` are machines beside it, in private networks, from which
    tasks may have files: see `guard`.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        token: Callable[[], str] | None = None,
        own_files: Path | None = None,
        certificates: Path | None = None,
        hosts: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.url = url.rstrip("/")
        self._token = token
        self._certificates = certificates
        self.hosts = tuple(hosts)
        self._guard, self._again = Guard(self.url, hosts), Again()
        self._own_files = own_files.resolve() if own_files else None

    def fetch(self, task_url: str, task_id: int | None = None) -> Path:
        """The file behind a URL of a task; `task_id` is needed for cloud storage. Raises BadData."""
        address = self._on_server(task_url)
        scheme = _scheme(address)
        if scheme != "data" and CONTROL.search(address):
            raise BadData(f"{short(address)!r} holds control characters", "Correct the task")
        if self._own_files and (address.startswith(LOCAL_FILES) or not (scheme or address.startswith(ON_SERVER))):
            return self._own(address)
        if scheme == "data":
            return self._cached(address, lambda beside: _decode(address, beside))
        if scheme in ("http", "https"):
            return self._cached(address, lambda beside: self._from_web(address, beside))
        if scheme in CLOUDS and task_id is None:
            raise BadData(f"'{short(address)}' needs the id of its task", "Sync the project first: lsal sync")
        if scheme in CLOUDS or address.startswith(ON_SERVER):
            return self._cached(address, lambda beside: self._download(address, beside, task_id, self._token))
        raise BadData(
            f"'{short(address)}' is not an address that a task may use",
            "Upload the file into Label Studio, or give an http(s) or data: URL",
        )

    def _on_server(self, task_url: str) -> str:
        """A URL of this Label Studio without its host, which loopback has two of, and sub-path."""
        one, other = "//127.0.0.1", "//localhost"
        below = urlsplit(self.url).path
        for server in (
            self.url,
            self.url.replace(one, other),
            self.url.replace(other, one),
            *([below] if below else []),
        ):
            if task_url.startswith(server) and task_url[len(server) :].startswith(ON_SERVER):
                return task_url[len(server) :]
        return task_url

    def _own(self, address: str) -> Path:
        """A file below `own_files`, which no `..` and no link leads out of."""
        assert self._own_files
        local = address.startswith(LOCAL_FILES)
        path = parse_qs(urlsplit(address).query).get("d", [""])[-1].lstrip("/") if local else address
        inside = self._own_files / path
        try:
            found = inside.resolve()
            there = found.is_file()
        except (OSError, ValueError) as error:
            raise BadData(f"'{short(address)}' cannot be a file ({error})", "Correct the task") from None
        if ".." in inside.parts or not found.is_relative_to(self._own_files):
            raise BadData(
                f"'{short(address)}' leads out of the folder that is served", f"Put the file below {self._own_files}"
            )
        if not there:
            raise BadData(f"There is no file '{short(inside)}'", "Put it back, or delete the task in Label Studio")
        return found

    def _cached(self, address: str, fill: Callable[[Path], Path]) -> Path:
        """The kept file of an address; without one, what `fill` puts into an empty folder."""
        kept = self.folder / (hashlib.sha256(address.encode()).hexdigest()[:32] + _suffix(address))
        if not kept.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=self.folder, prefix=".") as beside:
                filled = fill(Path(beside))
                with filled.open("rb") as file:
                    os.fsync(file.fileno())
                os.replace(filled, kept)
        return kept

    def _download(
        self, address: str, beside: Path, task_id: int | None = None, token: Callable[[], str] | None = None
    ) -> Path:
        asked = self._whole(address) if address.startswith(ON_SERVER) else address
        try:  # each time into a folder of its own: the helper takes half a file of the last time for the whole
            return self._again.insist(lambda: self._once(asked, Path(mkdtemp(dir=beside)), task_id, token))
        except (OSError, ValueError) as error:
            raise self._trouble(address, error) from None

    def _once(self, asked: str, beside: Path, task_id: int | None, token: Callable[[], str] | None) -> Path:
        from label_studio_sdk._extensions.label_studio_tools.core.utils import io

        bounded = downloads.Bounded(self.url, self._certificates, self._guard, keyed=token is not None)
        with bounded as session, io.http_session(session):
            # image_dir keeps the helper from looking into another Label Studio's uploads on this machine
            found = io.get_local_path(
                asked,
                cache_dir=str(beside),
                image_dir=str(beside / "none"),
                hostname=self.url,
                access_token=token() if token else None,
                task_id=task_id,
            )
        return Path(found)

    def _whole(self, address: str) -> str:
        """What the helper is asked for a file of this Label Studio: it would look for local ones on this machine.

        Raises BadData where `..` leads to another page: the key would be told to that one.
        """
        if ".." in re.split(r"[/\\?&=]", unquote(unquote(address))):
            raise BadData(f"'{short(address)}' leads out of the files of {self.url}", "Correct the task")
        return self.url + address if address.startswith(LOCAL_FILES) else address

    def _from_web(self, address: str, beside: Path) -> Path:
        """A file of any server. People may call Label Studio by another name than lsal does: a file of
        its, refused without a key, is asked for under lsal's name, the only one that is told the key.
        """
        try:
            return self._download(address, beside)
        except BadData:
            path = re.match(r"https?://[^/]+(?:/.*)?(/data/(?:upload|local-files)/.*)", address)
            if not path or not self._token:
                raise
            return self._download(path[1], beside, None, self._token)

    def _trouble(self, address: str, error: Exception) -> BadData:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status:  # Label Studio says 403 also for an upload that is gone
            fix = "Check the key" if status == 401 else "Is the file still there, and may the key see it? Open the task"
            return BadData(f"'{short(address)}' cannot be had ({status})", fix)
        why = f"{type(error).__name__}: {short(error)}"
        return BadData(f"'{short(address)}' cannot be fetched ({why})", f"Check that {self.url} and the address answer")


def _decode(address: str, beside: Path) -> Path:
    if len(address) > downloads.MOST_BYTES:
        raise too_large(address)
    try:
        content = DataHandler().data_open(Request(address)).read()
    except ValueError as error:
        raise BadData(f"'{short(address)}' cannot be decoded ({error})", "Correct the task's data: URL") from None
    file = beside / "content"
    file.write_bytes(content)
    return file


def _scheme(address: str) -> str:
    """Its scheme in lower case, "" for a path; a data: URL may be long and is not taken apart."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", address)
    scheme = found[1].lower() if found else ""
    try:
        urlsplit("" if scheme == "data" else address)
    except ValueError as error:
        raise BadData(f"'{short(address)}' is no address ({error})", "Correct the task") from None
    return scheme


def _suffix(address: str) -> str:
    """The ending of the file's name, where it is a plain one: libraries look at it."""
    if _scheme(address) == "data":
        return mimetypes.guess_extension(re.split("[;,]", address[5:100])[0]) or ""
    parts = urlsplit(address)
    asked = parse_qs(parts.query)
    path = (asked.get("d") or asked.get("filepath") or [parts.path])[-1]
    ending = PurePosixPath(path).suffix
    return ending.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", ending) else ""
