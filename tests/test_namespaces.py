"""Label Studio as in a container, in a network namespace of its own: which address of the backend reaches it."""

import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from apart import LOGIN, Apart, ip, label_studio_apart
from projects import answer
from served import attached, hooks, ml_rows, wait_until

from lsal import cli, processes
from lsal.errors import Refused, Unreachable
from lsal.label_studio.server import Server
from lsal.settings import root_secret
from lsal.workbench import Workbench, backend_process, serving
from lsal.workbench.doctor import patient

OPENED = {
    # Backends in all networks but one are allowed; that one is refused only for webhooks.
    "USE_DEFAULT_BANNED_SUBNETS": "false",
    "USER_ADDITIONAL_BANNED_SUBNETS": "10.214.0.0/16",
    "ML_BLOCK_LOCAL_IP": "false",
}


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """The one Label Studio of these tests, outside of our network."""
    with label_studio_apart(tmp_path_factory.mktemp("apart"), **OPENED) as there:
        yield there


@pytest.fixture(scope="module")
def bench(apart: Apart, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A project on it, attached from here, with a published batch."""
    key = LOGIN["key"]
    with httpx.Client(
        base_url=apart.url, headers={"Authorization": f"Token {key}"}, timeout=120, trust_env=False
    ) as http:
        there = attached(tmp_path_factory.mktemp("here") / "root", http.request, Server(apart.url, key, Path(), {}), 24)
    there.rank().wait(240)
    try:
        yield there
    finally:
        there.stop()


@pytest.fixture(autouse=True)
def here(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands mean the project; no proxy stands between here and the namespace."""
    monkeypatch.setenv("LSAL_ROOT", str(bench.root))
    monkeypatch.setenv("NO_PROXY", "*")


def nothing_left(bench: Workbench) -> bool:
    return ml_rows(bench) == [] and hooks(bench) == []


def test_our_loopback_is_not_theirs_and_the_error_says_what_to_type(bench: Workbench, apart: Apart) -> None:
    with pytest.raises(Unreachable, match=f"Label Studio at {apart.url} cannot reach the backend") as told:
        bench.serve()
    port = backend_process.port_of(serving.start(bench.root))
    assert f"lsal serve --address http://{apart.ours[0]}:{port} --host {apart.ours[0]}" in told.value.fix
    assert f"lsal serve --address http://host.docker.internal:{port} --host 0.0.0.0" in told.value.fix
    assert root_secret(bench.root) not in str(told.value)
    assert nothing_left(bench)
    with pytest.raises(httpx.ConnectError):  # nobody asked for more than loopback
        httpx.get(f"http://{apart.ours[0]}:{port}/health", trust_env=False)


def test_a_row_whose_webhook_is_refused_is_not_left_half_made(bench: Workbench, apart: Apart) -> None:
    port = backend_process.port_of(backend_process.start(bench.root, host=apart.ours[1]))
    address = f"http://{apart.ours[1]}:{port}"
    body = {"project": bench.home.project, "url": f"{address}/{root_secret(bench.root)}/{bench.home.slug}"}
    with pytest.raises(Refused):
        bench.desk.connection.post("/api/ml", body)  # as a person adds it
    assert len(ml_rows(bench)) == 1
    with pytest.raises(Refused, match=r"addresses in 10\.214\.0\.0/16 are closed") as told:
        bench.serve(address=address)
    assert "USE_DEFAULT_BANNED_SUBNETS=false" in told.value.fix
    assert nothing_left(bench)


def test_the_command_of_the_error_works_from_end_to_end(
    bench: Workbench, apart: Apart, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["serve"]) == 1
    found = re.search(rf"lsal (serve --address http://{apart.ours[0]}:\d+ --host \S+)", capsys.readouterr().err)
    assert found
    assert cli.main(shlex.split(found[1])) == 0
    assert f"reached from  {apart.theirs[0]}" in capsys.readouterr().out
    (row,) = ml_rows(bench)
    assert row["state"] == "CO"
    assert hooks(bench) == [f"{row['url']}/webhook"]
    assert bench.verify().exact

    for number, place in enumerate(bench.queue()):
        bench.desk.project.submit(place.task_id, answer(bench, ("animal", "plant")[number % 2]), 1.0)
    running = serving.backend(bench.root)
    assert running
    assert serving.seen(bench.desk, running)["asked"]["webhook"]["from"] == apart.theirs[0]
    bench.round().wait(240)
    queued = {place.task_id for place in bench.queue()}
    unseen = next(t.id for t in bench.desk.mirror.tasks(state=0) if t.id not in queued and t.place >= 0.1)
    shown = bench.desk.connection.get(f"/api/tasks/{unseen}", project=bench.home.project)
    assert [prediction["model_version"] for prediction in shown["predictions"]] == ["lsal-label.v1"]


def test_a_restart_keeps_the_address(bench: Workbench, apart: Apart) -> None:
    (before,) = ml_rows(bench)
    bench.stop()
    assert bench.serve()["address"] == before["url"].partition(f"/{root_secret(bench.root)}")[0]
    (after,) = ml_rows(bench)
    assert (after["id"], after["url"], after["state"]) == (before["id"], before["url"], "CO")
    assert not bench.doctor().faults


def test_an_address_that_is_refused_takes_nothing_away(bench: Workbench, apart: Apart) -> None:
    (before,), events = ml_rows(bench), hooks(bench)
    port = backend_process.port_of(serving.start(bench.root))
    with pytest.raises(Refused):
        bench.serve(address=f"http://{apart.ours[1]}:{port}", host=apart.ours[1])
    with pytest.raises(Unreachable):
        bench.serve(address=f"http://{apart.ours[0]}:1", port=processes.free_port())
    assert backend_process.listened(bench.root) == (port, apart.ours[0])
    assert [(row["url"], row["state"]) for row in ml_rows(bench)] == [(before["url"], "CO")]
    assert hooks(bench) == events
    assert not bench.doctor().faults


def test_the_doctor_sees_a_backend_that_listens_nowhere_they_reach(bench: Workbench, apart: Apart) -> None:
    backend_process.start(bench.root, host="127.0.0.1")
    (found,) = bench.doctor().faults
    assert found.check == "connection"
    assert f"does not reach the backend at http://{apart.ours[0]}" in found.what
    assert "cannot reach the backend" in " ".join(bench.doctor(fix=True).done)  # it opens no door by itself
    assert cli.main(["serve", "--host", apart.ours[0]]) == 0
    assert not bench.doctor().faults


def test_with_the_cable_cut_the_doctor_still_ends(
    bench: Workbench, apart: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient, "WAIT_S", 8.0)
    ip("link", "set", apart.link, "down")
    try:
        begun = time.monotonic()
        found = bench.doctor()
        assert time.monotonic() - begun < 5 * patient.WAIT_S, "a dozen checks want to ask: one of them waits"
    finally:
        ip("link", "set", apart.link, "up")
    assert [one.check for one in found.faults] == ["server"]
    assert apart.url in found.faults[0].what
    wait_until(lambda: not bench.doctor().faults)
