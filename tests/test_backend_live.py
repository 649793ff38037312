"""The ML backend behind a real Label Studio: connected, asked to train, asked for predictions, refilling."""

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import ml_rows, second_backend, wait_until

from lsal import jobs, publishing
from lsal.backend.refill import refill
from lsal.jobs import Job
from lsal.label_studio import backend_rows
from lsal.label_studio.server import Server
from lsal.settings import root_secret
from lsal.workbench import Workbench, serving

Client = Callable[..., httpx.Response]
WORDS = {"praise": "good great lovely fine superb", "blame": "bad awful poor dull broken"}


def write_table(path: Path, rows: int) -> Path:
    dice = random.Random(3)
    lines = ["text,label"]
    for number in range(rows):
        label = dice.choice(list(WORDS))
        words = [dice.choice(WORDS[label].split()) for _ in range(2)] + [f"item{number}", dice.choice(["film", "book"])]
        lines.append(f"{' '.join(words)},{label}")
    path.write_text("\n".join(lines))
    return path


@dataclass
class Served:
    """A demo whose backend runs and is connected."""

    bench: Workbench
    url: str
    connected: int
    training: Job

    def ask(self, url: str, count: int = 1) -> list[dict[str, Any]]:
        """The backend's own answer about tasks that are in no batch of the queue."""
        tasks = [{"id": task.id, "data": task.data} for task in self.unseen()[:count]]
        body = {"tasks": tasks, "label_config": self.bench.desk.config.xml, "project": "1.1", "params": {}}
        path = f"/{root_secret(self.bench.root)}/{self.bench.home.slug}/predict"
        answer = httpx.post(url + path, json=body, timeout=120, trust_env=False)
        assert answer.status_code == 200
        return list(answer.json()["results"])

    def unseen(self) -> list[Any]:
        """Open tasks outside the measuring reserve and the live queue."""
        publication = publishing.live_publication(self.bench.home)
        queued = set(publication.task_ids) if publication else set()
        return [t for t in self.bench.desk.mirror.tasks(state=0) if t.place >= 0.1 and t.id not in queued]

    def label(self, count: int) -> None:
        assert self.bench.label(count).served == count


