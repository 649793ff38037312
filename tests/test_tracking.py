"""Versions in a real MLflow: mirrored whole and once, what is live as an alias, caught up after anything."""

import json
import socket
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from mirrored import kill_after_each, mirrored
from prepared import add_versions, prepared
from proxies import serving

from lsal import jobs, processes, snapshots, tracking
from lsal.backend.pace import Pace
from lsal.backend.watch import Watch
from lsal.cli import main
from lsal.errors import BadRequest, TrackingError
from lsal.files import read_json
from lsal.home import Home
from lsal.jobs import Job
from lsal.models import MODELS
from lsal.records import Control, Example, Labels
from lsal.settings import keep_key
from lsal.store import Store
from lsal.tracking import book, noted
from lsal.workbench import Workbench
from lsal.worker.tracking import mirror, standing

LONG_S = 120.0


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An empty database of MLflow, which takes seconds to make."""
    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    book.make_database(file)
    assert {path.name for path in file.parent.iterdir()} == {"mlflow.db", "made"}
    return file.read_bytes()


@pytest.fixture(autouse=True)
def no_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nor does what these tests wait for give way to others."""
    monkeypatch.setattr("lsal.worker.tracking.NICE", 0)
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def bench(isolated_root: Path, database: bytes) -> Workbench:
    return tracked(isolated_root, database)


def tracked(root: Path, database: bytes) -> Workbench:
    """A project with two versions, the first of them live, that are not mirrored yet."""
    made = prepared(root)
    add_versions(made, [20, 27], held=(2,))
    (root / "mlflow").mkdir()
    (root / "mlflow" / "mlflow.db").write_bytes(database)
    made.home.change_settings(tracking="mlflow", worker_nice=0)
    return made


def behind(home: Home) -> tracking.Standing:
    found = standing(home, Store(home))
    assert found
    return found


def test_every_version_is_a_run_and_a_registered_version(bench: Workbench, tmp_path: Path) -> None:
    from mlflow.telemetry import get_telemetry_client

    mirror(bench.home)
    found = mirrored(bench.home)
    assert {number: run.info.status for number, run in found.runs.items()} == {1: "FINISHED", 2: "FINISHED"}
    first, second = found.runs[1], found.runs[2]
    assert first.data.params | {"labels": "ham, spam", "family": "random", "number of labels": "2"} == first.data.params
    assert (first.data.metrics["accuracy"], second.data.metrics["labels"]) == (20 / 30, 50)
    assert (first.data.metrics["interval/low"], first.data.metrics["seconds/train"]) == (0.5, 0.2)
    assert (first.data.tags["lsal.gate"], second.data.tags["lsal.gate"]) == ("promoted", "held")
    assert second.data.tags["lsal.verdict"].startswith("worse: ")
    assert found.live == {"label": 1}
    for version in bench.desk.store.all():
        assert found.files(version.number) == {
            **{f"weights/{name}": (version.folder / "weights" / name).read_bytes() for name in version.files},
            "version.json": found.files(version.number)["version.json"],
        }
        assert found.registered[version.number].source.endswith(
            f"{found.runs[version.number].info.run_id}/artifacts/weights"
        )
    assert json.loads(found.files(2)["version.json"])["metrics"]["accuracy"] == 27 / 30
    assert not list(tmp_path.glob("mlruns*"))
    assert get_telemetry_client() is None


def test_what_is_mirrored_is_not_mirrored_again(bench: Workbench) -> None:
    mirror(bench.home)
    first = mirrored(bench.home)
    written = noted.read(bench.home, place(bench))
    mirror(bench.home)
    for kept in bench.home.path("tracked").glob("*.json"):
        kept.unlink()  # as of a home that came from a backup
    mirror(bench.home)
    (bench.root / "mlflow" / "made").write_text("anew")
    assert behind(bench.home).missing == (1, 2)
    mirror(bench.home)
    again = mirrored(bench.home)
    assert noted.read(bench.home, place(bench)) == written
    assert {n: run.info.run_id for n, run in again.runs.items()} == {n: r.info.run_id for n, r in first.runs.items()}
    assert again.registered.keys() == {1, 2}


