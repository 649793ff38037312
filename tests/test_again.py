"""Failed tests that run once more, alone: what that hides, and what it does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOUND = "def test_sound():\n    pass\n"
WRONG = "def test_wrong():\n    assert 1 == 2\n"
LATE = """
from pathlib import Path
WAS = Path(__file__).with_suffix(".was")
def test_late():
    was = WAS.exists()
    WAS.touch()
    print("what it said")
    assert was, "it came too late"
"""
DEAD = "import pytest\n@pytest.fixture\ndef dead():\n    assert 0\n" + "def test_dead(dead):\n    pass\n"


def ran(folder: Path, *words: str, **files: str) -> tuple[int, str]:
    """The exit code of a session over such files, and what it printed."""
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p xdist.plugin -p again -p no:cacheprovider"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": str(HERE)} | plugins
    command = [sys.executable, "-m", "pytest", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_passes_alone_is_told_and_fails_nothing(tmp_path: Path, workers: str) -> None:
    code, told = ran(tmp_path, "-n", workers, "--again=1", sound=SOUND, late=LATE)
    assert (code, "1 passed, 1 passed alone in" in told.splitlines()[-1]) == (0, True)
    after = told.partition("FAILED AT FIRST, PASSED ALONE")[2]
    assert "test_late.py::test_late" in after
    assert "it came too late" in after
    assert "what it said" in after


@pytest.mark.parametrize("broken", [WRONG, DEAD, LATE + WRONG])
def test_what_fails_twice_has_failed(tmp_path: Path, broken: str) -> None:
    code, told = ran(tmp_path, "--again=3", sound=SOUND, broken=broken)
    assert (code, "once more, alone: test_broken.py" in told) == (1, True)
    assert "passed alone" not in told


def test_more_files_than_that_are_not_run_again(tmp_path: Path) -> None:
    code, told = ran(tmp_path, "--again=1", late=LATE, later=LATE)
    assert (code, "2 failed in" in told, "once more" in told) == (1, True, False)


def test_it_is_off_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert ran(tmp_path, late=LATE)[0] == 1


def test_a_file_that_cannot_be_read_is_not_run_again(tmp_path: Path) -> None:
    code, told = ran(tmp_path, "-n", "2", "--again=3", sound=SOUND, torn="import nothing_of_this_name\n")
    assert (code != 0, "once more" in told) == (True, False)
