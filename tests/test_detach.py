"""After attach and detach a project is as it was, but for what people did; and nothing of theirs is lost."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from projects import answer, demo_of_texts
from proxies import Client
from served import wait_until
from test_foreign import make_project

from lsal import jobs, publishing
from lsal.errors import BadRequest, LabelStudioError, LsalError
from lsal.files import read_json
from lsal.home import attached
from lsal.label_studio import predictions, queue
from lsal.label_studio.server import Server
from lsal.records import Entry, Ranking
from lsal.settings import root_secret
from lsal.workbench import Workbench, leaving

RESULT = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["animal"]}}]

Rows = dict[Any, dict[str, Any]]

AGE = {"created_ago"}
"""Words for a time: "2 minutes". Nothing that is stored."""
COUNTED = {
    *("num_tasks_with_annotations", "total_annotations_number", "useful_annotation_number"),
    *("finished_task_number", "queue_done", "queue_total", "total_predictions_number", "state"),
}
"""What Label Studio counts of the work that people did meanwhile, and of the predictions they did it from."""
ASKED = {"updated_at"}
"""When Label Studio last asked a backend how it is: it does so whenever its list is read."""
WROTE = {"updated_at", "updated_by", "total_predictions"}
"""Label Studio notes on the task when a prediction of it was made or deleted, and whose key that was.

And its number of predictions; but once a project was deleted there, Label Studio stops counting the
deleted ones until it starts again. The predictions themselves are compared.
"""
LABELLED = {
    *("annotations", "total_annotations", "annotators", "annotations_ids", "annotations_results", "is_labeled"),
    *("completed_at", "avg_lead_time", "draft_exists", "drafts"),
}
"""On tasks that people labelled meanwhile: their work."""
LEFT = {"predictions", "predictions_score", "predictions_results", "predictions_model_versions"}
"""On tasks whose annotation was made from a prediction of lsal's: that one stays, else the annotation would change."""


class Backend(BaseHTTPRequestHandler):
    """Somebody else's ML backend."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.end_headers()
        said = {"/health": b'{"status":"UP"}', "/setup": b'{"model_version":"theirs-v1"}'}
        self.wfile.write(said.get(self.path, b'{"results":[]}'))

    do_POST = do_GET

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def their_backend() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def bench(label_studio: Server, client: Client, isolated_root: Path) -> Workbench:
    """Attached to somebody's project of 20 texts, its first batch of 6 published."""
    made = Workbench(isolated_root).attach(label_studio.url, make_project(client, 20), label_studio.key)
    made.sync()
    publish(made)
    return made


def publish(bench: Workbench) -> None:
    """The first 6 tasks as the queue, as a ranking would, without the seconds that its process takes to start."""
    entries = tuple(Entry(task, 1.0, result={"label": RESULT}) for task in list(bench.desk.mirror.ids())[:6])
    desk = bench.desk
    publishing.publish(desk.home, desk.project, desk.store, Ranking(entries, "margin", {}, 0.0), {})
    assert bench.verify().exact


def keyed(rows: list[dict[str, Any]], skip: set[str]) -> Rows:
    return {row["id"]: {name: value for name, value in row.items() if name not in skip} for row in rows}


def seen(client: Client, number: int) -> dict[str, Any]:
    """Everything that Label Studio tells about a project."""

    def ask(path: str, **params: Any) -> Any:
        return client("GET", path, params={"project": number, **params}).raise_for_status().json()

    # Label Studio asks each backend as it lists them, and gives it a second.
    wait_until(lambda: all(row["state"] == "CO" for row in ask("/api/ml")))
    tasks = ask("/api/tasks", fields="all", page_size=100)["tasks"]
    for task in tasks:
        task["predictions"] = [{k: v for k, v in p.items() if k not in AGE} for p in task["predictions"]]
        task["annotations"] = [{k: v for k, v in a.items() if k not in AGE} for a in task["annotations"]]
        task["drafts"] = [{k: v for k, v in d.items() if k not in AGE} for d in task["drafts"]]
    return {
        "project": keyed([ask(f"/api/projects/{number}")], COUNTED),
        "backends": keyed(ask("/api/ml"), ASKED),
        "webhooks": keyed(ask("/api/webhooks/"), set()),
        "views": keyed(ask("/api/dm/views"), set()),
        "storages": ask("/api/storages"),
        "uploads": ask(f"/api/projects/{number}/file-uploads", all="true"),
        "predictions": keyed(ask("/api/predictions"), AGE),
        "versions": ask(f"/api/projects/{number}/model-versions/"),
        "tasks": keyed(tasks, WROTE),
    }


