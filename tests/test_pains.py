"""What people complain of in today's tools, and nothing else tests here: see docs/pains.md."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from projects import annotations_digest, demo_of_texts

from lsal import jobs, publishing
from lsal.errors import BadRequest
from lsal.files import read_json
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.settings import root_secret
from lsal.workbench import Workbench

Client = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def bench(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A demo of 300 texts with a first version, served."""
    made = demo_of_texts(root, tmp_path_factory.mktemp("pains"), count=375, batch=20)
    try:
        made.serve()
        made.rank().wait(240)
        made.label(20)
        made.round().wait(240)
        yield made
    finally:
        made.stop()


def names_of_all(bench: Workbench) -> dict[int, list[str]]:
    """The model versions of each task's predictions, in one request."""
    rows = [row for page in bench.desk.project.tasks([], "id,predictions,model_version") for row in page]
    return {row["id"]: [prediction["model_version"] for prediction in row["predictions"]] for row in rows}


def ask(bench: Workbench, tasks: int = 1) -> list[dict[str, Any]]:
    """What the running backend answers about so many tasks."""
    rows = [{"id": task.id, "data": task.data} for task in list(bench.desk.mirror.tasks())[:tasks]]
    body = {"tasks": rows, "label_config": bench.desk.config.xml}
    url = f"{bench.status().backend}/{root_secret(bench.root)}/{bench.home.slug}/predict"
    return list(httpx.post(url, json=body, timeout=100, trust_env=False).raise_for_status().json()["results"])


def test_pain_05_predictions_for_many_tasks_at_once_do_not_time_out(bench: Workbench, client: Client) -> None:
    """Label Studio's own "Retrieve predictions", all tasks in one request, and every one is stored."""
    open_ones = [task.id for task in bench.desk.mirror.tasks(state=0)]
    before = names_of_all(bench)
    chosen = [task for task in open_ones if not before[task]][:130]
    assert len(chosen) == 130
    body = {"selectedItems": {"all": False, "included": chosen}}
    where = {"id": "retrieve_tasks_predictions", "project": bench.home.project}
    answer = client("POST", "/api/dm/actions", params=where, json=body, timeout=500)
    assert answer.status_code == 200, answer.text
    name = bench.answers.name()
    stored = names_of_all(bench)
    assert [stored[task] for task in chosen] == [[name]] * 130
    assert bench.verify().exact, "what was stored for other tasks must not join the queue"


def test_pain_06_work_tells_how_far_it_is_and_a_second_click_is_refused_by_name(bench: Workbench) -> None:
    job = bench.round()
    try:
        with pytest.raises(BadRequest, match=job.id):
            bench.round()
        told = [state for state in job.follow(every_s=0.02) if state.state == "running"]
    finally:
        job.wait(240)
    seen = [state.progress.done for state in told]
    assert len(set(seen)) > 3
    assert seen == sorted(seen)
    assert any(state.eta_s is not None for state in told)


def test_pain_09_every_task_of_the_queue_has_a_score_to_sort_by(bench: Workbench, client: Client) -> None:
    publication = publishing.live_publication(bench.home)
    assert publication
    query = '{"ordering": ["tasks:predictions_score"]}'
    ask_for = {"project": bench.home.project, "query": query, "page_size": 1000, "fields": "all"}
    rows = client("GET", "/api/tasks", params={**ask_for, "include": "id,predictions_score"}).json()["tasks"]
    scores = {row["id"]: row["predictions_score"] for row in rows}
    held = [scores[task] for task in publication.task_ids]
    assert None not in held
    assert held == sorted(held)
    assert all(0 <= score <= 1 for score in held)
    assert len(set(held)) == len(held), "ties would be served in any order"


def test_pain_11_a_batch_of_any_size_is_one_import(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted on the way to the real server: nothing is sent task by task."""
    sent: list[tuple[str, str]] = []
    real = Connection._send

    def counted(self: Connection, method: str, path: str, *more: Any, **named: Any) -> Any:
        sent.append((method, path))
        return real(self, method, path, *more, **named)

    ranking = publishing.live_ranking(bench.home)
    assert ranking
    monkeypatch.setattr(Connection, "_send", counted)
    with bench.home.lock():
        publishing.publish(bench.home, bench.desk.project, bench.desk.store, ranking, bench.desk.store.current())
    writes = [(method, path.rpartition("/api/")[2]) for method, path in sent if method != "GET"]
    number = bench.home.project
    assert writes == [("POST", f"projects/{number}/import/predictions"), ("PATCH", f"projects/{number}/")]


def killed_in_training(bench: Workbench) -> jobs.Job:
    """A training, killed with kill -9 where it said that it trains, if it was still there; it has ended."""
    job = bench.train()
    for state in job.follow(every_s=0.005):
        if state.progress.message.partition(":")[0] == "train" and state.state == "running":
            with suppress(psutil.NoSuchProcess):
                psutil.Process(read_json(job.folder / "process.json")["pid"]).send_signal(signal.SIGKILL)
    return job


def made_a_version(bench: Workbench, job: jobs.Job) -> bool:
    return any(version.job == job.id for version in bench.versions())


def test_pain_16_the_backend_goes_on_while_a_training_dies(bench: Workbench) -> None:
    """kill -9 in the middle of a training: answers go on from the same version, and the next one works."""
    before, digests, until = ask(bench, 5), annotations_digest(bench), time.monotonic() + 240
    while made_a_version(bench, job := killed_in_training(bench)):
        assert time.monotonic() < until  # the moment is short: this one had made its version
        before = ask(bench, 5)
    assert job.state().state == "lost"
    assert ask(bench, 5) == before
    assert annotations_digest(bench) == digests
    bench.train(again=job.id).wait(240)
    assert [row["result"] for row in ask(bench, 5)]


def test_pain_04_a_model_version_that_a_person_cleared_comes_back(bench: Workbench) -> None:
    publication = publishing.live_publication(bench.home)
    assert publication
    project = Project(bench.desk.connection, bench.home.project)
    project.change(model_version="")
    bench.serve()
    assert project.read()["model_version"] == publication.name
    assert bench.verify().exact
