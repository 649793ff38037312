"""Parts from elsewhere: a file that is plugged in, a package with entry points, and those that are broken."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from prepared import prepared
from strangers import installed, laid_down

from lsal import plugins
from lsal.dashboard.html import to_text
from lsal.engine import ENGINES
from lsal.errors import BadPlugin, BadRequest
from lsal.kinds import KINDS, match
from lsal.label_studio.server import Server
from lsal.models import MODELS
from lsal.notebook import Executed, execute
from lsal.strategies import STRATEGIES
from lsal.testing.materials import pool_of
from lsal.workbench import Workbench
from lsal.workbench.parts import Part, troubles

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "09_write_your_own.ipynb"
CELLS = nbformat.read(NOTEBOOK, as_version=4).cells
MINE = """
from dataclasses import replace
from lsal.strategies.queries import margin
def first(pool, n):
    return replace(margin(pool, n), why="{why}")
STRATEGIES = {{"{name}": first}}
"""


def written(name: str) -> str:
    """A file as the notebook writes it."""
    (source,) = [cell.source for cell in CELLS if cell.source.startswith(f"%%writefile {name}\n")]
    return str(source.partition("\n")[2])


def entry_points() -> dict[str, dict[str, str]]:
    """Those that the notebook shows to whoever makes a package of it."""
    shown = CELLS[-1].source.partition("```toml\n")[2].partition("```")[0]
    return dict(tomllib.loads(shown)["project"]["entry-points"])


# Live, in a notebook -------------------------------------------------------------------


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of its own for what is plugged in here, so that the user's is left alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSAL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def executed(
    label_studio: Server, root: Path, cache: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Executed]:
    """The notebook, executed in a folder of its own; the session's root is left without its parts."""
    folder = tmp_path_factory.mktemp("notebook")
    yield execute(root, Path(shutil.copy(NOTEBOOK, folder)), folder / "out", rounds=1)
    shutil.rmtree(root / "plugins")


def test_the_notebook_adds_one_of_each_and_runs_a_round_with_them(executed: Executed, root: Path) -> None:
    assert re.search(r"\b\d\d+ passed", executed.result)
    assert "failed" not in executed.result
    assert "exactly as published" in executed.result
    assert "15 of 15" in executed.result
    bench = Workbench(root)
    (version,) = bench.versions()
    assert (version.family, version.control, version.promoted) == ("nearest", "grape", True)
    assert version.examples["count"] + version.examples["measuring"] == 15
    assert {job.state().result["strategy"] for job in bench.jobs()} == {"torn_and_far"}
    assert "table_choices" in KINDS
    # The session's backend may run for other tests: then it is not connected to this project.
    assert [told for told in bench.status().warnings if "The ML backend runs" not in told] == []
    assert bench.queue(1)[0].parts.keys() == {"doubt", "far"}


# A package -----------------------------------------------------------------------------

SESSION = """
import json, sys
from lsal import cli
from lsal.workbench import Workbench
url, number = sys.argv[1:]
assert cli.main(["attach", url, number]) == 0
assert cli.main(["set", "strategy=torn_and_far", "batch=8"]) == 0
bench = Workbench()
bench.rank().wait()
project = bench.desk.project
for _ in range(8):
    task = project.next_task()
    label = "A" if task["data"]["row"]["width"] < 5 else "B"
    answer = {"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": [label]}}
    project.submit(task["id"], [answer], 1.0)
done = bench.round().wait()
(version,) = bench.versions()
print(json.dumps({
    "family": version.family, "strategy": done["strategy"], "exact": done["exact"],
    "origins": {part.name: part.origin for part in bench.parts() if part.origin != "lsal"},
}))
"""


def ran(code: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Code in a fresh process, as another user's would run."""
    wide = {**os.environ, **environment}
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env=wide, timeout=300)


def test_an_installed_package_adds_one_of_each_and_a_round_uses_them(
    label_studio: Server, client: Any, tmp_path: Path
) -> None:
    site = installed(tmp_path, "stranger", {"my_parts": written("my_parts.py")}, entry_points())
    choices = '<Choices name="c" toName="t"><Choice value="A"/><Choice value="B"/></Choices>'
    config = f'<View><Table name="t" value="$row"/>{choices}</View>'
    made = client("POST", "/api/projects/", json={"title": "Rows", "label_config": config}).json()["id"]
    rows = [{"row": {"width": 10 * (number % 2), "height": number}} for number in range(24)]
    client("POST", f"/api/projects/{made}/import", json=rows).raise_for_status()

    key = {"LABEL_STUDIO_API_KEY": label_studio.key, "LSAL_ROOT": str(tmp_path / "root")}
    done = ran(SESSION, label_studio.url, str(made), PYTHONPATH=str(site), **key)

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    from_package = dict.fromkeys(("table_choices", "nearest", "torn_and_far"), "package 'stranger'")
    assert told == {"family": "nearest", "strategy": "torn_and_far", "exact": True, "origins": from_package}


