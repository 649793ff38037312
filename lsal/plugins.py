"""Files of a root that add kinds, models, strategies or engines: `plugins/NAME.py`, plugged in by the user.

Such a file holds the tables that lsal itself has, KINDS, MODELS, STRATEGIES or ENGINES, each a
name and the object behind it. Every process of the root reads them: kernel, backend, worker.
A file is only run if its very content was plugged in by this user on this machine: a root
that came from elsewhere brings no code along.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

from lsal.errors import BadPlugin, BadRequest
from lsal.files import read_json, write_json, write_whole
from lsal.settings import cache_folder

FOLDER = "plugins"
TABLES = {"kind": "KINDS", "model": "MODELS", "strategy": "STRATEGIES", "engine": "ENGINES"}
"""The table of each group."""


@dataclass(frozen=True, slots=True)
class Plugged:
    """One file: what its tables hold, by group and name, or the `trouble` with it."""

    file: Path
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trouble: str = ""


def read(file: Path) -> Plugged:
    """What a file would add; it is run for that. Raises BadPlugin for one that cannot be loaded."""
    return _checked(file, _source(file))


def plug(root: Path, file: Path) -> None:
    """Copy a file into the root's plugins, for all its processes. Raises BadPlugin as `read`."""
    source, folder = _source(file), root / FOLDER
    loaded = _checked(folder / file.name, source)  # what cannot be loaded is not kept
    _trust(source)
    write_whole(loaded.file, source)
    with _lock:
        _seen[folder] = (_stamp(folder), _scan(folder))


def watch(root: Path) -> None:
    """From now on, this process knows the plugins of `root`, those that come later too."""
    _seen.setdefault(root / FOLDER, (None, {}))


def watched() -> list[Path]:
    """The roots that this process watches, for a process that it starts."""
    return [folder.parent for folder in _seen]


def watch_all(roots: Iterable[Path]) -> None:
    """Watch several roots."""
    for root in roots:
        watch(root)


def plugged() -> list[Plugged]:
    """All files of the watched roots, as they are now; costs one look at a folder for each root."""
    found: list[Plugged] = []
    for folder in list(_seen):
        stamp, files = _seen[folder]
        if stamp != _stamp(folder):
            with _lock:
                stamp = _stamp(folder)
                files = _scan(folder)
                _seen[folder] = (stamp, files)
        found += files.values()
    return found


_seen: dict[Path, tuple[int | None, dict[str, Plugged]]] = {}
"""Each watched folder: when it was last changed, and its files, by the digest of their content."""
_lock = threading.RLock()


def _stamp(folder: Path) -> int | None:
    """When a file came, went or was replaced; None without a folder."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return None


def _scan(folder: Path) -> dict[str, Plugged]:
    known, found = _seen.get(folder, (None, {}))[1], {}
    for file in sorted(folder.glob("*.py")):
        source = file.read_bytes()
        key = f"{file.name}:{_digest(source)}"
        if not _trusted(source):
            trouble = f"{file} was not plugged in by you on this machine, so it is not run"
            found[key] = Plugged(file, trouble=trouble)
        else:
            found[key] = known[key] if key in known and known[key].tables else _load(file, source)
    return found


def _source(file: Path) -> bytes:
    if file.suffix != ".py" or not file.stem.isidentifier():
        raise BadRequest(f"{file.name} is no name of a Python module", "Call it, say, mine.py: lsal plug FILE")
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadRequest(f"{file} cannot be read ({error.strerror})", "Give a Python file: lsal plug FILE") from None


def _checked(file: Path, source: bytes) -> Plugged:
    loaded = _load(file, source)
    if loaded.trouble:
        raise BadPlugin(loaded.trouble, "Mend it, then: lsal plug FILE")
    return loaded


def _load(file: Path, source: bytes) -> Plugged:
    """Run the file as a module of its own; whatever goes wrong in it is its `trouble`."""
    spec = spec_from_loader(f"lsal_plugin_{file.stem}", loader=None, origin=str(file))
    assert isinstance(spec, ModuleSpec)
    module = module_from_spec(spec)
    module.__file__ = str(file)
    sys.modules[spec.name] = module  # dataclasses and pickle look there
    try:
        exec(compile(source, str(file), "exec"), module.__dict__)  # nosec B102  # the user plugged it in
    except (Exception, SystemExit) as error:
        return Plugged(file, trouble=f"{file.name} cannot be loaded ({type(error).__name__}: {error})")
    tables = {group: getattr(module, table, {}) for group, table in TABLES.items()}
    if not all(isinstance(table, Mapping) for table in tables.values()) or not any(tables.values()):
        wanted = ", ".join(TABLES.values())
        return Plugged(file, trouble=f"{file.name} adds nothing: it has none of the tables {wanted}")
    return Plugged(file, {group: dict(table) for group, table in tables.items()})


def _digest(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()


def _trusted(source: bytes) -> bool:
    return _digest(source) in read_json(_kept(), [])


def _trust(source: bytes) -> None:
    write_json(_kept(), sorted({*read_json(_kept(), []), _digest(source)}), mode=0o600)


def _kept() -> Path:
    """What this user plugged in, by digest; outside of any root."""
    return cache_folder() / "plugged.json"