@pytest.fixture(scope="module")
def served(label_studio: Server, root: Path, client: Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A demo of 160 texts, 10 of them labelled, trained because Label Studio asked for it."""
    table = write_table(tmp_path_factory.mktemp("tables") / "opinions.csv", 200)
    bench = Workbench(root).new(str(table), demo=True, hold_out=0.2)
    try:
        bench.configure(batch=10, refill_below=0.0)
        bench.rank().wait(240)
        told = bench.serve()
        bench.label(10)
        assert client("POST", f"/api/ml/{told['connected']}/train").status_code == 200
        training = bench.job()
        training.wait(240)
        yield Served(bench, told["url"], told["connected"], training)
    finally:
        bench.stop()


@pytest.fixture
def second(served: Served) -> Iterator[str]:
    """A second backend on the same root."""
    with second_backend(served.bench.root) as address:
        yield address


def test_label_studio_says_connected(served: Served, client: Client) -> None:
    # Each look has Label Studio ask the backend anew, which has seconds to answer.
    wait_until(lambda: {one["state"] for one in ml_rows(served.bench)} == {"CO"})
    (backend,) = client("GET", "/api/ml", params={"project": served.bench.home.project}).json()
    assert backend["error_message"] in (None, "")
    publication = publishing.live_publication(served.bench.home)
    assert publication
    assert served.bench.desk.project.read()["model_version"] == publication.name


def forget(bench: Workbench, client: Client, name: str) -> None:
    """Delete all predictions called `name`, as people can in the project's settings."""
    path = f"/api/projects/{bench.home.project}/model-versions/"
    assert client("DELETE", path, json={"model_version": name}).status_code < 300


def other_prediction(served: Served, name: str) -> None:
    """A prediction that is somebody else's."""
    task = served.unseen()[0].id
    served.bench.desk.project.add_predictions([{"task": task, "model_version": name, "score": 0.5, "result": []}])


@pytest.mark.parametrize("held", ["", "lsal", None])
def test_connecting_brings_the_live_queue_back(served: Served, client: Client, held: str | None) -> None:
    project, publication = served.bench.desk.project, publishing.live_publication(served.bench.home)
    assert publication
    project.change(model_version=held or "lsal")
    if held is None:
        other_prediction(served, "another")
        forget(served.bench, client, "another")
    else:
        project.change(model_version=held)
    assert project.read()["model_version"] == held
    assert served.bench.serve()["connected"] == served.connected
    assert project.read()["model_version"] == publication.name


def test_connecting_leaves_what_somebody_chose(served: Served, client: Client) -> None:
    project, publication = served.bench.desk.project, publishing.live_publication(served.bench.home)
    assert publication
    other_prediction(served, "somebody's own")
    project.change(model_version="somebody's own")
    served.bench.serve()
    assert project.read()["model_version"] == "somebody's own"
    project.change(model_version=publication.name)
    forget(served.bench, client, "somebody's own")


def test_a_round_that_publishes_while_it_connects_stays_live(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    connect, before = backend_rows.connect, publishing.live_publication(served.bench.home)

    def connect_and_publish(*asked: Any) -> dict[str, Any]:
        row = connect(*asked)
        served.bench.rank().wait(240)
        return row

    monkeypatch.setattr(backend_rows, "connect", connect_and_publish)
    served.bench.serve()
    after = publishing.live_publication(served.bench.home)
    assert before
    assert after
    assert after.name != before.name
    assert served.bench.desk.project.read()["model_version"] == after.name


def test_training_that_label_studio_asked_for_is_a_whole_round(served: Served) -> None:
    assert served.training.facts["act"] == "round"
    assert served.bench.desk.store.current() == {"label": 1}
    assert served.training.state().result["exact"]


def test_pain_02_the_start_training_button_trains_and_does_not_crash(served: Served, client: Client) -> None:
    """Label Studio answers 200 whatever the backend does: what went wrong would stand in its row."""
    row = client("GET", f"/api/ml/{served.connected}").json()
    assert (row["state"], row["error_message"] or "") == ("CO", "")
    state = served.training.state()
    assert (state.state, state.act, state.by) == ("done", "round", "label studio")
    path = f"/{root_secret(served.bench.root)}/{served.bench.home.slug}/metrics"
    told = httpx.get(served.url + path, timeout=60, trust_env=False).text
    answers = re.findall(r'lsal_requests_total{endpoint="webhook",status="(\d+)"}', told)
    assert answers == ["200"]


def test_an_opened_task_gets_the_versions_guess_and_stays_out_of_the_queue(served: Served, client: Client) -> None:
    task = served.unseen()[0]
    (prediction,) = client("GET", f"/api/tasks/{task.id}", params={"project": served.bench.home.project}).json()[
        "predictions"
    ]
    assert prediction["model_version"] == "lsal-label.v1"
    assert prediction["result"][0]["value"]["choices"][0] in WORDS
    assert served.bench.verify().exact


def test_versions_reach_label_studio(served: Served, client: Client) -> None:
    answer = client("GET", f"/api/ml/{served.connected}/versions")
    assert answer.json()["versions"][-1] == "lsal-label.v1"


def test_both_backends_go_on_with_old_weights_and_then_use_the_new(served: Served, second: str) -> None:
    served.label(5)
    before = max(served.bench.desk.store.numbers())
    heard: dict[str, list[str]] = {served.url: [], second: []}
    for url in heard:
        assert served.ask(url), "the second one has just begun, and may yet be loading libraries"
    job = served.bench.round()
    while job.state().state in ("waiting", "running"):
        for url, names in heard.items():
            names += [result["model_version"] for result in served.ask(url, 3)]
    result = job.wait()
    assert result["versions"]["label"]["promoted"]
    old, new = f"lsal-label.v{before}", f"lsal-label.v{before + 1}"
    for url, names in heard.items():
        assert len(names) > 10
        assert set(names) <= {old, new}
        assert names[0] == old
        assert names == sorted(names)
        assert [r["model_version"] for r in served.ask(url)] == [new]


def rankings(bench: Workbench) -> list[str]:
    return [job.id for job in bench.jobs() if job.facts["act"] == "rank"]


def test_a_queue_that_runs_dry_is_refilled_once(served: Served, second: str) -> None:
    """With two backends on the root, both of which see it; people's events wake the connected one."""
    bench = served.bench
    bench.rank().wait(240)
    publication = publishing.live_publication(bench.home)
    assert publication
    before = rankings(bench)
    bench.configure(refill_below=0.3)
    served.label(6)
    time.sleep(2.5)
    assert rankings(bench) == before  # 4 of 10 are left
    served.label(1)
    hint = {"action": "ANNOTATION_CREATED", "project": {"id": bench.home.project}}
    path = f"/{root_secret(bench.root)}/{bench.home.slug}/webhook"
    httpx.post(second + path, content=json.dumps(hint), timeout=60, trust_env=False).raise_for_status()
    wait_until(lambda: len(rankings(bench)) > len(before), 120)
    assert bench.job().wait(240)["exact"]
    refilled = publishing.live_publication(bench.home)
    assert refilled
    assert refilled.name != publication.name
    assert len(refilled.task_ids) == 10
    assert jobs.running(bench.home) is None
    time.sleep(2.5)
    assert len(rankings(bench)) == len(before) + 1
    bench.configure(refill_below=0.0)


def test_a_queue_that_was_deleted_is_none(label_studio: Server, root: Path, client: Client, tmp_path: Path) -> None:
    bench = Workbench(root).new(str(write_table(tmp_path / "gone.csv", 8)), demo=True, hold_out=0.0)
    bench.serve()
    assert bench.desk.project.read()["model_version"] == ""  # nothing was published yet
    name = bench.rank().wait(240)["publication"]
    forget(bench, client, name)
    bench.serve()
    assert bench.desk.project.read()["model_version"] == ""


def test_a_queue_is_refilled_only_if_something_is_left(label_studio: Server, root: Path, tmp_path: Path) -> None:
    serving.stop(root)  # it too would see what is left, and refill first
    table = write_table(tmp_path / "few.csv", 8)
    bench = Workbench(root).new(str(table), demo=True, hold_out=0.0)
    bench.configure(batch=10, refill_below=0.5)
    assert refill(bench.desk) is None  # nothing was published yet
    assert bench.rank().wait(240)["published"] == 8
    bench.label(7)
    assert refill(bench.desk) is None  # the one that is left is in the queue already
    bench.desk.project.add_tasks([{"text": "one more"}])
    bench.desk.project.change(model_version="")
    assert refill(bench.desk) is None
    bench.desk.project.change(model_version=publishing.live_publication(bench.home).name)
    job = refill(bench.desk)
    assert job
    assert job.wait(240)["published"] == 2