def without(rows: Rows, ids: set[int], names: set[str]) -> Rows:
    """The rows, those of `ids` without some of their fields."""
    return {
        n: {name: value for name, value in row.items() if n not in ids or name not in names} for n, row in rows.items()
    }


def furnish(client: Client, number: int, backend: str) -> None:
    """What people may have in a project: settings, predictions, a backend, a webhook, a view, work begun."""
    tasks = client("GET", "/api/tasks", params={"project": number, "page_size": 100}).json()["tasks"]
    ids = [task["id"] for task in tasks]
    given = [{"task": n, "result": RESULT, "score": 0.5, "model_version": "theirs-v1"} for n in ids[:5]]
    client("POST", f"/api/projects/{number}/import/predictions", json=given).raise_for_status()
    view = {"project": number, "data": {"title": "Mine", "ordering": ["-tasks:id"], "type": "list"}}
    hook = {"project": number, "url": "http://127.0.0.1:9/hook", "send_for_all_actions": False}
    for path, body in (
        ("/api/dm/views/", view),
        ("/api/webhooks/", hook),
        ("/api/ml", {"project": number, "url": backend, "title": "their model"}),
        (f"/api/tasks/{ids[0]}/annotations/", {"result": RESULT, "lead_time": 1.0}),
        (f"/api/tasks/{ids[0]}/drafts", {"result": RESULT, "lead_time": 1.0}),
    ):
        client("POST", path, json=body).raise_for_status()
    mine = {"sampling": "Uniform sampling", "model_version": "theirs-v1"}
    client("PATCH", f"/api/projects/{number}/", json=mine).raise_for_status()


def test_attach_and_detach_leave_a_project_as_it_was(
    label_studio: Server, client: Client, isolated_root: Path, their_backend: str
) -> None:
    number = make_project(client)
    furnish(client, number, their_backend)
    before = seen(client, number)
    bench = Workbench(isolated_root).attach(label_studio.url, number, label_studio.key)
    assert seen(client, number) == before  # attaching changes nothing
    bench.configure(batch=6, refill_below=0.0, measuring_share=0.0)
    bench.sync()
    project, labelled = bench.desk.project, list[int]()
    try:
        backend = f"{bench.serve()['url']}/{root_secret(isolated_root)}/{bench.home.slug}"
        assert bench.rank().wait(240)["exact"]
        for _ in range(6):
            labelled.append(label(bench, project.next_task()))
        assert bench.round().wait(240)["exact"]
        guessed, *_ = publishing.live_publication(bench.home).task_ids
        shown = client("GET", f"/api/tasks/{guessed}/").json()["predictions"]
        labelled.append(label(bench, project.next_task(), made_from=shown))
        during = seen(client, number)
        assert {row["title"] for row in during["backends"].values()} == {"their model", "lsal"}
        work = annotations(during)
        done = bench.detach(now=True)
        assert httpx.get(f"{backend}/health", timeout=120, trust_env=False).status_code == 404
    finally:
        bench.stop()
    after = seen(client, number)

    for same in ("project", "backends", "webhooks", "views", "storages", "uploads"):
        assert after[same] == before[same], same
    [kept] = set(after["predictions"]) - set(before["predictions"])
    assert kept == work[labelled[-1]][0]["parent_prediction"]
    assert {n: row for n, row in after["predictions"].items() if n != kept} == before["predictions"]
    assert after["versions"]["theirs-v1"] == before["versions"]["theirs-v1"] == 5
    compared = [
        without(without(one["tasks"], set(labelled), LABELLED), {labelled[-1]}, LEFT) for one in (before, after)
    ]
    assert compared[0] == compared[1]
    assert annotations(after) == work  # what people did, to the last field
    assert done.restored == {"sampling": "Uniform sampling", "model_version": "theirs-v1"}
    assert (done.removed["ML backends"], done.removed["webhooks"], done.removed["predictions"]) == (1, 1, 11)
    assert [why.startswith("1 predictions stay") for why in done.left] == [True]
    assert (isolated_root / "active").exists() is False
    assert bench.home.path("versions", "0001").is_dir()