def place(bench: Workbench) -> tracking.Place:
    found = tracking.place_of(bench.home)
    assert found
    return found


def test_promotion_and_rollback_move_the_alias(bench: Workbench) -> None:
    mirror(bench.home)
    assert not behind(bench.home).behind
    bench.desk.store.make_current({"label": 2})
    assert behind(bench.home).moved == {"label": 2}
    mirror(bench.home)
    assert (mirrored(bench.home).live, behind(bench.home).moved) == ({"label": 2}, {})
    history = bench.desk.store.history()
    bench.desk.store.make_current(history[-2], history[:-1])
    mirror(bench.home)
    assert mirrored(bench.home).live == {"label": 1}


def test_each_control_has_a_model_and_any_name_will_do(bench: Workbench) -> None:
    name, classes = "a/b: 'ü' \"%\" + tags", ("..", "a+", "a*", "x" * 600)
    control = Control(name, "text", "Choices", "Text", "text", classes)
    figures: dict[str, Any] = {"accuracy": 0.5, "recall": dict.fromkeys(classes, 0.25), "odd": float("nan")}
    save = MODELS["random"](control).save
    examples = {"count": 3, "ids": [], "digest": "d"}
    made = bench.desk.store.add(save, family="random", control=name, metrics=figures, examples=examples, labels=classes)
    bench.desk.store.make_current({"label": 2, name: made.number})
    mirror(bench.home)
    found = mirrored(bench.home)
    assert found.live == {"label": 2, name: 3}
    assert found.runs[3].data.metrics.keys() >= {"accuracy", "recall/a_"}
    assert "odd" not in found.runs[3].data.metrics
    assert json.loads(found.files(3)["version.json"])["metrics"]["recall"] == figures["recall"]


def test_a_version_whose_weights_were_cleaned_away_keeps_its_figures(bench: Workbench) -> None:
    weights = bench.desk.store.get(2).folder / "weights"
    weights.rename(weights.with_name("gone"))
    mirror(bench.home)
    found = mirrored(bench.home)
    assert (found.runs.keys(), found.registered.keys()) == ({1, 2}, {1})
    assert found.files(2).keys() == {"version.json"}


def test_an_experiment_that_went_and_a_root_that_was_moved_are_said(bench: Workbench) -> None:
    from mlflow import MlflowClient

    mirror(bench.home)
    experiment = mirrored(bench.home).runs[1].info.experiment_id
    bench.desk.store.make_current({"label": 2})
    MlflowClient(place(bench).uri).delete_experiment(experiment)
    with pytest.raises(TrackingError, match="was deleted in MLflow") as caught:
        mirror(bench.home)
    assert f"mlflow experiments restore -x {experiment}" in caught.value.fix
    MlflowClient(place(bench).uri).restore_experiment(experiment)
    moved = Workbench(bench.root.rename(bench.root.with_name("elsewhere")))
    with pytest.raises(TrackingError, match="was moved") as caught:
        mirror(moved.home)
    assert f"rm -r '{moved.root / 'mlflow'}'" in caught.value.fix


def test_no_key_and_nothing_of_the_tasks_goes_there(bench: Workbench) -> None:
    home, key, task = bench.home, "0123456789abcdef0123456789abcdef01234567", 987654321
    keep_key(bench.root, home.url, key)
    control = Control("label", "text", "Choices", "Text", "text", ("ham", "spam"))
    examples = {
        "count": 1,
        "ids": [task],
        "digest": "d",
        "skipped": {task: "field 'text' is a diary"},
        "notes": "diary",
    }
    bench.desk.store.add(
        MODELS["random"](control).save,
        family="random",
        control="label",
        metrics={},
        examples=examples,
        labels=control.labels,
    )
    mirror(home)
    assert mirrored(home).runs.keys() == {1, 2, 3}
    written = b"".join(path.read_bytes() for path in sorted((bench.root / "mlflow").rglob("*")) if path.is_file())
    assert b"ham, spam" in written
    for secret in (key, home.order_key, str(task), "diary", "Message 2", "the bus is late"):
        assert secret.encode() not in written, secret


