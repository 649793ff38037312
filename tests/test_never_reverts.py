"""The model never goes back by itself: whatever is started again, what a person made live stays live."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from switches import agree, back, do, with_versions

from lsal import processes
from lsal.label_studio import server
from lsal.label_studio.server import Server
from lsal.settings import child_environment, root_secret
from lsal.workbench import Workbench

Client = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def bench(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Version 3 is live after a rollback; the newest is 4, and the first was 1."""
    made = with_versions(root, tmp_path_factory.mktemp("reverts"), versions=4, tasks=40, batch=8)
    made.serve()
    for number in (3, 4):
        do(made, "promote", number=number)
    back(made)
    yield made
    made.stop()


@pytest.fixture
def stays(bench: Workbench) -> Iterator[Callable[..., None]]:
    """Checks that all is still of the one switch, with the same queue; run once more at the end."""
    live, name = bench.desk.store.history(), bench.desk.project.read()["model_version"]
    assert live[-1] == {"label": 3}

    def check(*backends: str) -> None:
        assert bench.desk.store.history() == live
        assert bench.desk.project.read()["model_version"] == name
        agree(bench, bench.serve()["url"], *backends)

    yield check
    check()


def test_the_backend_is_started_again(bench: Workbench, stays: Callable[..., None]) -> None:
    bench.stop()
    before = bench.serve()["pid"]
    stays()
    processes.stop(processes.mark(before))  # it dies, and nobody says so
    assert bench.serve()["pid"] != before


def test_serve_twice(bench: Workbench, stays: Callable[..., None]) -> None:
    assert bench.serve() == bench.serve()
    stays()


def test_two_backend_processes(bench: Workbench) -> None:
    """Also the one that was not there at a switch answers by it, and both by the next one."""
    port = processes.free_port()
    command = [sys.executable, "-m", "lsal.backend", str(bench.root), "--port", str(port)]
    with subprocess.Popen(command, env=child_environment(), stderr=subprocess.DEVNULL) as second:
        try:
            until, url = time.monotonic() + 120, f"http://127.0.0.1:{port}"
            while processes.free_port(port) == port:
                assert time.monotonic() < until
                time.sleep(0.05)
            agree(bench, bench.serve()["url"], url)
            do(bench, "promote", number=2)
            agree(bench, bench.serve()["url"], url)
            back(bench)
            agree(bench, bench.serve()["url"], url)
        finally:
            second.terminate()


def test_the_backend_is_added_again(bench: Workbench, client: Client) -> None:
    """By hand in Label Studio, a second time and after it was removed; that leaves the queue what it is."""
    name, live = bench.desk.project.read()["model_version"], bench.desk.store.history()
    served = bench.serve()
    address = f"{served['url']}/{root_secret(bench.root)}/{bench.home.slug}"
    body = {"project": bench.home.project, "url": address, "title": "mine"}
    client("POST", "/api/ml", json=body).raise_for_status()
    client("DELETE", f"/api/ml/{served['connected']}").raise_for_status()
    assert bench.desk.project.read()["model_version"] == name
    bench.serve()
    assert (bench.desk.project.read()["model_version"], bench.desk.store.history()) == (name, live)
    agree(bench, served["url"])


def test_the_kernel_is_started_again(bench: Workbench, stays: Callable[..., None]) -> None:
    """Another process opens the project, syncs, ranks, and has not heard of anything."""
    code = (
        "import sys; from lsal.workbench import Workbench; bench = Workbench(*sys.argv[1:])\n"
        "bench.sync(); print(bench.desk.store.current(), bench.verify().exact)"
    )
    asked = [sys.executable, "-c", code, str(bench.root), bench.home.slug]
    assert subprocess.check_output(asked, text=True).strip() == "{'label': 3} True"
    stays()


def test_ranking_again_keeps_the_versions(bench: Workbench) -> None:
    live = bench.desk.store.history()
    do(bench, "rank")
    assert bench.desk.store.history() == live
    agree(bench, bench.serve()["url"])


def test_label_studio_is_started_again(tmp_path: Path) -> None:
    """lsal's own: its backend ends and starts with it."""
    bench = with_versions(Workbench(tmp_path / "own").up() and tmp_path / "own", tmp_path, 2, tasks=20, batch=6)
    try:
        bench.serve()
        do(bench, "promote", number=2)
        back(bench)
        live, name = bench.desk.store.history(), bench.desk.project.read()["model_version"]
        assert bench.down()
        assert server.running(bench.root) is None
        bench.up()
        again = Workbench(bench.root, bench.home.slug)
        assert (again.desk.store.history(), again.desk.project.read()["model_version"]) == (live, name)
        agree(again, again.serve()["url"])
    finally:
        bench.down()