def label(bench: Workbench, task: Mapping[str, Any] | None, made_from: list[dict[str, Any]] | None = None) -> int:
    """A person's answer, made from the prediction they were shown if there is one of lsal's."""
    assert task
    body: dict[str, Any] = {"result": answer(bench, "animal" if task["data"]["text"].startswith("cat") else "machine")}
    if made_from:
        body["parent_prediction"] = next(p["id"] for p in made_from if p["model_version"].startswith("lsal-queue"))
    bench.desk.connection.post(f"/api/tasks/{task['id']}/annotations/", {**body, "lead_time": 1.0})
    return int(task["id"])


def annotations(found: dict[str, Any]) -> dict[int, list[dict[str, Any]]]:
    return {n: row["annotations"] for n, row in found["tasks"].items() if row["annotations"]}


def test_who_has_a_task_open_can_still_submit_it(bench: Workbench, client: Client) -> None:
    """Label Studio refuses an annotation that was made from a prediction that is gone by then."""
    held = client("GET", "/api/predictions", params={"project": bench.home.project}).json()
    by_task = {row["task"]: row["id"] for row in held}
    first, second, third, *rest = publishing.live_publication(bench.home).task_ids
    label(bench, {"id": first, "data": {"text": "cat"}})
    client("POST", f"/api/tasks/{second}/drafts", json={"result": RESULT, "lead_time": 1.0}).raise_for_status()
    done = bench.detach()
    assert done.removed["predictions"] == 1  # of the task that is labelled, not from it
    assert any("who has such a task open" in why and "--now" in why for why in done.left)
    submit(client, third, by_task[third]).raise_for_status()
    assert bench.detach(now=True).removed == {"predictions": len(rest)}
    held = client("GET", "/api/predictions", params={"project": bench.home.project}).json()
    assert {row["task"] for row in held} == {second, third}
    assert submit(client, rest[0], by_task[rest[0]]).status_code == 400
    assert bench.detach().removed == {}


def test_what_a_detach_left_is_known_as_lsals_after_another_attach(
    bench: Workbench, label_studio: Server, client: Client
) -> None:
    """Also under the names of versions; what was there before lsal came stays for good."""
    project, home, task = bench.desk.project, bench.home, list(bench.desk.mirror.ids())[-1]
    home.path("versions", "0001").mkdir(parents=True)
    for name in ("lsal-label.v1", "lsal-label.v2", "theirs"):
        project.add_prediction({"task": task, "model_version": name, "score": 0.5, "result": RESULT})
    label(bench, {"id": next(iter(bench.desk.mirror.ids())), "data": {"text": "cat"}})
    left = " ".join(bench.detach().left)
    assert "predictions of unfinished tasks stay" in left
    stay = sum(project.connection.get(f"{project.path}/model-versions/").values())
    assert stay > 3
    bench.attach(label_studio.url, home.project)
    assert bench.detach(now=True).removed == {"predictions": stay - 2}
    assert project.connection.get(f"{project.path}/model-versions/") == {"lsal-label.v2": 1, "theirs": 1}


def submit(client: Client, task: int, made_from: int) -> httpx.Response:
    body = {"result": RESULT, "lead_time": 1.0, "parent_prediction": made_from}
    return client("POST", f"/api/tasks/{task}/annotations/", json=body)


def test_what_somebody_else_changed_meanwhile_stays(bench: Workbench, client: Client) -> None:
    project = bench.desk.project
    project.add_predictions([{"task": n, "model_version": "a-person", "result": []} for n in bench.desk.mirror.ids()])
    project.change(sampling="Uniform sampling", model_version="a-person", show_collab_predictions=True)
    done = bench.detach(now=True)
    assert done.restored == {}
    assert [why.split(" ")[0] for why in done.left] == ["sampling", "model_version"]
    assert "'Uniform sampling', as somebody set it; it was 'Sequential sampling'" in done.left[0]
    facts = project.read()
    assert (facts["sampling"], facts["model_version"]) == ("Uniform sampling", "a-person")
    assert predictions.counts(project) == {"a-person": 20}
    project.change(sampling=queue.SAMPLING)  # a person may want it, once lsal is gone
    bench.detach(now=True)
    assert project.read()["sampling"] == queue.SAMPLING


