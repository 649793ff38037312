"""The command that replays strategies, on labels that are there already: a source's, or the project's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsal.commands.command import COLUMNS, FAMILY_OPTIONS, Arguments, Command, argument, options_of
from lsal.commands.progress import shown
from lsal.errors import BadRequest
from lsal.workbench import Workbench

SHARED = ("start", "batch", "budget", "seeds", "family", "workers", "target")
SOURCES = ("input", "label", "keep", "config", "files")
"""Arguments that only a source has."""
PLOTS = (".png", ".svg", ".pdf")


def rehearse(bench: Workbench, a: Arguments) -> Any:
    """Replay strategies on a source in this process; on the project's own labels in a job."""
    _require_place(a.plot)
    if a.last:
        return _drawn(bench.rehearsed(), a)
    given = {name: getattr(a, name) for name in SHARED} | {"strategies": tuple(a.strategies.split(","))}
    if a.source:
        told = {name: getattr(a, name) for name in SOURCES}
        with shown() as report:
            return _drawn(bench.rehearse(a.source, options=options_of(a), report=report, **given, **told), a)
    job = bench.rehearse_own(a.control, options_of(a), **given)
    if not (a.wait or a.json or a.plot):
        return job
    job.wait()
    return _drawn(bench.rehearsed(), a)


def _require_place(plot: str) -> None:
    """A plot that cannot be written is refused before anything is replayed: that may take hours. Raises BadRequest."""
    place = Path(plot).expanduser()
    if plot and place.suffix.lower() not in PLOTS:
        raise BadRequest(f"The plot cannot be written as '{place.name}'", "Name a PNG, SVG or PDF file: --plot FILE")
    if plot and not place.parent.is_dir():
        raise BadRequest(f"There is no folder '{place.parent}' for the plot", "Make it, or name another: --plot FILE")


def _drawn(done: Any, a: Arguments) -> Any:
    """The same, once its curves are in the file that was asked for."""
    if a.plot:
        from lsal.workbench.replayed import replayed_curves

        try:
            replayed_curves(done).savefig(Path(a.plot).expanduser(), dpi=150, bbox_inches="tight")
        except (OSError, ValueError) as error:
            raise BadRequest(
                f"The plot cannot be written ({error})", "Name a PNG, SVG or PDF file: --plot FILE"
            ) from None
    return done


SAVED = Command(
    "saved", "labels saved against a random order, as far as that can be told", lambda bench, a: bench.saved()
)
REHEARSE = Command(
    "rehearse",
    "replay strategies on labels that are there already",
    rehearse,
    (
        argument(
            "source",
            nargs="?",
            default="",
            help="a labelled CSV or JSONL file, a folder of images, a COCO file, an export of Label Studio, digits, "
            "shapes, messages; without it the project's own labels",
        ),
        *COLUMNS,
        argument("--strategies", default="auto,margin,random", help="names of strategies, with commas"),
        argument("--start", type=int, default=25, help="labels in the first batch"),
        argument("--batch", type=int, default=20, help="labels in each later batch"),
        argument("--budget", type=int, default=525, help="labels in all"),
        argument("--seeds", type=int, default=10, help="how many replays of each"),
        argument("--family", default=None, help="the model family"),
        argument("--target", type=float, default=None, help="count labels until this figure, say 0.9"),
        argument("--workers", type=int, default=0, help="replays side by side; else as many as there are processors"),
        argument("--keep", default=None, help="another folder for the points from which the same command goes on"),
        argument("--plot", default="", help="draw the curves into a PNG, SVG or PDF file"),
        argument("--config", default="", help="the label config of an export"),
        argument("--files", default="", help="a folder with the files that an export refers to"),
        argument("--control", default="", help="of the project's own labels: which control"),
        argument("--wait", action="store_true", help="of the project's own labels: wait until the job has ended"),
        argument("--last", action="store_true", help="what the last one on the project's own labels came to"),
        FAMILY_OPTIONS,
    ),
)
