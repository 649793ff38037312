"""What users install: the wheel holds the package and the browser half, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(REPOSITORY)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_module_and_widget(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    modules = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "lsal").rglob("*.py")}
    halves = REPOSITORY / "widgets"
    widgets = {f"lsal/_widgets/{path.relative_to(halves)}" for path in halves.rglob("*") if path.is_file()}
    assert {"lsal/_widgets/learning_curve.js", "lsal/_widgets/queue_table/grid.js"} <= widgets
    assert modules | widgets <= held


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    top = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name.partition("-")[0] for name in top} == {"lsal"}
    endings = {Path(name).suffix for name in zipfile.ZipFile(wheel).namelist() if name.startswith("lsal/")}
    assert endings <= {".py", ".js", ".css", ".typed"}


def test_an_installed_package_finds_its_widgets(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "from lsal.dashboard.twins import LearningCurve, widget_file; print(widget_file('learning_curve.js'))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=400, check=True
    )
    assert done.stdout.strip() == str(tmp_path / "lsal" / "_widgets" / "learning_curve.js")
