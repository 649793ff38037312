"""The real backend behind a real Label Studio: a project with a trained version, and the process that serves it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from projects import demo_of_texts
from served import wait_until

from lsal import jobs
from lsal.settings import root_secret
from lsal.workbench import Workbench, serving

LABELLED = 12


@dataclass(frozen=True)
class Served:
    """Where the backend is: its process, its port, the project's path, and the label config there."""

    bench: Workbench
    pid: int
    port: int
    path: str
    config: str


def made(root: Path, folder: Path) -> Workbench:
    """A project on lsal's own Label Studio, labelled a little, trained once."""
    bench = demo_of_texts(root, folder)
    bench.configure(worker_nice=0)
    bench.rank().wait(240)
    bench.label(LABELLED)
    bench.train().wait(240)
    return bench


@contextmanager
def served(bench: Workbench) -> Iterator[Served]:
    """The backend of the project's root, connected to Label Studio, ended afterwards."""
    told = bench.serve()
    try:
        port = int(str(told["url"]).rpartition(":")[2])
        path = f"/{root_secret(bench.root)}/{bench.home.slug}"
        yield Served(bench, int(told["pid"]), port, path, bench.desk.config.xml)
    finally:
        serving.stop(bench.root)
        _ended(bench)


def _ended(bench: Workbench) -> None:
    """Cancel what the backend began of itself, and wait until it is over: it goes on without the backend."""
    for job in jobs.jobs(bench.home):
        job.cancel()
        wait_until(lambda job=job: job.state().state in jobs.ENDED, 120)
