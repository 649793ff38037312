"""Where lsal keeps things and finds keys: the only module that reads the environment."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from lsal.errors import BadData, BadRequest, Refused
from lsal.files import as_written, keep_private, write_json, write_whole
from lsal.keys import ASK, hide_in_logs, read_private

LABEL_STUDIO_VERSION = "1.23.2"
ROOT = ".lsal"
KEYS = ("LABEL_STUDIO_API_KEY", "LABEL_STUDIO_ACCESS_TOKEN", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
MLFLOW, SQLITE = "mlflow.json", "sqlite:///"

SILENT = {
    "COLLECT_ANALYTICS": "False",
    "LATEST_VERSION_CHECK": "False",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "YOLO_OFFLINE": "true",
    "YOLO_AUTOINSTALL": "false",
    "YOLO_VERBOSE": "false",
    "ULTRALYTICS_SAFE_LOAD": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_USAGE_STATS_REPORT_URL": "http://127.0.0.1:9/",
}
"""Switches off everything that a dependency would send by itself, and what a file of weights could execute.

Ray's address is nobody's port: one that is told to report nothing reports just that.
"""


def silence() -> None:
    """Switch telemetry off for this process and its children; called before a heavy import."""
    for name, value in SILENT.items():
        os.environ.setdefault(name, value)


def ray_on_loopback(folder: Path) -> None:
    """Let a Ray that this process and its children start listen on loopback alone, for who has their token, note in
    `folder` where it is, and end at once when it is asked to; called before its import, which reads this once.
    """
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ["RAY_TMPDIR"] = str(folder)
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "300")
    os.environ.setdefault("RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S", "0")
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def hurry_ray() -> None:
    """Let Ray give a cluster that takes connections and never answers up after 2 minutes, instead of 14; called
    before its import, which reads this once.
    """
    os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "3")


def call_ray_node(node: str) -> None:
    """Let the next node of Ray that this process starts have this id, 56 hexadecimal digits."""
    os.environ["RAY_OVERRIDE_NODE_ID_FOR_TESTING"] = node


def without_keys() -> dict[str, str]:
    """The environment for what needs no key: programs of others, and the processes of a Ray."""
    return {name: value for name, value in os.environ.items() if name not in KEYS}


def one_thread() -> dict[str, str]:
    """The environment of a program that shall not compute on several processors at once, and needs no key."""
    return {**without_keys(), "OMP_THREAD_LIMIT": "1"}


def seclude_ultralytics(folder: Path) -> None:
    """Let ultralytics keep its own files in `folder`; called before its import, which reads this once.

    It also would set the threads of all numeric work to one.
    """
    silence()
    os.environ["YOLO_CONFIG_DIR"] = str(folder)
    os.environ.setdefault("OMP_NUM_THREADS", str(worker_threads()))


def mlflow_address(root: Path) -> str:
    """Where the user's MLflow is: $MLFLOW_TRACKING_URI, else as the root keeps it; "" if neither says so.

    Only the process in which the user set it has the environment; a backend may have been started before.
    """
    return _mlflow_of_environment() or str(read_private(root / MLFLOW).get("uri", ""))


def keep_mlflow_address(root: Path) -> None:
    """Remember in the root what the environment says about it, for the other processes; it may hold a password."""
    write_json(root / MLFLOW, {"uri": _mlflow_of_environment()}, mode=0o600)


def hurry_mlflow() -> None:
    """Let MLflow ask once, and wait for answers half a minute ($MLFLOW_HTTP_REQUEST_TIMEOUT overrides).

    It would repeat a request that may have been carried out, and make a second run. Called before its import.
    """
    silence()
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")


def root_folder() -> Path:
    """The root that the processes share: $LSAL_ROOT, else the nearest `.lsal` with a project, here or further up.

    Without one, `.lsal` in the current folder, to be made. Raises BadRequest for one that somebody else laid out.
    """
    if given := os.environ.get("LSAL_ROOT"):
        return Path(given).expanduser().resolve()
    here = Path.cwd()
    found = (folder / ROOT for folder in (here, *here.parents) if (folder / ROOT / "projects").is_dir())
    root = next(found, here / ROOT).resolve()
    if _of_somebody_else(root):
        what = f"{root} belongs to another user of this machine: it would say to which server your key goes"
        raise BadRequest(what, f"Go to a folder of your own, or, if you trust it: export LSAL_ROOT='{root}'")
    return root


def cache_folder() -> Path:
    """The user's cache for lsal ($LSAL_CACHE overrides): what can be made again. For its owner alone."""
    given = os.environ.get("LSAL_CACHE")
    folder = Path(given).expanduser().resolve() if given else platformdirs.user_cache_path("lsal")
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def label_studio_key(root: Path, url: str) -> str:
    """The key for the server at `url`: from the environment, the root's 0600 file, or a keyring.

    $LABEL_STUDIO_API_KEY counts only for the server that $LABEL_STUDIO_URL names, or, without
    that, for any server that has no key of its own in the root.
    """
    named, given = os.environ.get("LABEL_STUDIO_URL", ""), os.environ.get("LABEL_STUDIO_API_KEY", "")
    if given and named and _address(named) == _address(url):
        return given
    kept = read_private(root / "keys.json").get(_address(url))
    key = kept or (given if not named else "") or _from_keyring(url)
    if not key:
        raise Refused(f"There is no key for {url}", f"{ASK}, or set LABEL_STUDIO_API_KEY")
    return str(key)