def test_the_first_record_stays_until_a_whole_detach(
    bench: Workbench, label_studio: Server, isolated_root: Path
) -> None:
    home, path = bench.home, bench.home.path("before.json")
    first = read_json(path)
    assert (first["project"]["sampling"], first["project"]["model_version"]) == ("Sequential sampling", "")
    assert path.stat().st_mode & 0o777 == 0o600
    bench.attach(label_studio.url, home.project)
    assert read_json(path) == first
    bench.detach(now=True)
    bench.desk.project.change(sampling="Uniform sampling")
    bench.attach(label_studio.url, home.project)
    assert (bench.home.folder, bench.home.detached) == (home.folder, False)
    assert read_json(path)["project"]["sampling"] == "Uniform sampling"
    assert (isolated_root / "active").read_text() == home.slug
    publish(bench)


def test_a_detach_that_was_cut_short_is_run_again(
    bench: Workbench, label_studio: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, folder = read_json(bench.home.path("before.json")), bench.home.folder
    for step in ("put_back", "disconnect", "remove_predictions"):
        with cut_at(monkeypatch, step), pytest.raises(KeyboardInterrupt):
            bench.detach(now=True)
        assert not attached(folder)
        assert "lsal detach" in bench.status().warnings[0]
    for act in (bench.serve, bench.rank, bench.round, bench.train):
        with pytest.raises(BadRequest, match="is detached") as caught:
            act()
        assert f"lsal attach {label_studio.url} {bench.home.project}" in caught.value.fix
    bench.attach(label_studio.url, bench.home.project)  # a change of mind half-way: the record is the first one
    assert read_json(bench.home.path("before.json")) == first
    assert attached(folder)
    done = bench.detach(now=True)
    assert done.removed == {"predictions": 6}
    facts = bench.desk.project.read()
    assert (facts["sampling"], facts["model_version"]) == ("Sequential sampling", "")
    assert predictions.counts(bench.desk.project) == {}
    assert "is detached" in bench.status().warnings[0]


@contextmanager
def cut_at(monkeypatch: pytest.MonkeyPatch, step: str) -> Iterator[None]:
    """Whoever detaches is stopped at this step."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(leaving, step, stop)
        yield


def test_nobody_detaches_while_a_job_runs(bench: Workbench) -> None:
    job = jobs.create(bench.home, "rank")
    with pytest.raises(BadRequest, match="still running"):
        bench.detach()
    job.end("done", 0.0)
    with bench.home.lock(), pytest.raises(LsalError, match="is running"):
        bench.detach()
    assert attached(bench.home.folder)
    bench.detach(now=True)
    late = jobs.start(jobs.create(bench.home, "rank"), "lsal.worker")  # begun at the same moment
    with pytest.raises(LsalError, match="is detached"):
        late.wait(240)
    assert predictions.counts(bench.desk.project) == {}


def test_a_project_that_lsal_made_is_left_as_label_studio_makes_one(
    label_studio: Server, root: Path, tmp_path: Path
) -> None:
    bench = demo_of_texts(root, tmp_path, 20)
    publish(bench)
    bench.label(3)
    done = bench.detach(now=True)
    assert done.restored == {"sampling": "Sequential sampling", "model_version": ""}
    assert predictions.counts(bench.desk.project) == {}
    assert len(bench.desk.connection.rows(f"/api/projects/{bench.home.project}/export", exportType="JSON")) == 3
    bench.attach(label_studio.url, bench.home.project)
    publish(bench)


def test_a_project_that_is_gone_can_be_detached(bench: Workbench, client: Client) -> None:
    client("DELETE", f"/api/projects/{bench.home.project}/").raise_for_status()
    with pytest.raises(LabelStudioError):
        bench.sync()
    assert "no such project" in bench.detach().left[0]
    assert not attached(bench.home.folder)
