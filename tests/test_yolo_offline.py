"""A training of `yolo` asks nobody, writes nowhere else, and loads nothing that it was not given."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, UnidentifiedImageError
from yolo_toys import SHORT, fitted

from lsal.models.yolo import library
from lsal.records import Example
from lsal.testing import regions
from lsal.testing.regions import example_of


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return [example_of(tmp_path, regions.BOXES, number) for number in range(4)]


OFFLINE = """
import json, os, socket, sys
from pathlib import Path
asked = []
def refuse(name):
    def asking(*given, **more):
        asked.append(f"{name} {given}")
        raise OSError("there is no network here")
    return asking
socket.socket.connect = refuse("connect")
socket.socket.connect_ex = refuse("connect_ex")
socket.getaddrinfo = refuse("getaddrinfo")
sys.path.insert(0, sys.argv[1])
from yolo_toys import BOXES, QUICK, fitted
from lsal.testing import regions
folder = Path(sys.argv[2])
examples = [regions.example_of(folder, regions.BOXES, number) for number in range(4)]
model = fitted(regions.BOXES, examples, {**BOXES, **QUICK})
model.predict(examples)
from ultralytics.engine import trainer
from ultralytics.utils import SETTINGS, SETTINGS_FILE, events
from ultralytics.utils.checks import check_amp
on = [name for name, value in SETTINGS.items() if value is True]
home = sorted(str(path) for path in Path.home().rglob("*") if "ltralytics" in path.name)
print(json.dumps({"asked": asked, "on": on, "events": events.events.enabled, "file": str(SETTINGS_FILE), "home": home,
                  "patched": trainer.check_amp is not check_amp, "mlflow": "mlflow" in sys.modules}))
"""


def test_nothing_asks_the_network_nor_writes_into_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("YOLO_OFFLINE", "YOLO_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    command = [sys.executable, "-c", OFFLINE, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=True, cwd=tmp_path)
    told = json.loads(done.stdout.splitlines()[-1])
    kept = told.pop("file")
    assert told == {"asked": [], "on": [], "events": False, "home": [], "patched": False, "mlflow": False}
    assert not Path(kept).exists(), "it goes when the process ends"
    assert not re.search("download", done.stdout + done.stderr, re.IGNORECASE)
    assert not (tmp_path / "runs").exists()


def test_half_precision_is_not_tried_with_a_network_from_elsewhere(
    examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ultralytics.engine import trainer

    def downloads(model: Any) -> bool:
        raise AssertionError("it would download")

    monkeypatch.setattr(trainer, "check_amp", downloads)
    fitted(regions.BOXES, examples, SHORT)
    assert trainer.check_amp is downloads


def test_a_file_that_is_no_image_is_still_told_as_that(tmp_path: Path) -> None:
    """ultralytics puts a function of its own in the place of Pillow's, which fails on a plugin that is missing."""
    library.load()
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(UnidentifiedImageError):
        Image.open(tmp_path / "text.png")