def keep_key(root: Path, url: str, key: str) -> None:
    """Remember a key in the root, in a file that only its owner can read."""
    keep_private(root)
    keys = read_private(root / "keys.json")
    if keys.get(_address(url)) != key:
        write_json(root / "keys.json", {**keys, _address(url): key}, mode=0o600)


def certificates(root: Path, url: str) -> Path | None:
    """The certificates that the root keeps for the server at `url`, beyond those that everybody trusts."""
    kept = _certificates(root, url)
    return kept if kept.exists() else None


def keep_certificates(root: Path, url: str, content: bytes) -> None:
    """Remember certificates (PEM) for a server: every process that asks it trusts them from then on."""
    write_whole(_certificates(root, url), content)


def certificates_of_environment() -> tuple[str | None, str | None]:
    """The file and the folder of certificates that the user's environment names."""
    return os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None


def root_secret(root: Path) -> str:
    """The secret part of the backend's URLs, made once for each root. Raises BadData for one that could be guessed."""
    path = root / "secret.json"
    if not path.exists():
        keep_private(root)
        beside = root / f".secret.{secrets.token_hex(8)}.tmp"
        write_json(beside, {"secret": secrets.token_urlsafe(18)}, mode=0o600)
        try:
            os.link(beside, path)
        except FileExistsError:  # of two processes, the secret of the first counts
            pass
        except OSError:  # a file system without links
            os.replace(beside, path)
        beside.unlink(missing_ok=True)
    with as_written(path):
        secret = str(read_private(path).get("secret", ""))
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,}", secret):
        raise BadData(f"{path} holds no secret of 16 letters or more", f"Have one made: rm '{path}', then lsal serve")
    hide_in_logs(secret)
    return secret


def child_environment(**more: str) -> dict[str, str]:
    """The environment for a process that lsal starts: this one's, silent, with `more`."""
    return {**os.environ, **SILENT, **more}


def environment() -> dict[str, str]:
    """The environment of this process, as it is now."""
    return dict(os.environ)


def take_environment(given: Mapping[str, str]) -> None:
    """Have this environment in place of the one that this process was started with."""
    os.environ.clear()
    os.environ.update(given)


def cores() -> int:
    """Processors that this process may use: those it is bound to, and no more than its container is given."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(count, int(quota) // int(period)))
    except (OSError, ValueError):  # no such file, or "max"
        return count


def worker_threads(wanted: int = 0) -> int:
    """Threads for numeric work in a worker: `wanted`, else $LSAL_THREADS, else half the cores, at least 1."""
    return wanted or int(os.environ.get("LSAL_THREADS") or max(1, cores() // 2))


def poll_seconds() -> float:
    """Seconds between the backend's looks at a project when no event comes ($LSAL_POLL_S overrides)."""
    return max(0.05, float(os.environ.get("LSAL_POLL_S") or 30.0))


def _of_somebody_else(root: Path) -> bool:
    """Whether another user laid out a root that was only found, not named: above the current folder, in /tmp say.

    Who is root may work in folders of others, as containers do, but not where everybody may lay something out.
    """
    if os.name != "posix" or not root.exists() or root.stat().st_uid in (os.geteuid(), 0):
        return False
    return os.geteuid() != 0 or bool(root.parent.stat().st_mode & 0o002)


def _from_keyring(url: str) -> str:
    try:
        import keyring
    except ImportError:
        return ""
    try:
        return keyring.get_password("lsal", _address(url)) or ""
    except keyring.errors.KeyringError:
        return ""


def _mlflow_of_environment() -> str:
    """A database in a relative place is meant from here, whoever opens it; `file:` is an address of SQLite's own."""
    given = os.environ.get("MLFLOW_TRACKING_URI", "")
    path = given.removeprefix(SQLITE)
    relative = path and given.startswith(SQLITE) and not path.startswith(("/", "file:"))
    return f"{SQLITE}{Path(path).resolve()}" if relative else given


def _certificates(root: Path, url: str) -> Path:
    host = urlsplit(_address(url)).netloc
    return root / "certificates" / f"{re.sub(r'[^a-z0-9._-]', '-', host)}.pem"


def _address(url: str) -> str:
    parts = urlsplit(url if "//" in url else f"http://{url}")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}".lower()