BROKEN = {
    "lsal.kind": {"stars": "no_such_module:Stars", "bomb": "bad_parts:Bomb"},
    "lsal.model": {"random": "bad_parts:Bomb", "absent": "bad_parts:Absent"},
    "lsal.strategy": {"leaves": "leaving:pick"},
}
BAD = 'class Bomb:\n    name = "bomb"\n    def refusal(self, control):\n        raise RuntimeError("boom")\n'
LOOK = """
import json, sys
from lsal.models import MODELS
from lsal.workbench import Workbench
from lsal.errors import LsalError
bench = Workbench()
told = {"controls": list(bench.desk.handled), "random": MODELS["random"].__module__, "refused": {}}
for changes in ({"strategy": "leaves"}, {"family": {"label": "absent"}}):
    try:
        bench.configure(**changes)
    except LsalError as error:
        told["refused"][str(changes)] = [type(error).__name__, error.what, error.fix]
told["names"] = [part.name for part in bench.parts()]
told["warnings"] = bench.status().warnings
print(json.dumps(told))
"""


def test_a_broken_package_is_named_and_breaks_nothing(isolated_root: Path, tmp_path: Path) -> None:
    prepared(isolated_root)
    modules = {"bad_parts": BAD, "leaving": "import sys\nsys.exit(3)\n"}
    site = laid_down(tmp_path, "broken-parts", modules, BROKEN)
    done = ran(LOOK, PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["controls"] == ["label"]  # its kind raises, and is asked about every control
    assert told["random"] == "lsal.models.random_guess"
    assert [error[0] for error in told["refused"].values()] == ["BadPlugin", "BadPlugin"]
    strategy, model = told["refused"].values()
    assert strategy[1] == "The strategy 'leaves' of package 'broken-parts' cannot be loaded (SystemExit: 3)"
    assert "model 'absent' of package 'broken-parts' cannot be loaded (AttributeError" in model[1]
    assert strategy[2] == "Mend that package, or remove it"
    said = " ".join(told["warnings"])
    assert "The kind 'stars' of package 'broken-parts' cannot be loaded (ModuleNotFoundError" in said
    assert "The model 'random' of package 'broken-parts' is not used: lsal has one of that name" in said
    assert {"stars", "leaves", "auto"} <= set(told["names"])


def test_of_two_packages_with_one_name_the_first_by_name_is_used(tmp_path: Path) -> None:
    sites = []
    for name in ("zebra", "adder"):
        module = f"{name}_parts"
        points = {"lsal.strategy": {"mine": f"{module}:first"}}
        sites.append(laid_down(tmp_path, name, {module: MINE.format(name="mine", why=name)}, points))
    code = "from lsal.strategies import STRATEGIES as s; print(s['mine'].__module__, s.origin('mine'), list(s)[-1])"
    for order in (sites, sites[::-1]):
        done = ran(code, PYTHONPATH=os.pathsep.join(map(str, order)))
        assert done.stdout.split() == ["adder_parts", "package", "'adder'", "mine"], done.stderr


# A file --------------------------------------------------------------------------------


@pytest.fixture
def bench(isolated_root: Path, cache: None) -> Iterator[Workbench]:
    yield prepared(isolated_root)
    shutil.rmtree(isolated_root / "plugins", ignore_errors=True)


def mine(folder: Path, content: str = "", name: str = "mine.py") -> Path:
    (folder / name).write_text(content or MINE.format(name="mine", why="once"))
    return folder / name


def test_a_file_is_known_to_this_process_and_to_others_and_may_be_replaced(bench: Workbench, tmp_path: Path) -> None:
    assert bench.plug(mine(tmp_path)) == [Part("strategy", "mine", "mine.py")]
    assert STRATEGIES["mine"](pool_of(), 3).why == "once"
    bench.configure(strategy="mine")
    assert Part("strategy", "mine", "mine.py") in bench.parts()
    code = "from lsal.workbench import Workbench; from lsal.strategies import STRATEGIES as s; Workbench()"
    code += "; from lsal.testing.materials import pool_of; print(s['mine'](pool_of(), 3).why)"
    assert ran(code).stdout.strip() == "once"
    bench.plug(mine(tmp_path, MINE.format(name="mine", why="twice")))
    assert STRATEGIES["mine"](pool_of(), 3).why == "twice"
    assert ran(code).stdout.strip() == "twice"
    (bench.root / "plugins" / "mine.py").unlink()
    assert "mine" not in STRATEGIES
    (told,) = [one for one in bench.status().warnings if "mine" in one]
    assert told == "The strategy 'mine' of the settings is not here. Choose another, or plug it in: lsal set, lsal plug"


def test_the_processes_of_an_engine_know_it_too(bench: Workbench, tmp_path: Path) -> None:
    bench.plug(mine(tmp_path))
    with ENGINES["processes"]() as executor:
        assert executor.submit(STRATEGIES.origin, "mine").result() == "mine.py"


def test_a_file_that_the_user_did_not_plug_in_is_not_run(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A root that came from elsewhere, or a file that was changed in place: no code of it runs."""
    bench.plug(mine(tmp_path))
    monkeypatch.setenv("LSAL_CACHE", str(tmp_path / "another"))
    (bench.root / "plugins" / "evil.py").write_text("import pathlib\npathlib.Path('harmed').touch()\n")
    assert "mine" not in STRATEGIES
    assert not Path("harmed").exists()
    told = [one for one in bench.status().warnings if "so it is not run" in one]
    assert len(told) == 2
    assert told[0].endswith(
        "evil.py was not plugged in by you on this machine, so it is not run. Read it, then: lsal plug FILE"
    )
    with pytest.raises(BadRequest, match=r"No strategy is called 'mine' \(.*mine.py was not plugged in"):
        bench.configure(strategy="mine")
    bench.plug(mine(tmp_path))
    assert "mine" in STRATEGIES


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ("import no_such_library", "mine.py", r"mine.py cannot be loaded \(ModuleNotFoundError: .*no_such_library"),
        ("x = (", "mine.py", "SyntaxError"),
        ("raise SystemExit(1)", "mine.py", "SystemExit"),
        ("x = 1", "mine.py", "adds nothing: it has none of the tables KINDS, MODELS, STRATEGIES, ENGINES"),
        ("STRATEGIES = [1]", "mine.py", "adds nothing"),
        (MINE.format(name="margin", why=""), "mine.py", "There is a strategy 'margin' already, from lsal"),
        ("x = 1", "my parts.py", "no name of a Python module"),
        ("x = 1", "mine.txt", "no name of a Python module"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_not_kept(
    bench: Workbench, tmp_path: Path, content: str, name: str, says: str
) -> None:
    with pytest.raises((BadPlugin, BadRequest), match=says) as caught:
        bench.plug(mine(tmp_path, content, name))
    assert caught.value.fix
    assert not (bench.root / "plugins").exists()
    assert troubles() == []


def test_a_missing_file_is_named(bench: Workbench) -> None:
    with pytest.raises(BadRequest, match=r"nowhere.py cannot be read \(No such file"):
        bench.plug("nowhere.py")


def test_a_kind_of_ones_own_never_takes_a_control_from_lsal(bench: Workbench, tmp_path: Path) -> None:
    """What a project learned goes on meaning the same, whatever is installed or plugged in."""
    greedy = "from lsal.kinds.text_choices import TextChoices\n"
    greedy += "class Mine(TextChoices):\n    name = 'a_mine'\nKINDS = {'a_mine': Mine}\n"
    bench.plug(mine(tmp_path, greedy))
    assert "a_mine" in KINDS
    assert match(bench.desk.config.controls)[0]["label"][1].name == "text_choices"


def test_the_command_shows_what_there_is(bench: Workbench, tmp_path: Path) -> None:
    from lsal import cli
    from lsal.workbench.parts import as_table

    assert cli.main(["plug", str(mine(tmp_path))]) == 0
    shown = to_text(as_table(bench.parts()))
    assert "from elsewhere" in shown
    assert re.search(r"strategy +mine +mine.py", shown)
    assert all(name in shown for name in (*MODELS, *KINDS, *STRATEGIES, *ENGINES))
    assert plugins.watched()