def test_processes_killed_at_every_step_make_no_run_twice(bench: Workbench) -> None:
    points = ["begin", "create_run", "log_batch", "log_dict", "log_artifacts", "create_registered_model"]
    points += ["create_model_version", "set_terminated", "note_run", "set_registered_model_alias"]
    assert kill_after_each(bench.home, points) == [*[-9] * len(points), 0]
    found = mirrored(bench.home)
    assert (found.count, found.runs.keys(), found.registered.keys()) == (2, {1, 2}, {1, 2})
    assert {run.info.status for run in found.runs.values()} == {"FINISHED"}
    assert found.live == {"label": 1}
    assert len(found.files(1)) == len(found.files(2)) == 2
    assert not behind(bench.home).behind


def test_what_breaks_in_the_middle_of_a_version_is_gone_on_with(bench: Workbench) -> None:
    database = bench.root / "mlflow" / "mlflow.db"
    with closing(sqlite3.connect(database)) as it:
        it.execute("CREATE TRIGGER full BEFORE INSERT ON params BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    for _ in range(2):
        with pytest.raises(TrackingError, match="the disk is full"):
            mirror(bench.home)
    assert behind(bench.home).missing == (1, 2)
    with closing(sqlite3.connect(database)) as it:
        assert it.execute("SELECT status FROM runs").fetchall() == [("RUNNING",)]
        it.execute("DROP TRIGGER full")
    mirror(bench.home)
    found = mirrored(bench.home)
    assert (found.count, found.live, behind(bench.home).trouble) == (2, {"label": 1}, None)
    assert {run.info.status for run in found.runs.values()} == {"FINISHED"}


def test_a_database_that_may_only_be_read_is_said(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    database = bench.root / "mlflow" / "mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///file:{database}?mode=ro&uri=true")
    with pytest.raises(TrackingError, match="attempt to write a readonly database"):
        mirror(bench.home)
    assert behind(bench.home).missing == (1, 2)


@contextmanager
def listening() -> Iterator[str]:
    """A place that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


class No(BaseHTTPRequestHandler):
    status = 401

    def do_GET(self) -> None:
        self.send_error(self.status, "out of order")

    do_POST = do_GET

    def log_message(self, *_: object) -> None: ...


class Broken(No):
    status = 500


@contextmanager
def saying(no: type[No]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), no)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def nobody() -> Iterator[str]:
    yield f"http://127.0.0.1:{processes.free_port()}"


@pytest.mark.parametrize(
    ("there", "says", "fix"),
    [
        (nobody, "No MLflow answers at http://", "Start it."),
        (listening, "takes too long to answer", "Look what it does."),
        (partial(saying, No), "refuses: ", "Set MLFLOW_TRACKING_USERNAME"),
        (partial(saying, Broken), "failed: ", "Put that right."),
    ],
)
def test_what_keeps_it_is_said_with_the_next_step_and_no_password(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, there: Any, says: str, fix: str
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1" if there is listening else "60")
    with there() as url:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url.replace("//", "//ann:hunter2@"))
        with pytest.raises(TrackingError) as caught:
            mirror(bench.home)
    assert says in caught.value.what
    assert caught.value.fix.startswith(fix)
    status, found = bench.status(), next(f for f in bench.doctor().findings if f.check == "tracking")
    assert status.tracking == f"0 of 2 versions in MLflow at {url}, more by: lsal track"
    (warning,) = (one for one in status.warnings if "MLflow" in one)
    assert warning.startswith("Versions 1, 2 are not in MLflow. ")
    assert says in warning
    assert (found.level, says in found.what, found.fix) == ("warn", True, caught.value.fix)
    noticed = [str(caught.value), str(status), str(found), repr(place(bench))]
    noticed += [path.read_text() for path in bench.home.path("tracked").rglob("*.json")]
    assert not [text for text in noticed if "hunter2" in text]


def test_a_place_that_fails_is_left_alone_for_longer_and_longer(bench: Workbench) -> None:
    found, now = behind(bench.home), time.time()
    assert tracking.is_due(found)
    once, often = (noted.Trouble("down", "start it", now, failures) for failures in (1, 50))
    assert (once.next_at, often.next_at) == (now + noted.FIRST_S, now + noted.LONGEST_S)
    assert not tracking.is_due(replace(found, trouble=once))
    assert tracking.is_due(replace(found, trouble=once), patient=False)
    assert tracking.is_due(replace(found, trouble=replace(once, at=now - noted.FIRST_S)))
    assert not tracking.is_due(replace(found, running=True), patient=False)
    for failures in (1, 2):
        kept = noted.note_trouble(bench.home, place(bench), TrackingError("down", "start it"))
        assert kept.trouble
        assert kept.trouble.failures == failures
    assert noted.note_run(bench.home, place(bench), 1, "run").trouble is None


def test_a_round_does_not_wait_and_what_is_missing_is_caught_up_later(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = bench.home
    with listening() as url, monkeypatch.context() as there:
        there.setenv("MLFLOW_TRACKING_URI", url)
        there.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3600")
        job = training(home)
        assert job.wait(LONG_S)["versions"]["label"]["version"] == 3
        until(lambda: not processes.alive(read_json(job.folder / "process.json")))
        marked = read_json(home.path("tracked", "process.json"))
        assert behind(home).running  # and would be for an hour
        assert behind(home).missing == (1, 2, 3)
        assert processes.stop(marked)
    with FileLock(home.path("tracked", "lock")):
        Watch(home.folder, Pace(30.0)).look()  # its Label Studio does not run either
        started = read_json(home.path("tracked", "process.json"))
        assert (started != marked, processes.alive(started)) == (True, True)
        assert processes.stop(started)
    assert main(["track"]) == 0
    told = capsys.readouterr().out
    assert "Versions 1, 2, 3 are mirrored" in told
    assert "label: version 3" in told
    assert mirrored(home).runs.keys() == {1, 2, 3}
    assert mirrored(home).live == {"label": 3}


def training(home: Home) -> Job:
    """A training of a few texts, which needs no Label Studio."""
    job, control = jobs.create(home, "train"), Control("label", "text", "Choices", "Text", "text", ("ham", "spam"))
    rows = [Example(n, f"{word} {n}", Labels((word,)), digest=str(n)) for n, word in enumerate(("ham", "spam") * 4)]
    snapshots.write_snapshot(job.folder / "snapshot" / "label", control, "sklearn_text", {}, 0, {"train": rows})
    (job.folder / "snapshot" / "whole").touch()
    return jobs.start(job, "lsal.worker")


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_is_there_already_is_said(bench: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    mirror(bench.home)
    assert main(["track", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"where": place(bench).shown, "mirrored": [], "missing": [], "current": {}}
    assert next(f for f in bench.doctor().findings if f.check == "tracking").level == "ok"
    assert bench.status().tracking == f"2 of 2 versions in MLflow at {place(bench).shown}"


def test_nothing_is_mirrored_unasked(isolated_root: Path) -> None:
    bench = prepared(isolated_root)
    add_versions(bench, [20])
    assert (bench.home.settings().tracking, standing(bench.home, Store(bench.home))) == ("off", None)
    mirror(bench.home)
    assert not {path.name for path in (*bench.root.iterdir(), *bench.home.folder.iterdir())} & {"mlflow", "tracked"}
    with pytest.raises(BadRequest, match="tracking is off") as caught:
        bench.track()
    assert caught.value.fix == "Switch it on: lsal set tracking=mlflow"
    with pytest.raises(BadRequest, match="'tracking' cannot be") as caught:
        bench.configure(tracking="wandb")
    assert caught.value.fix.startswith("Give off or mlflow")


def test_where_it_is_outlives_the_process_that_was_told(isolated_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = prepared(isolated_root)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ann:hunter2@mlflow.example")
    bench.configure(tracking="mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    kept = place(bench)
    assert (kept.shown, kept.uri) == ("http://mlflow.example", "http://ann:hunter2@mlflow.example")
    assert stat.S_IMODE((bench.root / "mlflow.json").stat().st_mode) == 0o600
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///some.db")
    assert place(bench).uri == f"sqlite:///{Path.cwd() / 'some.db'}"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    bench.configure(tracking="mlflow")
    assert place(bench).own
