"""The files around the code agree with each other, and name nobody's machine."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
EXTRAS = {"text", "vision", "yolo", "mlflow", "ray", "parquet", "map", "all", "dev"}
# Put together here, so that this file does not hold what it looks for.
PLACES = ["/" + place + "/" for place in ("home", "Users", "root", "work")]
REGISTRIES = [
    ".".join(parts)
    for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("anaconda", "org"))
]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return dict(tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"])


def tracked() -> list[Path]:
    """Files that a clone has; all but the usual litter where there is no git."""
    if not (REPOSITORY / ".git").exists() or shutil.which("git") is None:
        names = ["lsal", "tests", "notebooks", "widgets", ".ci"]
        inside = [path for name in names for path in (REPOSITORY / name).rglob("*") if "__pycache__" not in path.parts]
        return [path for path in [*REPOSITORY.glob("*.*"), *inside] if path.is_file()]
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    return [REPOSITORY / name for name in listed.split("\0") if name and (REPOSITORY / name).is_file()]


def test_environment_holds_the_core_and_the_extras_text_vision_and_map(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    (by_pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    by_conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    wanted = {*project["dependencies"], *extras["text"], *extras["vision"], *extras["map"]}
    python = f"python{project['requires-python']}"
    assert sorted([*by_conda, *by_pip]) == sorted({*wanted, python, "pip"})


def test_extras_are_those_that_were_promised(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    assert set(extras) == EXTRAS
    (whole,) = extras["all"]
    assert set(re.fullmatch(r"lsal\[(.+)\]", whole)[1].split(",")) == EXTRAS - {"all", "dev"}  # type: ignore[index]


def test_the_command_is_named_lsal(project: dict[str, Any]) -> None:
    assert project["scripts"] == {"lsal": "lsal.cli:main"}


def test_notebooks_are_numbered() -> None:
    """By the place that each has in the whole series; some of that is still to come."""
    numbers = [int(re.fullmatch(r"(\d\d)_[a-z_]+", path.stem)[1]) for path in NOTEBOOKS]  # type: ignore[index]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stripped_of_outputs(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.parametrize("words", [PLACES, REGISTRIES], ids=["places", "registries"])
def test_no_file_names_a_machine_or_a_registry(words: list[str]) -> None:
    found = {}
    for path in tracked():
        content = path.read_bytes()
        met = [word for word in words if word.encode() in content]
        if met:
            found[str(path.relative_to(REPOSITORY))] = met
    assert not found


def test_the_search_for_names_reads_this_repository() -> None:
    assert {"pyproject.toml", "Makefile", "README.md"} <= {str(path.relative_to(REPOSITORY)) for path in tracked()}


def test_make_has_the_promised_targets() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    rules = dict(re.findall(r"^([a-z]+):(.*)$", makefile, re.MULTILINE))
    assert {"demo", "test", "lab", "install"} <= set(rules)
    assert all("install" in rules[name] for name in ("demo", "test", "lab"))


def test_ci_runs_make_test() -> None:
    script = REPOSITORY / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.search(r"^exec make test\b|^make test\b", script.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "environment.yml"])
def test_the_promised_documents_are_there(name: str) -> None:
    assert (REPOSITORY / name).stat().st_size > 100
