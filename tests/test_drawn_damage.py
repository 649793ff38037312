"""Any file of a home, damaged in any way: what a person asks for comes, or an error says what to do. Drawn at random.

`test_damaged_homes.py` goes through what may stand in single fields; here is everything that a real loop wrote.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_formats import FORMATS, unpacked

from lsal.errors import LsalError
from lsal.home import activate, find_home, open_home
from lsal.workbench import Workbench
from lsal.workbench.mapping import mapped

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=4,
)
ACTS: dict[str, Callable[[Workbench], Any]] = {
    "status": lambda bench: repr(bench.status()),
    "queue": lambda bench: bench.queue(),
    "versions": lambda bench: repr(bench.versions()),
    "rounds": lambda bench: repr(bench.rounds()),
    "timings": lambda bench: repr(bench.timings()),
    "curve": lambda bench: bench.curve(),
    "forecast": lambda bench: bench.forecast(0.9),
    "compare": lambda bench: bench.compare(1, 2),
    "map": lambda bench: mapped(bench.desk),
    "jobs": lambda bench: repr(bench.jobs()),
    "pin": lambda bench: bench.pin([1, 2, 3]),
    "wishes": lambda bench: repr(bench.wishes()),
    "configure": lambda bench: bench.configure(batch=7),
    "predict": lambda bench: bench.predict(bench.desk.config.xml, [{"id": 1, "data": {"text": "x"}}]),
}
met = Counter[str]()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a real loop, people's wishes with it."""
    root = tmp_path_factory.mktemp("drawn") / "root"
    activate(open_home(unpacked(FORMATS[-1], root)))
    bench = Workbench(root)
    bench.pin([bench.queue()[3].task_id])
    yield bench.home.folder
    assert all(met[outcome] > 30 for outcome in ("refused", "went on")), met


@contextmanager
def damaged(kept: Path, place: float, change: Callable[[Path], None]) -> Iterator[Path]:
    """A copy of the home in which one file is damaged."""
    with TemporaryDirectory(dir=kept.parents[2], ignore_cleanup_errors=True) as root:
        home = Path(root) / "projects" / kept.name
        shutil.copytree(kept, home)
        everything = files(home)
        change(everything[int(place * len(everything))])
        yield home


def files(home: Path) -> list[Path]:
    """All that is kept, in an order that is always the same."""
    return sorted(path for path in home.rglob("*") if path.is_file() and path.suffix not in (".lock", ".sqlite-shm"))


@st.composite
def damage(draw: st.DrawFn) -> Callable[[Path], None]:
    """What may happen to a file: gone, cut short, other bytes in it, another file, a folder; another value in JSON."""
    how = draw(st.sampled_from(["gone", "cut", "bytes", "garbage", "folder", "value", "value", "value", "whole"]))
    share, noise, value, pick = (
        draw(st.floats(0, 1)),
        draw(st.binary(min_size=1, max_size=20)),
        draw(JSON),
        draw(st.randoms()),
    )

    def change(path: Path) -> None:
        content = path.read_bytes()
        at = int(share * len(content))
        if how in ("gone", "folder"):
            path.unlink()
            return path.mkdir() if how == "folder" else None
        if how == "value" and path.suffix == ".json":
            return path.write_text(json.dumps(changed(json.loads(content), value, pick))) and None
        other = {"cut": content[:at], "garbage": noise, "whole": json.dumps(value).encode()}
        path.write_bytes(other.get(how, content[:at] + noise + content[at + len(noise) :]))

    change.__name__ = f"{how}, {share}, {noise!r}, {value!r}"
    return change


def changed(kept: Any, value: Any, pick: Any) -> Any:
    """The same JSON with one value, somewhere in it, replaced or taken away."""
    if isinstance(kept, dict) and kept and pick.random() < 0.8:
        name = pick.choice(sorted(kept))
        rest = {key: one for key, one in kept.items() if key != name}
        return rest if pick.random() < 0.2 else kept | {name: changed(kept[name], value, pick)}
    if isinstance(kept, list) and kept and pick.random() < 0.8:
        place = pick.randrange(len(kept))
        return [*kept[:place], changed(kept[place], value, pick), *kept[place + 1 :]]
    return value


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(place=st.floats(0, 1, exclude_max=True), change=damage(), act=st.sampled_from(sorted(ACTS)))
def test_whatever_is_damaged_is_named_or_done_without(
    home: Path, place: float, change: Callable[[Path], None], act: str
) -> None:
    with damaged(home, place, change) as other:
        told: LsalError | None = None
        try:
            ACTS[act](Workbench.of(find_home(other.parent.parent, other.name)))
        except LsalError as error:
            told = error
    met["refused" if told else "went on"] += 1
    assert told is None or (told.what and told.fix)
