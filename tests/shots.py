"""Where browser tests leave their screenshots: beside the code, ignored by git, for people to look at."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "test-output"


def shot(name: str) -> Path:
    """The file of a screenshot."""
    FOLDER.mkdir(exist_ok=True)
    return FOLDER / f"{name}.png"
