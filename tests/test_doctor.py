"""`lsal doctor`: every fault is made for real, found, and put right where that is safe."""

import argparse
import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from served import Client, add_hook, attached, hooks, ml_rows, second_backend, stranger, wait_until

from lsal import cli, jobs, processes, publishing
from lsal.commands.sight import status
from lsal.dashboard import parts
from lsal.dashboard.html import to_html, to_text
from lsal.errors import JobFailed, LsalError
from lsal.files import read_json, write_json
from lsal.home import create_home
from lsal.label_studio import noted
from lsal.label_studio.server import Server
from lsal.phrases import moment
from lsal.room import free_bytes
from lsal.settings import keep_key, root_secret
from lsal.workbench import Workbench, serving
from lsal.workbench.doctor import Diagnosis, Finding, backend, diagnose, examination, machine, patient, server
from lsal.workbench.doctor.findings import FAULT, OK, WARN, ok


@pytest.fixture(scope="module")
def bench(label_studio: Server, client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A project in a root of its own: served, with a published batch, nothing wrong with it."""
    there = attached(tmp_path_factory.mktemp("doctor") / "root", client, label_studio, tasks=16)
    there.rank().wait(240)
    there.serve()
    try:
        yield there
    finally:
        there.stop()


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests is not what is wrong: tests of slowness set limits of their own."""
    monkeypatch.setattr(patient, "WAIT_S", 60.0)
    monkeypatch.setattr(examination, "LIMIT_S", 120.0)
    monkeypatch.setattr(server, "SLOW_S", 60.0)
    for limit in ("HEALTH_S", "SETUP_S"):
        monkeypatch.setattr(backend, limit, 60.0)


def found(bench: Workbench, check: str, level: str = FAULT) -> Finding:
    """The one finding of a check on this level."""
    (one,) = [one for one in bench.doctor().findings if (one.check, one.level) == (check, level)]
    return one


def healthy(diagnosis: Diagnosis) -> bool:
    assert not diagnosis.faults, diagnosis.faults
    assert not diagnosis.warnings, diagnosis.warnings
    return True


def cured(bench: Workbench) -> str:
    """After the fix nothing is wrong any more. What was done."""
    after = bench.doctor(fix=True)
    assert healthy(after)
    assert after.done
    return "; ".join(after.done)


# Nothing wrong ------------------------------------------------------------------------


def test_nothing_wrong_is_told_as_that(
    bench: Workbench, capsys: pytest.CaptureFixture[str], isolated_root: Path
) -> None:
    told = bench.doctor()
    assert healthy(told)
    looked_at = {one.check for one in told.findings}
    assert looked_at >= {"secrets", "home", "settings", "disk", "server", "version", "key", "clock", "backend"}
    assert looked_at >= {"connection", "webhook", "times", "queue", "order", "predictions", "locks", "jobs"}
    assert "legacy token of me@lsal.local" in str(told)
    assert root_secret(bench.root) not in str(told)
    assert "nothing to complain of" in to_text(told)
    assert bench.doctor(fix=True).done == ()


def test_the_shell_says_it_in_three_ways(
    bench: Workbench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSAL_ROOT", str(bench.root))
    assert cli.main(["doctor"]) == 0
    bench.desk.project.change(sampling="Sequential sampling")
    capsys.readouterr()
    assert cli.main(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    (one,) = [one for one in told["findings"] if one["level"] == "fault"]
    assert (one["check"], one["fixable"]) == ("queue", True)
    assert cli.main(["doctor", "--fix"]) == 0
    assert "Done: set sampling back to what was published" in capsys.readouterr().out
    html = to_html(Diagnosis("<b>", (Finding("key", FAULT, "<i>", "<u>"),)))
    assert html
    assert "&lt;b&gt;: 1 fault, 0 warnings" in html
    assert "<i>" not in html
    assert "key: &lt;u&gt;" in html


# The way to the server ----------------------------------------------------------------


def test_with_everything_down_each_failure_is_a_finding(isolated_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = create_home(isolated_root, f"http://127.0.0.1:{processes.free_port()}", 7, "2026", "down")
    keep_key(isolated_root, home.url, "0" * 40)
    write_json(home.path("served.json"), {"connected": 1})
    monkeypatch.setattr(patient, "WAIT_S", 120.0)
    begun = time.monotonic()
    told = diagnose(home)
    assert time.monotonic() - begun < patient.WAIT_S / 2, "nobody waits for an answer where nobody listens"
    assert {one.check for one in told.faults} == {"server", "backend"}
    assert not [one for one in told.findings if "Could not be looked at" in one.what]
    assert "could not be done" in diagnose(home, repair=True).done[0] or diagnose(home, repair=True).faults
    serving.stop(isolated_root)


def test_a_server_that_hangs_is_not_waited_for(
    bench: Workbench, label_studio: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient, "WAIT_S", 8.0)
    os.kill(label_studio.mark["pid"], signal.SIGSTOP)
    try:
        begun = time.monotonic()
        told = bench.doctor()
        assert time.monotonic() - begun < 5 * patient.WAIT_S, "a dozen checks want to ask it: one of them waits"
    finally:
        os.kill(label_studio.mark["pid"], signal.SIGCONT)
    assert [one.check for one in told.faults] == ["server"]
    assert "in time" in told.faults[0].what
    assert healthy(bench.doctor())


def test_a_check_that_hangs_does_not_keep_the_others(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def endless(_: object) -> Iterator[Finding]:
        over.wait(240)
        yield ok("endless", "never")

    def broken(_: object) -> Iterator[Finding]:
        yield ok("broken", "so far")
        raise ValueError("nobody thought of this")

    monkeypatch.setattr(examination, "CHECKS", (endless, broken, backend.process))
    monkeypatch.setattr(examination, "LIMIT_S", 5.0)
    told = [(one.check, one.level) for one in bench.doctor().findings]
    over.set()
    assert told == [("endless", WARN), ("broken", OK), ("broken", WARN), ("backend", OK)]


def test_a_missing_or_refused_key_is_named(bench: Workbench, label_studio: Server) -> None:
    keys = bench.root / "keys.json"
    kept = read_json(keys)
    try:
        keys.unlink()
        assert "There is no key" in found(Workbench(bench.root), "key").what
        write_json(keys, dict.fromkeys(kept, "0" * 40), mode=0o600)
        told = Workbench(bench.root).doctor()
        assert [one.check for one in told.faults] == ["key"]
        assert "401" in told.faults[0].what
    finally:
        write_json(keys, kept, mode=0o600)


def test_a_status_that_could_not_be_read_again_says_so(
    bench: Workbench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSAL_ROOT", str(bench.root))
    assert cli.main(["status"]) == 0
    assert "not read since" not in capsys.readouterr().out
    keys = bench.root / "keys.json"
    kept = read_json(keys)
    try:
        keys.unlink()
        assert cli.main(["status"]) == 0
        shown = capsys.readouterr().out
        told = status(Workbench(bench.root), argparse.Namespace(timings=False))
        assert cli.main(["status", "--json"]) == 0
    finally:
        write_json(keys, kept, mode=0o600)
    said = f"{moment(told.as_of)}, not read since: There is no key for {bench.home.url}. Let lsal ask for it"
    assert re.search(r"as of +" + re.escape(said), shown)
    assert said in (to_html(told) or "")
    fields = json.loads(capsys.readouterr().out)
    assert fields["not_read"].startswith("There is no key")
    assert fields["as_of"] == told.as_of


def test_a_deleted_project_is_named(isolated_root: Path, client: Client, label_studio: Server) -> None:
    gone = attached(isolated_root, client, label_studio, tasks=1)
    client("DELETE", f"/api/projects/{gone.home.project}/")
    (told,) = gone.doctor().faults
    assert told.check == "key"
    assert f"shows no project {gone.home.project}" in told.what


def test_a_clock_that_is_off_is_measured(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    for off, side in ((1000, "behind"), (-1000, "ahead of")):
        skewed = SimpleNamespace(time=lambda off=off: time.time() + off)
        monkeypatch.setattr(patient, "time", skewed)
        told = found(bench, "clock", WARN).what
        assert side in told
        assert 970 <= int(told.split(" s ")[0].rpartition(" ")[2]) <= 1001  # less what the answer takes
    monkeypatch.setattr(patient, "time", SimpleNamespace(time=lambda: time.time() - 2))
    assert found(bench, "clock", OK)


def test_slow_imports_name_the_flag(bench: Workbench) -> None:
    path = bench.home.path("server.json")
    kept = noted.read(path)
    try:
        noted.note(path, recounts=True)
        assert "fflag_fix_back_4620" in found(bench, "imports", WARN).fix
        noted.note(path, recounts=False, imports={"bulk": {"rows": 50, "tasks": 9000, "seconds": 80.0}})
        assert "50 rows in 80 s" in found(bench, "imports", WARN).what
    finally:
        write_json(path, kept)


# The backend --------------------------------------------------------------------------


def test_a_dead_backend_is_started_and_connected(bench: Workbench) -> None:
    running = serving.backend(bench.root)
    assert running
    os.kill(running["pid"], signal.SIGKILL)
    wait_until(lambda: not processes.alive(running))
    assert found(bench, "backend").fix == "Start it: lsal serve"
    assert "Label Studio reached it from 127.0.0.1" in cured(bench)


def test_a_backend_that_hangs_is_told_from_one_that_is_gone(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient, "WAIT_S", 0.5)
    pid = read_json(bench.root / "backend.json")["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        told = [one for examined in (backend.process,) for one in examined(patient.Patient(bench.home))]
    finally:
        os.kill(pid, signal.SIGCONT)
    assert [(one.level, "runs, but" in one.what) for one in told] == [(FAULT, True)]


def test_a_slow_backend_is_compared_with_what_label_studio_waits(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = patient.Patient(bench.home)
    assert seen.running
    assert seen.standing
    original = serving.seen(bench.desk, seen.running)
    monkeypatch.setattr(serving, "seen", lambda *_: original)
    monkeypatch.setattr(backend, "HEALTH_S", 1.0)
    os.kill(seen.running["pid"], signal.SIGSTOP)
    threading.Timer(4.0, os.kill, (seen.running["pid"], signal.SIGCONT)).start()
    (told,) = backend.answers(seen)
    assert told.level == FAULT
    assert re.search(r"The backend is slow: /health took \d+\.\d s of 1$", told.what)


def test_rows_and_webhooks_are_put_right_and_those_of_others_stay(bench: Workbench) -> None:
    connection, number = bench.desk.connection, bench.home.project
    (row,) = ml_rows(bench)
    with stranger() as address:
        theirs = connection.post("/api/ml", {"project": number, "url": address, "title": "theirs"})["id"]
        hook = add_hook(bench, "http://127.0.0.1:1/theirs/webhook")
        connection.delete(f"/api/ml/{row['id']}")
        add_hook(bench, f"http://127.0.0.1:1/{root_secret(bench.root)}/{bench.home.slug}/webhook")
        told = [(one.check, one.what.partition(":")[0], one.fixable) for one in bench.doctor().faults]
        assert told == [
            ("connection", "Label Studio knows nothing of the backend", True),
            ("webhook", "2 webhooks of ours too many", True),
        ]
        cured(bench)
        (row,) = [one for one in ml_rows(bench) if one["id"] != theirs]

        connection.post("/api/ml", {"project": number, "url": row["url"], "title": "once more"})
        ours = [one for one in connection.rows("/api/webhooks/", project=number) if row["url"] in one["url"]]
        connection.delete(f"/api/webhooks/{ours[0]['id']}/")
        told = [(one.check, one.what.partition(":")[0], one.fixable) for one in bench.doctor().faults]
        assert told == [
            ("connection", "Label Studio has 2 rows of this backend, and asks each", True),
            ("webhook", "Label Studio tells the backend nothing of what people do", True),
        ]
        cured(bench)

        assert {one["id"] for one in ml_rows(bench)} > {theirs}
        assert "http://127.0.0.1:1/theirs/webhook" in hooks(bench)
        connection.delete(f"/api/ml/{theirs}")
        connection.delete(f"/api/webhooks/{hook}/")
        for one in connection.rows("/api/webhooks/", project=number):
            if address in one["url"]:
                connection.delete(f"/api/webhooks/{one['id']}/")


def test_a_connection_to_another_process_is_not_taken_for_one(bench: Workbench) -> None:
    (row,) = ml_rows(bench)
    with second_backend(bench.root) as other:
        url = f"{other}/{root_secret(bench.root)}/{bench.home.slug}"
        bench.desk.connection.patch(f"/api/ml/{row['id']}", {"project": bench.home.project, "url": url})
        wait_until(lambda: ml_rows(bench)[0]["state"] == "CO")  # Label Studio waits a second for each answer
        wait_until(lambda: "this backend saw nothing of it" in " ".join(one.what for one in bench.doctor().faults))
        cured(bench)


def test_a_row_that_leads_elsewhere_is_not_taken_for_ours(bench: Workbench) -> None:
    (row,) = ml_rows(bench)
    slug = f"/AnotherSecretOfAnother/{bench.home.slug}"
    with stranger() as address:
        body = {"project": bench.home.project, "url": address + slug, "title": "lsal"}
        other = bench.desk.connection.post("/api/ml", body)["id"]
        told = found(bench, "connection", FAULT)
        assert "Another lsal serves this project too" in told.what
        assert not told.fixable
        assert "AnotherSecretOfAnother" not in str(bench.doctor())
    assert "does not answer" in found(bench, "connection", WARN).what
    bench.doctor(fix=True)
    assert {one["id"] for one in ml_rows(bench)} == {row["id"], other}
    bench.desk.connection.delete(f"/api/ml/{other}")
    bench.serve()
    hook = next(url for url in hooks(bench) if slug in url) if len(hooks(bench)) > 1 else ""
    assert not hook  # of a row that is gone, it was an orphan


def test_a_project_that_is_not_served_is_told_so(bench: Workbench, client: Client, label_studio: Server) -> None:
    beside = attached(bench.root, client, label_studio, tasks=1)
    try:
        assert "not connected to this project" in found(beside, "connection", WARN).what
        told = beside.status()
        assert re.search(r"backend +runs, not connected", to_text(told))
        assert "<b>runs</b><i>not connected</i>" in parts.status_line(told)
        assert re.search(r"next +lsal serve, then lsal rank", to_text(told))
        assert bench.status().next == ""  # a batch is published
        add_hook(beside, f"http://127.0.0.1:1/{root_secret(bench.root)}/{beside.home.slug}/webhook")
        assert "removed 1 webhook that" in " ".join(beside.doctor(fix=True).done)
        assert hooks(beside) == []
        assert ml_rows(beside) == []
    finally:
        beside.use(bench.home.slug)


# The queue ----------------------------------------------------------------------------


def test_what_others_set_in_the_project_is_set_back(bench: Workbench) -> None:
    project, publication = bench.desk.project, publishing.live_publication(bench.home)
    assert publication
    task = publication.task_ids[0]
    project.add_predictions([{"task": task, "model_version": "theirs", "score": 0.5, "result": []}])
    project.change(model_version="theirs", sampling="Uniform sampling")
    assert f"model_version is 'theirs', not '{publication.name}'" in found(bench, "queue").what
    assert cured(bench) == "set sampling, model_version back to what was published"
    assert bench.verify().exact


def not_served(bench: Workbench) -> list[str]:
    """The warnings of the status, which asks the server nothing, that people are not served the queue."""
    return [text for text in bench.status().warnings if text.startswith("People are not served the queue")]


def test_the_status_sees_at_the_next_sync_what_others_set(bench: Workbench) -> None:
    bench.desk.project.change(sampling="Sequential sampling")
    assert bench.sync()
    (told,) = not_served(bench)
    assert "sampling is 'Sequential sampling', not 'Uncertainty sampling'. Set it back: lsal rank" in told
    job = jobs.create(bench.home, "rank")
    assert not_served(bench) == []  # it is just being published
    (job.folder / "job.json").unlink()
    write_json(bench.home.path("intent.json"), {})
    assert not_served(bench) == []
    bench.home.path("intent.json").unlink()
    assert len(not_served(bench)) == 1
    bench.rank().wait(240)
    assert not_served(bench) == []  # what was read before the switch says nothing about it
    bench.sync()
    assert not_served(bench) == []
    bench.desk.project.change(model_version="")
    bench.sync()
    assert "model_version is ''" in not_served(bench)[0]
    cured(bench)
    bench.sync()


def test_training_at_each_annotation_is_told_in_all_places(bench: Workbench) -> None:
    assert found(bench, "training", OK)
    bench.desk.project.change(start_training_on_annotation_update=True)
    try:
        bench.sync()
        told = found(bench, "training", WARN)
        assert "'Start model training on annotation submission' is on" in told.what
        assert f"{told.what}. {told.fix}" in bench.status().warnings
        assert f"{told.what}. {told.fix}" in to_text(bench.automatic())
        assert "Settings, Model" in told.fix
    finally:
        bench.desk.project.change(start_training_on_annotation_update=False)
    bench.sync()
    assert not bench.automatic().each
    assert healthy(bench.doctor())


def test_predictions_that_nobody_sees_are_told(bench: Workbench) -> None:
    project = bench.desk.project
    project.change(show_collab_predictions=False)
    assert "Switch it on" in found(bench, "predictions", WARN).fix
    assert found(bench, "queue").fixable  # Label Studio emptied model_version too
    project.change(show_collab_predictions=True)
    cured(bench)


def test_an_order_that_is_not_as_published_is_counted(bench: Workbench) -> None:
    project, publication = bench.desk.project, publishing.live_publication(bench.home)
    assert publication
    outside = next(task.id for task in bench.desk.mirror.tasks() if task.id not in publication.task_ids)
    project.add_predictions([{"task": outside, "model_version": publication.name, "score": 0.0, "result": []}])
    told = found(bench, "order")
    assert "stand elsewhere than published" in told.what
    assert told.fix == "Publish a fresh batch: lsal rank"
    bench.rank().wait(240)
    assert healthy(bench.doctor())


def test_drafts_and_overlap_are_explained(bench: Workbench) -> None:
    publication = publishing.live_publication(bench.home)
    assert publication
    task = publication.task_ids[2]
    draft = bench.desk.connection.post(f"/api/tasks/{task}/drafts", {"result": [], "lead_time": 1})["id"]
    told = found(bench, "locks", WARN).what
    assert f"task {task}; by me@lsal.local" in told
    bench.desk.connection.delete(f"/api/drafts/{draft}/")
    bench.desk.project.change(maximum_annotations=2)
    assert "for 2 people" in found(bench, "overlap", OK).what
    bench.desk.project.change(maximum_annotations=1)
    assert healthy(bench.doctor())


def test_a_switch_that_was_cut_short_is_finished(bench: Workbench) -> None:
    intent = {"publication": read_json(bench.home.path("publication.json")), "live": {}}
    write_json(bench.home.path("intent.json"), intent)
    with bench.home.lock():
        assert found(bench, "switch", OK)  # a round that holds the lock is at it
    assert found(bench, "switch").fixable
    assert "finished the interrupted switch" in cured(bench)
    assert not bench.home.path("intent.json").exists()


def test_a_batch_that_is_gone_cannot_be_served_again(bench: Workbench) -> None:
    publication = publishing.live_publication(bench.home)
    assert publication
    path = f"/api/projects/{bench.home.project}/model-versions/"
    bench.desk.connection.delete(path, {"model_version": publication.name})
    assert found(bench, "queue")
    after = bench.doctor(fix=True)
    assert after.done == ("The batch is in Label Studio no more. Publish another: lsal rank",)
    assert after.faults
    bench.rank().wait(240)
    assert healthy(bench.doctor())


# The disk and the machine -------------------------------------------------------------


def test_secrets_that_others_can_read_are_closed(bench: Workbench) -> None:
    for name in ("keys.json", "secret.json"):
        (bench.root / name).chmod(0o644)
    assert found(bench, "secrets").what == "Other users of this machine can read keys.json, secret.json"
    assert healthy(bench.doctor(fix=True))  # some are closed by whoever read them first
    assert all((bench.root / name).stat().st_mode & 0o077 == 0 for name in ("keys.json", "secret.json"))
    assert (bench.root / "secret.json").stat().st_mode & 0o777 == 0o600


def test_damage_in_a_home_is_found_file_by_file(isolated_root: Path, client: Client, label_studio: Server) -> None:
    bench = attached(isolated_root, client, label_studio, tasks=2)
    other = create_home(isolated_root, "http://127.0.0.1:1", 8, "2026", "newer")
    write_json(other.path("home.json"), {**read_json(other.path("home.json")), "format": 99})
    bench.home.path("settings.json").write_text("{")
    bench.home.path("publication.json").write_text("half a fi")
    bench.home.path("mirror.sqlite").write_bytes(b"no database" * 500)
    for beside in bench.home.folder.glob("mirror.sqlite-*"):
        beside.unlink()
    told = " ".join(one.what for one in Workbench(isolated_root).doctor().faults)
    for part in (
        "settings.json is not JSON",
        "publication.json is not JSON",
        "format 99",
        "mirror.sqlite, is damaged",
    ):
        assert part in told
    bench.home.path("home.json").write_text("[")
    (one,) = Workbench(isolated_root, bench.home.slug).doctor().findings
    assert (one.check, one.level) == ("home", FAULT)
    assert "home.json is not JSON" in one.what


def test_a_live_version_that_was_changed_is_damaged(bench: Workbench) -> None:
    store = bench.desk.store
    facts: dict[str, Any] = {"family": "random", "control": "label", "metrics": {}, "labels": (), "shape": ""}
    version = store.add(lambda folder: (folder / "weights.json").write_text("1") and None, examples={}, **facts)
    store.make_current({"label": version.number})
    try:
        (version.folder / "weights" / "weights.json").write_text("2")
        assert f"Version {version.number} is damaged" in found(bench, "home").what
    finally:
        bench.home.path("current.json").unlink()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"measuring_share": 1}, "nothing is left to train on"),
        ({"strategy": "guesswork"}, "guesswork"),
        ({"batch": -3}, "batch"),
        ({"family": {"label": "image_features"}}, "does not learn"),
        ({"options": {"label": {"no_such": 1}}}, "no option 'no_such'"),
    ],
    ids=str,
)
def test_settings_that_no_round_can_run_with_are_named(bench: Workbench, settings: Any, says: str) -> None:
    path = bench.home.path("settings.json")
    kept = read_json(path)
    try:
        write_json(path, {**kept, **settings})
        assert says in " ".join(one.what for one in bench.doctor().findings if one.level == FAULT)
    finally:
        write_json(path, kept)


def test_a_lost_job_is_told(bench: Workbench) -> None:
    job = jobs.create(bench.home, "train")
    try:
        write_json(job.folder / "job.json", {**job.facts, "made_at": time.time() - 60})
        told = found(bench, "jobs", WARN)
        assert "The last train lost" in told.what
        assert job.id in told.fix
    finally:
        (job.folder / "job.json").unlink()


def test_advice_on_a_key_is_dropped_when_the_server_has_answered_since(bench: Workbench) -> None:
    keys = bench.root / "keys.json"
    kept = read_json(keys)
    try:
        write_json(keys, dict.fromkeys(kept, "0" * 40), mode=0o600)
        with pytest.raises(JobFailed, match="401"):
            bench.rank().wait(240)
    finally:
        write_json(keys, kept, mode=0o600)
    state = bench.job().state()
    assert state.contact
    assert state.ended_at
    failed = f"The last rank failed at {moment(state.ended_at)}: "
    (told,) = [text for text in bench.status().warnings if text.startswith(failed)]
    assert told.endswith(f"{state.fix}. Then: lsal rank")
    assert found(bench, "jobs", WARN).fix == "Label Studio has answered since. Start it again: lsal rank"
    bench.sync()
    (told,) = [text for text in bench.status().warnings if text.startswith(failed)]
    assert "401" in told
    assert state.fix not in told
    assert "Label Studio has answered since" in told
    bench.rank().wait(240)
    assert healthy(bench.doctor())


def test_the_file_of_a_real_task_is_fetched_afresh(label_studio: Server, root: Path, tmp_path: Path) -> None:
    for number in range(3):
        Image.new("RGB", (8, 8), (number * 80, 0, 0)).save(tmp_path / f"{number}.png")
    bench = Workbench(root).new(str(tmp_path), labels=["dark", "light"])
    bench.sync()
    assert "the file of task" in found(bench, "files", OK).what
    for path in (root / "files" / bench.home.slug).iterdir():
        path.unlink()
    assert "There is no file" in found(bench, "files").what


def test_an_upload_is_fetched_over_the_network(isolated_root: Path, client: Client, label_studio: Server) -> None:
    config = '<View><Image name="i" value="$image"/><Choices name="c" toName="i"><Choice value="a"/></Choices></View>'
    number = client("POST", "/api/projects/", json={"title": "pictures", "label_config": config}).json()["id"]
    written = isolated_root.parent / "one.png"
    Image.new("RGB", (8, 8)).save(written)
    client("POST", f"/api/projects/{number}/import", files={"file": ("one.png", written.read_bytes())})
    bench = Workbench(isolated_root).attach(label_studio.url, number, label_studio.key)
    bench.sync()
    assert found(bench, "files", OK)
    assert not bench.home.path("media").exists() or not list(bench.home.path("media").iterdir())
    task = next(iter(bench.desk.mirror.tasks()))
    (label_studio.folder / "media" / task.data["image"].removeprefix("/data/")).unlink()
    assert "cannot be had" in found(bench, "files").what


def test_room_on_disk_and_gpu_is_judged(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert free_bytes(bench.home.path("not", "there", "yet")) > 0
    levels = [machine.judged_space("home", int(size)).level for size in (1e8, 1e9, 1e10)]
    assert levels == [FAULT, WARN, OK]
    assert machine.gpu_memory("libno-such-driver.so.1") == []
    monkeypatch.setattr(machine, "gpu_memory", lambda: [(int(1e9), int(8e10)), (int(7e10), int(8e10))])
    assert [(one.level, one.what[:12]) for one in machine.gpu(patient.Patient(bench.home))] == [
        (WARN, "GPU 0: 1.0 o"),
        (OK, "GPU 1: 70.0 "),
    ]


def test_without_a_project_there_is_nothing_to_examine(isolated_root: Path) -> None:
    with pytest.raises(LsalError, match="There is no project yet"):
        Workbench(isolated_root).doctor()
