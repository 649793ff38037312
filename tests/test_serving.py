"""`lsal serve`: one row, one webhook, proven to reach this very process, and the queue stays the queue."""

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from projects import demo_of_texts
from served import Client, add_hook, attached, hooks, ml_rows, second_backend, stranger, wait_until

from lsal import cli, processes, publishing
from lsal.commands import as_json
from lsal.dashboard.html import to_html, to_text
from lsal.errors import BadRequest, LabelStudioError, Refused, Unreachable
from lsal.files import read_json, write_json
from lsal.label_studio.server import Server
from lsal.settings import root_secret
from lsal.workbench import Workbench, backend_process, serving


@pytest.fixture(scope="module")
def own(label_studio: Server, client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A project in a root of its own, with a published batch; its backend is shared by these tests."""
    bench = attached(tmp_path_factory.mktemp("serving") / "root", client, label_studio)
    bench.rank().wait(240)
    try:
        yield bench
    finally:
        bench.stop()


def path_of(bench: Workbench) -> str:
    return f"/{root_secret(bench.root)}/{bench.home.slug}"


def only_row(bench: Workbench) -> dict[str, Any]:
    """The one row and the one webhook of the project, which belong together and are ours."""
    wait_until(lambda: {row["state"] for row in ml_rows(bench)} == {"CO"})  # each look asks the backend anew
    (row,) = ml_rows(bench)
    assert hooks(bench) == [f"{row['url']}/webhook"]
    assert row["url"].endswith(path_of(bench))
    assert row["title"] == "lsal"
    return row


def live(bench: Workbench) -> str:
    """What Label Studio serves; it is what lsal published."""
    publication = publishing.live_publication(bench.home)
    assert publication
    assert bench.desk.project.read()["model_version"] == publication.name
    return publication.name


# One row, one webhook -----------------------------------------------------------------


def test_a_second_serve_adds_nothing(own: Workbench, label_studio: Server) -> None:
    first = own.serve()
    row = only_row(own)
    again = own.serve()
    assert again == first
    assert again["reached from"] == "127.0.0.1"
    for told in (to_text(again), to_html(again) or ""):
        assert "Label Studio is connected to it" in told
        assert "127.0.0.1" in told
        assert "state" not in told
    assert json.loads(as_json(again))["state"] == "CO"
    assert only_row(own)["id"] == row["id"] == first["connected"]
    assert live(own)
    seen = httpx.get(f"{first['url']}{path_of(own)}/seen", timeout=60, trust_env=False)
    assert row["extra_params"]["lsal"] in seen.json()["words"]
    assert label_studio.key not in seen.text  # Label Studio sends it along


def test_what_was_ended_is_told_with_what_was_connected(
    own: Workbench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSAL_ROOT", str(own.root))
    was = f"{own.home.project} ({own.home.title})"
    for command, says in (("stop", "The ML backend was ended"), ("down", "The ML backend was ended; the data stay")):
        own.serve()
        assert cli.main([command]) == 0
        told = capsys.readouterr().out
        assert says in told
        assert was in told
        assert "lsal serve" in told
    assert cli.main(["stop"]) == 0
    assert capsys.readouterr().out == "No ML backend was running\n"
    assert cli.main(["down", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ended": False, "backend": False, "were connected": []}
    own.serve()


def test_what_people_did_to_the_row_is_put_right_and_theirs_stays(own: Workbench) -> None:
    kept = own.serve()["connected"]
    project, connection = own.home.project, own.desk.connection
    with stranger() as address, second_backend(own.root) as other:
        theirs = connection.post("/api/ml", {"project": project, "url": address, "title": "lsal"})
        # A backend of ours under another port and title, and the same one added again by hand.
        moved = {"project": project, "url": other + path_of(own), "title": "my model"}
        connection.patch(f"/api/ml/{kept}", moved)
        connection.post("/api/ml", {**moved, "url": read_json(own.root / "backend.json")["url"] + path_of(own)})
        orphan = f"http://127.0.0.1:1{path_of(own)}/webhook"
        earlier = f"http://127.0.0.1:1/AnEarlierSecretOfOurs000/{own.home.slug}/webhook"
        strangers = [f"{address}/webhook", "http://127.0.0.1:1/hook", "http://127.0.0.1:1/x/1/webhook"]
        for url in (orphan, orphan, earlier, *strangers[1:]):
            add_hook(own, url)
        own.serve()
        rows = {row["id"]: row for row in ml_rows(own)}
        ours = [row for row in rows.values() if row["id"] != theirs["id"]]
        assert rows[theirs["id"]]["url"] == address
        assert [(row["title"], row["state"]) for row in ours] == [("lsal", "CO")]
        assert hooks(own) == sorted([f"{ours[0]['url']}/webhook", *strangers])
        assert live(own)
        connection.delete(f"/api/ml/{theirs['id']}")
    for hook in connection.rows("/api/webhooks/", project=project):
        if hook["url"] in strangers:
            connection.delete(f"/api/webhooks/{hook['id']}/")


def test_a_row_deleted_by_hand_comes_back_with_one_webhook(own: Workbench) -> None:
    row = own.serve()["connected"]
    own.desk.connection.delete(f"/api/ml/{row}")
    assert len(hooks(own)) == 1  # Label Studio leaves it
    assert own.serve()["connected"] != row
    assert only_row(own)
    assert live(own)


def test_a_webhook_deleted_or_switched_off_by_hand_is_there_again(own: Workbench) -> None:
    own.serve()
    connection = own.desk.connection
    (hook,) = connection.rows("/api/webhooks/", project=own.home.project)
    connection.patch(f"/api/webhooks/{hook['id']}/", {"url": hook["url"], "is_active": False, "send_payload": True})
    own.serve()
    (hook,) = connection.rows("/api/webhooks/", project=own.home.project)
    assert (hook["is_active"], hook["send_payload"]) == (True, False)
    connection.delete(f"/api/webhooks/{hook['id']}/")
    own.serve()
    assert only_row(own)


def test_after_the_secret_was_lost_the_same_row_is_used(own: Workbench) -> None:
    before = own.serve()
    row = only_row(own)
    (own.root / "secret.json").unlink()
    after = own.serve()
    assert only_row(own)["id"] == row["id"]
    assert only_row(own)["url"] != row["url"]
    assert after["pid"] != before["pid"]  # the old process would answer under the old secret alone
    assert after["url"] == before["url"]


def test_another_lsal_that_serves_the_project_is_not_pushed_aside(
    own: Workbench, label_studio: Server, tmp_path: Path
) -> None:
    own.serve()
    row = only_row(own)["id"]
    address = ml_rows(own)[0]["url"]
    other = Workbench(tmp_path / "other").attach(label_studio.url, own.home.project, label_studio.key)
    try:
        with pytest.raises(BadRequest, match="Another lsal serves this project") as told:
            other.serve()
        assert root_secret(own.root) not in str(told.value)
        assert (only_row(own)["id"], only_row(own)["url"]) == (row, address)
        own.stop()
        other.serve()  # one that is silent is left where it is
        assert {each["url"] for each in ml_rows(own)} > {address}
        assert len(hooks(own)) == 2
        other.desk.connection.delete(f"/api/ml/{read_json(other.home.path('served.json'))['connected']}")
    finally:
        other.stop()
    own.serve()
    assert only_row(own)["id"] == row


# Which address reaches whom -----------------------------------------------------------


def test_a_refused_address_is_explained_with_two_ways_out(own: Workbench) -> None:
    own.serve()
    row = only_row(own)
    with pytest.raises(
        Refused, match=r"refuses http://10\.1\.2\.3:9090: addresses in 10\.0\.0\.0/8 are closed"
    ) as told:
        own.serve(address="http://10.1.2.3:9090", port=int(row["url"].split(":")[2].split("/")[0]))
    assert "USE_DEFAULT_BANNED_SUBNETS=false" in told.value.fix
    assert "=127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.168.0.0/16" in told.value.fix
    assert "10.0.0.0/8" not in told.value.fix
    assert "give another address" in told.value.fix
    assert root_secret(own.root) not in str(told.value)
    assert only_row(own)["url"] == row["url"]


def test_an_address_where_nobody_listens_is_explained_with_what_to_type(own: Workbench) -> None:
    free, port = processes.free_port(), backend_process.port_of(own.serve())
    with pytest.raises(Unreachable, match=f"cannot reach the backend at http://127.0.0.1:{free}") as told:
        own.serve(address=f"http://127.0.0.1:{free}", port=port)
    assert f"lsal serve --address http://host.docker.internal:{port} --host 0.0.0.0" in told.value.fix
    assert root_secret(own.root) not in str(told.value)
    assert only_row(own)


def test_connected_is_not_enough_the_process_must_have_been_asked(own: Workbench) -> None:
    port = backend_process.port_of(own.serve())
    with second_backend(own.root) as other:
        with pytest.raises(Unreachable, match=r"this backend \(process \d+\) saw nothing of it"):
            own.serve(address=other, port=port)
        assert only_row(own)["state"] == "CO"  # so says Label Studio
    own.serve()
    assert only_row(own)


def test_host_and_address_are_remembered_and_forgotten(own: Workbench) -> None:
    port = backend_process.port_of(own.serve())
    told = own.serve(host="127.0.0.2", address=f"http://127.0.0.2:{port}")
    assert told["address"] == f"http://127.0.0.2:{port}"
    assert told["listens"] == f"127.0.0.2:{port}, to whoever knows the secret in its address"
    assert told["url"] == f"http://127.0.0.1:{port}"
    assert only_row(own)["url"].startswith(f"http://127.0.0.2:{port}/")
    assert listening(told["pid"]) == {("127.0.0.1", port), ("127.0.0.2", port)}
    wrong = f"http://127.0.0.2:{port}/AWrongSecret/{own.home.slug}/seen"
    assert httpx.get(wrong, timeout=60, trust_env=False).status_code == 404
    own.stop()
    assert own.serve()["address"] == f"http://127.0.0.2:{port}"  # after a restart too
    back = own.serve(host="127.0.0.1", address="default")
    assert (back["address"], back["listens"]) == (f"http://127.0.0.1:{port}", f"127.0.0.1:{port}")
    assert listening(back["pid"]) == {("127.0.0.1", port)}
    assert own.serve()["address"] == back["address"]


def listening(pid: int) -> set[tuple[str, int]]:
    return {(s.laddr.ip, s.laddr.port) for s in psutil.Process(pid).net_connections("tcp") if s.status == "LISTEN"}


@pytest.mark.parametrize("address", ["host:9090", "ftp://host", "http://", "http://me:pw@host", "http://host:x"])
def test_what_is_no_address_is_refused(own: Workbench, address: str) -> None:
    with pytest.raises(BadRequest, match="is no address"):
        own.serve(address=address)


def test_a_host_of_another_machine_is_refused_and_the_backend_goes_on(own: Workbench) -> None:
    before = own.serve()
    with pytest.raises(BadRequest, match=r"cannot listen on '192.0.2.77'"):
        own.serve(host="192.0.2.77")
    assert own.serve() == before


def test_another_port_names_the_projects_to_connect_again(own: Workbench, label_studio: Server, client: Client) -> None:
    beside = attached(own.root, client, label_studio, tasks=2)
    beside.serve()
    told = own.serve(port=processes.free_port())
    assert told["connect again"] == [f"lsal serve --project {beside.home.slug}"]
    (row,) = ml_rows(beside)
    assert row["state"] == "DI"
    beside.serve()
    assert only_row(beside)
    assert only_row(own)


# The process --------------------------------------------------------------------------


def test_a_busy_backend_is_waited_for_not_ended(own: Workbench) -> None:
    pid = own.serve()["pid"]
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(6.0, os.kill, (pid, signal.SIGCONT)).start()
    assert own.serve()["pid"] == pid


def test_a_stuck_backend_is_ended_in_the_end(own: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = own.serve()["pid"]
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(backend_process, "PATIENCE_S", 1.0)
    monkeypatch.setattr(processes.stop, "__defaults__", (1.0,))
    port = backend_process.listened(own.root)[0]
    assert own.serve()["pid"] != pid
    assert not psutil.pid_exists(pid)
    assert backend_process.listened(own.root)[0] == port, "other projects are connected to it there"
    assert only_row(own)


def test_a_backend_that_got_stuck_while_connecting_is_started_where_it_was(
    own: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = backend_process.port_of(own.serve())
    stuck = list[int]()

    def connect(*_: object) -> None:
        stuck.append(read_json(own.root / "backend.json")["pid"])
        os.kill(stuck[0], signal.SIGSTOP)
        raise LabelStudioError("Label Studio said no", "Ask again")

    monkeypatch.setattr(serving.backend_rows, "connect", connect)
    monkeypatch.setattr(backend_process, "PATIENCE_S", 1.0)
    monkeypatch.setattr(processes.stop, "__defaults__", (1.0,))
    with pytest.raises(LabelStudioError, match="Label Studio said no"):
        own.serve()
    assert not psutil.pid_exists(stuck[0])
    running = backend_process.backend(own.root, 60)
    assert running
    assert backend_process.port_of(running) == port


def test_what_label_studio_said_is_told_even_if_there_is_no_way_back(
    own: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = backend_process.port_of(own.serve())
    with socket.socket() as another:

        def connect(*_: object) -> None:
            another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            another.bind(("127.0.0.1", port))
            another.listen()
            raise LabelStudioError("Label Studio said no", "Ask again")

        with monkeypatch.context() as patched:
            patched.setattr(serving.backend_rows, "connect", connect)
            with pytest.raises(LabelStudioError, match="Label Studio said no"):
                own.serve(port=processes.free_port())
    assert backend_process.port_of(own.serve(port=port)) == port
    assert only_row(own)


# The queue and the model --------------------------------------------------------------


def test_what_somebody_chose_stays_and_what_connecting_changed_does_not(own: Workbench) -> None:
    own.serve()
    name, project = live(own), own.desk.project
    task = next(iter(own.desk.mirror.tasks())).id
    project.add_predictions([{"task": task, "model_version": "somebody's own", "score": 0.5, "result": []}])
    project.change(model_version="somebody's own")
    own.serve()
    assert project.read()["model_version"] == "somebody's own"
    for lost in ("lsal", ""):
        project.change(model_version=lost)
        own.serve()
        assert live(own) == name


def test_a_switch_that_was_cut_short_is_finished_by_serving(own: Workbench) -> None:
    name = live(own)
    intent = {"publication": read_json(own.home.path("publication.json")), "live": {}}
    write_json(own.home.path("intent.json"), intent)
    own.home.path("publication.json").unlink()
    own.serve()
    assert not own.home.path("intent.json").exists()
    assert live(own) == name


def test_a_round_that_is_publishing_is_left_alone(own: Workbench) -> None:
    project = own.desk.project
    name = live(own)
    project.change(model_version="lsal")
    with own.home.lock():
        write_json(own.home.path("intent.json"), {})
        assert serving.bring_back(own.desk, {"lsal"}) is None
        assert project.read()["model_version"] == "lsal"
        own.home.path("intent.json").unlink()
        assert serving.bring_back(own.desk, {"lsal"}) == name  # one that only trains publishes nothing
    assert live(own) == name


def test_the_model_never_reverts(label_studio: Server, root: Path, tmp_path: Path) -> None:
    bench = demo_of_texts(root, tmp_path, count=40, batch=8)
    bench.configure(family={"label": "random"})
    served = bench.serve()
    bench.rank().wait(240)
    for _ in range(2):
        bench.label(8)
        bench.round().wait(240)
    current, name = bench.desk.store.current(), live(bench)
    assert current == {"label": 2}

    def check(url: str) -> None:
        assert bench.desk.store.current() == current
        assert live(bench) == name
        told = httpx.post(f"{url}/setup", json={}, timeout=60, trust_env=False).json()
        assert told == {"model_version": "lsal-label.v2"}

    os.kill(served["pid"], signal.SIGKILL)
    again = bench.serve()
    assert again["pid"] != served["pid"]
    check(again["url"] + path_of(bench))
    bench.serve()
    check(again["url"] + path_of(bench))
    with second_backend(root) as other:
        body = {"project": bench.home.project, "url": other + path_of(bench), "title": "again"}
        bench.desk.connection.post("/api/ml", body)
        check(other + path_of(bench))
        bench.serve()
        check(again["url"] + path_of(bench))
    bench.desk.connection.delete(f"/api/ml/{only_row(bench)['id']}")
    check(again["url"] + path_of(bench))
    bench.serve()
    check(again["url"] + path_of(bench))
    bench.desk.connection.delete(f"/api/projects/{bench.home.project}/")
    with pytest.raises(LabelStudioError):
        bench.serve()
    assert bench.desk.store.current() == current
