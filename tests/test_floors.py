"""The house stands: imports go down only, the environment is read in one place, and `import lsal` stays light."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lsal

HOUSE = Path(lsal.__file__).parent
FLOORS = (
    "errors records targets geometry brushes pages runs opening protocols registry settings keys files home plugins "
    "processes fork_server phrases project_settings standby room",
    "label_studio kinds models strategies store tracking engine jobs sources snapshots cross_fitting calibration "
    "scored",
    "desk predicting ranking training measuring publishing unlearned housekeeping datasets outlook suspects "
    "wishes projecting",
    "rehearsal",
    "worker annotator testing",
    "workbench",
    "backend dashboard notebook",
    "commands",
    "magics cli",
)
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names.split()}
HEAVY = ["torch", "transformers", "ultralytics", "ray", "mlflow", "label_studio_sdk", "sklearn", "matplotlib"]
HEAVY += ["pandas", "flask"]
ENTRANCE = "__init__"
"""lsal/__init__.py belongs to no floor: it shows, when asked, what lies on any."""


def unit_of(path: Path) -> str:
    """The module, or the package, of lsal that a file belongs to."""
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def files() -> list[Path]:
    return [path for path in sorted(HOUSE.rglob("*.py")) if unit_of(path) != ENTRANCE]


def imported(tree: ast.AST) -> Iterator[str]:
    """The units of lsal that a file imports, anywhere in it: in functions and under TYPE_CHECKING too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports hide where they lead"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "lsal" and rest:
                yield rest.partition(".")[0]


def imports_of(path: Path) -> set[str]:
    return {name for name in imported(ast.parse(path.read_text("utf-8"))) if name not in ("__version__", "LsalError")}


def misplaced(unit: str, other: str) -> bool:
    """Whether `unit` may not import `other`: it lies above, or beside on a floor that is not the ground."""
    return unit != other and (FLOOR[other] > FLOOR[unit] or FLOOR[other] == FLOOR[unit] > 0)


def test_every_module_has_a_floor_and_every_name_a_module() -> None:
    packages = {path.name for path in HOUSE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    modules = {path.stem for path in HOUSE.glob("*.py")} - {ENTRANCE}
    assert packages | modules == set(FLOOR)


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(HOUSE)))
def test_imports_go_down_only(path: Path) -> None:
    unit = unit_of(path)
    wrong = sorted(other for other in imports_of(path) if misplaced(unit, other))
    assert not wrong, f"{unit} (floor {FLOOR[unit]}) imports {wrong}"


def test_the_check_sees_imports_wherever_they_are() -> None:
    hidden = "def f():\n    from lsal import jobs\nif TYPE_CHECKING:\n    import lsal.workbench.bench\nimport lsal"
    assert set(imported(ast.parse(hidden))) == {"jobs", "workbench"}
    assert misplaced("store", "workbench")
    assert misplaced("store", "jobs")
    assert not misplaced("workbench", "store")
    assert not misplaced("home", "files")


def test_the_ground_floor_has_no_cycle() -> None:
    below = {unit: set[str]() for unit in FLOORS[0].split()}
    for path in files():
        if (unit := unit_of(path)) in below:
            below[unit] |= imports_of(path) - {unit}
    while free := [unit for unit, others in below.items() if not others & below.keys()]:
        for unit in free:
            del below[unit]
    assert not below


def reads_environment(tree: ast.AST) -> bool:
    """Whether code takes `environ` or `getenv` from os, as an attribute or by an import."""
    taken = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            taken |= {alias.name for alias in node.names}
    return bool(taken & {"environ", "environb", "getenv", "getenvb"})


def test_only_settings_reads_the_environment() -> None:
    assert reads_environment(ast.parse("import os\nos.environ['A']"))
    assert reads_environment(ast.parse("from os import getenv"))
    readers = {unit_of(path) for path in HOUSE.rglob("*.py") if reads_environment(ast.parse(path.read_text("utf-8")))}
    assert readers == {"settings"}


def loaded_after(code: str) -> list[str]:
    """Which heavy libraries a fresh process has loaded after `code`."""
    ask = f"import json, sys; print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{ask}"], capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout.splitlines()[-1]))


def test_import_lsal_loads_nothing_heavy() -> None:
    assert loaded_after("import lsal") == []
    assert "sklearn" in loaded_after("import sklearn")


@pytest.mark.parametrize("module", ["lsal.workbench", "lsal.magics", "lsal.cli", "lsal.worker.acts"])
def test_doors_load_no_torch(module: str) -> None:
    loaded = set(loaded_after(f"import {module}"))
    assert not loaded & {"torch", "transformers", "ultralytics", "ray", "mlflow", "matplotlib"}


def test_loading_the_magics_loads_no_torch() -> None:
    shell = "from IPython.core.interactiveshell import InteractiveShell"
    code = f"{shell}\nInteractiveShell.instance().run_line_magic('load_ext', 'lsal')"
    assert "torch" not in loaded_after(code)


def test_import_lsal_is_fast() -> None:
    """By the processor's time: that of the clock is as long as others let it wait."""
    command = "import time; begun = time.process_time(); import lsal; print(time.process_time() - begun)"
    took = []
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
        took.append(float(done.stdout))
    assert min(took) < 0.5, took


def test_public_names_exist() -> None:
    assert set(lsal.__all__) >= {"LsalError", "Workbench", "__version__"}
    for name in lsal.__all__:
        assert getattr(lsal, name), name
    with pytest.raises(AttributeError, match="nonsense"):
        lsal.nonsense  # noqa: B018
