"""Rounds of a real Label Studio on Ray: on a cluster as from a laptop, on none that answers, on one of its own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from projects import annotations_digest, demo_of_texts
from two_nodes import TwoNodes, two_nodes

from lsal.errors import JobFailed
from lsal.label_studio.server import Server
from lsal.processes import free_port
from lsal.workbench import Workbench

LONG_S = 500


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    with two_nodes(tmp_path_factory.mktemp("nodes"), clients=True) as running:
        yield running


@pytest.fixture(scope="module")
def bench(label_studio: Server, root: Path, nodes: TwoNodes, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A project with a first batch labelled, and a round on the cluster, asked from outside of it."""
    made = demo_of_texts(root, tmp_path_factory.mktemp("rays"), count=60, batch=10)
    made.configure(worker_nice=0)
    made.rank().wait(LONG_S)
    made.label()
    made.configure(engine=nodes.clients)
    made.round().wait(LONG_S)
    return made


def test_a_round_trains_and_scores_on_the_cluster(bench: Workbench, nodes: TwoNodes) -> None:
    assert bench.desk.store.current() == {"label": 1}
    assert bench.verify().exact
    [made] = [path for number in (0, 1) for path in (nodes.cache(number) / "carried").glob("made-*/weights")]
    kept = bench.versions()[0].folder / "weights"
    assert {path.name: path.read_bytes() for path in made.iterdir()} == {p.name: p.read_bytes() for p in kept.iterdir()}


def test_a_cluster_that_is_not_there_is_said_and_the_old_weights_answer(bench: Workbench) -> None:
    before, address = annotations_digest(bench), f"ray://127.0.0.1:{free_port()}"
    with pytest.raises(JobFailed, match=f"No Ray cluster answers at {address}") as caught:
        bench.round(engine=address).wait(LONG_S)
    assert "lsal set engine=here" in caught.value.fix
    assert not bench.status().job.contact  # Label Studio is not to blame
    assert (bench.desk.store.current(), annotations_digest(bench)) == ({"label": 1}, before)
    tasks = [{"id": task.id, "data": task.data} for task in bench.desk.mirror.tasks()][:5]
    told = bench.predict(bench.desk.config.xml, tasks)
    assert {row["model_version"] for row in told} == {"lsal-label.v1"}


def test_a_ray_that_a_job_starts_is_gone_with_it(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="r") as place:
        monkeypatch.setenv("TMPDIR", place)
        job = bench.rank(engine="ray")
        seen = {name for _ in job.follow() for name in running(place)}
        assert job.wait(LONG_S)["exact"]
    assert "raylet" in seen
    assert running(place) == []


def running(place: str) -> list[str]:
    """Processes that have a folder in their command."""
    found = [p.info for p in psutil.process_iter(["name", "cmdline"])]
    return [one["name"] for one in found if place in " ".join(one["cmdline"] or ())]
