"""`python everything.py FOLDER`: all of lsal that runs without a Label Studio, once, in one process and its children.

It is what `test_offline` traces. Into FOLDER/told.json it writes what it did, and what each library says of its
telemetry.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from lsal.settings import silence

silence()  # as each process of lsal begins

from family_toys import Toy, toys  # noqa: E402
from mapped import with_pool  # noqa: E402
from projects import write_texts  # noqa: E402

from lsal import engine, jobs  # noqa: E402
from lsal.engine.named import ENGINES  # noqa: E402
from lsal.errors import LsalError  # noqa: E402
from lsal.models import MODELS  # noqa: E402
from lsal.testing.engines import square  # noqa: E402
from lsal.testing.materials import ignore  # noqa: E402
from lsal.workbench import Workbench  # noqa: E402


def main(folder: Path) -> None:
    """Do it all; the names of what was done."""
    done, begun = list[str](), time.perf_counter()
    bench = with_pool(folder / "root")
    for part in (families, engines, tracked, mapped, rehearsed, pictured):
        for name in part(bench, folder):
            done.append(name)
            print(f"{time.perf_counter() - begun:6.1f} s {time.process_time():6.1f} s  {name}", flush=True)
    told = {"done": done, "loaded": sorted(sys.modules), "telemetry": telemetry()}
    (folder / "told.json").write_text(json.dumps(told))


def families(bench: Workbench, folder: Path) -> Iterator[str]:
    """Every family of the registry learns, answers, is kept and comes back; then with weights that are nowhere."""
    for toy in toys(folder / "toys"):
        model = MODELS[toy.family](toy.control, toy.options, 0)
        model.fit(toy.examples, toy.examples, [], ignore)
        kept = Path(tempfile.mkdtemp(dir=folder))
        model.save(kept)
        again = MODELS[toy.family].load(kept, toy.control)
        assert len(again.predict(toy.examples)) == len(toy.examples)
        again.embed(toy.examples)
        _absent(toy)
        yield f"{toy.family} {toy.kind}"


def _absent(toy: Toy) -> None:
    """Weights that are not on this machine are an error, or an option that the family does not have."""
    with suppress(LsalError):
        model = MODELS[toy.family](toy.control, {"model": "nobody/nothing"}, 0)
        model.fit(toy.examples, toy.examples, [], ignore)


def engines(bench: Workbench, folder: Path) -> Iterator[str]:
    """Every engine, a Ray that lsal starts among them."""
    for name in ENGINES:
        with engine.opened(name, 1) as one:
            assert one.submit(square, 3).result() == 9
        yield f"engine {name}"


def tracked(bench: Workbench, folder: Path) -> Iterator[str]:
    """Versions mirrored into lsal's own MLflow."""
    from lsal.tracking.noted import read
    from lsal.tracking.place import place_of
    from lsal.worker.tracking import mirror

    bench.configure(tracking="mlflow")
    mirror(bench.home)
    place = place_of(bench.home)
    assert place
    assert len(read(bench.home, place).runs) == 2
    yield "mlflow"


def mapped(bench: Workbench, folder: Path) -> Iterator[str]:
    """Places by t-SNE, and the scatter that draws them."""
    from lsal.dashboard import map_scatter
    from lsal.workbench import mapping

    bench.configure(worker_nice=0)  # who waits for it is waited for
    state = mapping.make(bench.desk)
    assert state is not None
    jobs.Job(bench.home.path("maps", state.id)).wait(400)
    map_scatter._widget()
    shown = mapping.mapped(bench.desk)
    assert shown is not None
    yield f"map by {shown.method}"


def rehearsed(bench: Workbench, folder: Path) -> Iterator[str]:
    """A table read, replayed and judged."""
    table = write_texts(folder / "texts.csv", 60)
    bench.rehearse(table, strategies=["random", "margin"], seeds=1, start=10, batch=10, budget=30)
    yield "rehearsal"


def pictured(bench: Workbench, folder: Path) -> Iterator[str]:
    """The dashboard as a notebook's kernel makes it, and the figures."""
    from lsal.dashboard import Dashboard

    Dashboard(bench)
    bench.plot()
    yield "dashboard"
    bench.versions(), bench.curve()
    yield "figures"


# --- what each library says of itself -------------------------------------------------


def telemetry() -> dict[str, bool]:
    """Whether each library that could send something by itself would: asked of the library."""
    return {name: bool(on()) for name, on in _ASKED.items()}


def _hub() -> Any:
    from huggingface_hub import constants

    return not constants.HF_HUB_DISABLE_TELEMETRY


def _ultralytics() -> Any:
    from ultralytics.utils import SETTINGS, events

    return events.events.enabled or SETTINGS["sync"] or [name for name, on in SETTINGS.items() if on is True]


def _mlflow() -> Any:
    from mlflow.telemetry import get_telemetry_client
    from mlflow.telemetry.utils import is_telemetry_disabled

    return not is_telemetry_disabled() or get_telemetry_client() is not None


def _ray() -> Any:
    from ray._common.usage import usage_lib

    return usage_lib.usage_stats_enabled()


_ASKED: dict[str, Callable[[], Any]] = {
    "huggingface_hub": _hub,
    "ultralytics": _ultralytics,
    "mlflow": _mlflow,
    "ray": _ray,
}

if __name__ == "__main__":
    os.environ.setdefault("MPLBACKEND", "agg")
    main(Path(sys.argv[1]))
