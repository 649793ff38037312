"""The ML backend without Label Studio: real homes, real trained versions, the requests that Label Studio sends."""

import copy
import json
import logging
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lsal import jobs, processes
from lsal.backend import refill, wire
from lsal.backend.app import create_app
from lsal.backend.pace import Pace
from lsal.backend.watch import Watch
from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.files import write_json
from lsal.home import Home, create_home
from lsal.label_studio.config import read_config
from lsal.models import MODELS
from lsal.records import Example, Labels, Publication
from lsal.settings import child_environment, root_secret
from lsal.workbench import Workbench, serving

XML = (
    '<View><Text name="t" value="$text"/><Choices name="sent" toName="t">'
    '<Choice value="pos"/><Choice value="neg"/></Choices></View>'
)
OTHER_LABELS = XML.replace('<Choice value="neg"/>', '<Choice value="neu"/>')
TASK = {"id": 363, "data": {"text": "a good film"}, "meta": {}, "annotations": [], "predictions": []}
PREDICT = {"tasks": [TASK], "project": "21.1", "label_config": XML, "params": {"login": None, "context": None}}
SETUP = {"project": "21.1", "schema": XML, "hostname": "http://localhost:9400", "access_token": "", "extra_params": {}}
EVENT = {
    "action": "ANNOTATION_CREATED",
    "annotation": {"id": 135, "result": [], "task": 364},
    "project": {"id": 21, "label_config": XML},
    "task": {"id": 364, "data": {"text": "t1"}},
}
CHANGES = ["ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_CREATED", "ANNOTATIONS_DELETED"]
EVENTS = [*CHANGES, "PROJECT_UPDATED", "TASKS_CREATED", "TASKS_DELETED"]
FILES = Path(__file__).resolve().parents[2] / "shared" / "label_studio_requests"


def add_version(desk: Desk, family: str = "sklearn_text") -> int:
    """Train on four texts and make the version live."""
    control = read_config(XML).controls[0]
    texts = [("good nice", "pos"), ("bad awful", "neg"), ("great good", "pos"), ("awful poor", "neg")]
    examples = [Example(n, text, Labels((label,))) for n, (text, label) in enumerate(texts)]
    model = MODELS[family](control, {}, 0)
    model.fit(examples, examples, [], lambda progress: None)
    counts = {"count": 4, "measuring": 0}
    made_for = {"control": control.name, "labels": control.labels, "shape": control.shape}
    number = desk.store.add(model.save, family=family, metrics={}, examples=counts, **made_for).number
    desk.store.make_current({"sent": number})
    return number


@dataclass
class Served:
    """A project behind the app."""

    home: Home
    client: FlaskClient
    hints: list[str]

    @property
    def path(self) -> str:
        return f"/{root_secret(self.home.root)}/{self.home.slug}"

    def get(self, endpoint: str) -> TestResponse:
        return self.client.get(f"{self.path}/{endpoint}")

    def post(self, endpoint: str, body: object) -> TestResponse:
        return self.client.post(f"{self.path}/{endpoint}", data=body if isinstance(body, bytes) else json.dumps(body))


def serve(root: Path, version: bool = True) -> Served:
    home = create_home(root, "http://127.0.0.1:1", 21, "2026-11-20", "served")
    desk = Desk(home)
    desk.mirror.remember(label_config=XML)
    if version:
        add_version(desk)
    hints: list[str] = []
    return Served(home, create_app(root, hints.append).test_client(), hints)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return serve(tmp_path_factory.mktemp("served") / "root")


@pytest.fixture
def own(tmp_path: Path) -> Served:
    """A project of its own, for tests that change it."""
    return serve(tmp_path / "own")


def is_reserved(home: Home, task: dict[str, Any]) -> bool:
    return Desk(home).mirror.reserved(task["id"], task["data"], 0.1, task.get("created_at") or "")


# What Label Studio sends --------------------------------------------------------------


def check_answer(served: Served, name: str, request: dict[str, Any]) -> None:
    """Send a request as Label Studio sent it, and hold that the answer is right."""
    body = b"" if request["json"] is None else json.dumps(request["json"]).encode()
    path = served.path + request["path"]
    answer = served.client.open(path, method=request["method"], data=body, headers={"User-Agent": "heartex/1.23.2"})
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    told = json.loads(answer.data)
    if name == "health":
        assert told["status"] == "UP"
    elif name.startswith("setup"):
        assert told == {"model_version": "lsal-sent.v1"}
    elif name == "versions":
        assert told == {"versions": ["lsal-sent.v1"]}
    elif name.startswith("webhook"):
        assert told["status"] == ("started" if name == "webhook_start_training" else "noted")
    else:
        check_results(served, request["json"], told["results"])


def check_results(served: Served, asked: dict[str, Any], results: list[dict[str, Any]]) -> None:
    if asked["label_config"] == OTHER_LABELS:  # there is no version for these labels yet
        assert results == []
        return
    assert len(results) == len(asked["tasks"])
    for task, result in zip(asked["tasks"], results, strict=True):
        assert result["model_version"] == "lsal-sent.v1"
        assert 0 <= result["score"] <= 1
        assert bool(result["result"]) != is_reserved(served.home, task)
        for region in result["result"]:
            assert region["value"]["choices"] in (["pos"], ["neg"])
            assert (region["from_name"], region["to_name"], region["type"]) == ("sent", "t", "choices")


@pytest.mark.data
@pytest.mark.parametrize("name", sorted(path.stem for path in FILES.glob("*.json")) or ["none"])
def test_what_label_studio_really_sent_gets_a_right_answer(own: Served, name: str) -> None:
    if name == "none":
        pytest.skip("the recorded requests are not at ../shared/label_studio_requests")
    check_answer(own, name, json.loads((FILES / f"{name}.json").read_text()))
    for job in jobs.jobs(own.home):  # one that was started must not outlive the test
        job.cancel()  # there is no Label Studio to read: it would fail, after some patience
        assert [state.state for state in job.follow()][-1] in ("cancelled", "failed")


@pytest.mark.parametrize(
    ("name", "method", "path", "body"),
    [
        ("health", "GET", "/health", None),
        ("setup", "POST", "/setup", SETUP),
        ("setup_before_params", "POST", "/setup", SETUP | {"extra_params": None}),
        ("versions", "GET", "/versions", None),
        ("predict", "POST", "/predict", PREDICT),
        ("predict_of_many", "POST", "/predict", PREDICT | {"tasks": [TASK | {"id": n} for n in range(130)]}),
        ("predict_interactive", "POST", "/predict", PREDICT | {"params": {"context": {"result": []}}}),
        ("predict_after_a_change", "POST", "/predict", PREDICT | {"label_config": OTHER_LABELS}),
        *[(f"webhook_{name}", "POST", "/webhook", EVENT | {"action": name}) for name in EVENTS],
    ],
)
def test_shapes_that_label_studio_sends(served: Served, name: str, method: str, path: str, body: Any) -> None:
    check_answer(served, name, {"method": method, "path": path, "json": body})


def test_the_model_answers_what_it_learned(served: Served) -> None:
    tasks = [{"id": n, "data": {"text": text}} for n, text in enumerate(["good nice great", "awful bad poor"] * 20)]
    results = served.post("predict", PREDICT | {"tasks": tasks}).json["results"]
    shown = [(n, r["result"][0]["value"]["choices"][0]) for n, r in enumerate(results) if r["result"]]
    assert len(shown) > 20
    assert all(label == ("neg" if n % 2 else "pos") for n, label in shown)


def test_measuring_tasks_get_an_empty_result_but_keep_their_place(served: Served) -> None:
    tasks = [{"id": n, "data": {"text": f"good {n}"}} for n in range(200)]
    results = served.post("predict", PREDICT | {"tasks": tasks}).json["results"]
    reserved = [n for n, task in enumerate(tasks) if is_reserved(served.home, task)]
    assert 0 < len(reserved) < 100
    assert [n for n, result in enumerate(results) if not result["result"]] == reserved


def test_unreadable_tasks_get_an_empty_result_each(served: Served) -> None:
    broken: list[Any] = [{}, {"text": None}, {"text": ["a"]}, {"text": {"a": 1}}, {"other": "good"}, {"text": True}]
    tasks = [{"id": n, "data": data} for n, data in enumerate(broken)]
    results = served.post("predict", PREDICT | {"tasks": [*tasks, {"data": {"text": ""}}, TASK]}).json["results"]
    assert len(results) == len(broken) + 2
    assert all(result["result"] == [] and result["score"] == 0.0 for result in results[: len(broken)])


def test_no_tasks_no_results(served: Served) -> None:
    assert served.post("predict", PREDICT | {"tasks": []}).json == {"results": []}


def test_before_the_first_version(tmp_path: Path) -> None:
    served = serve(tmp_path / "own", version=False)
    assert served.post("predict", PREDICT).json == {"results": []}
    assert served.post("setup", SETUP).json == {"model_version": "lsal"}
    assert served.get("versions").json == {"versions": []}


def test_versions_newest_first_under_the_names_of_the_answers(own: Served) -> None:
    own.post("setup", SETUP)  # warms in a thread; while that loads weights, the earlier ones would answer
    for thread in threading.enumerate():
        if thread.name == f"warm {own.home.slug}":
            thread.join()
    first = own.post("predict", PREDICT).json["results"][0]["model_version"]
    add_version(Desk(own.home), "random")
    second = own.post("predict", PREDICT).json["results"][0]["model_version"]
    assert own.get("versions").json == {"versions": [second, first]}
    assert own.post("setup", SETUP).json == {"model_version": second}
    Desk(own.home).store.make_current({"sent": 1})
    assert own.post("predict", PREDICT).json["results"][0]["model_version"] == first


# What nobody should send --------------------------------------------------------------

DEEP = b"[" * 5000 + b"]" * 5000
NESTED = json.dumps(PREDICT).encode().replace(b'"a good film"', b"[" * 400 + b"]" * 400)


def told(**fields: Any) -> dict[str, Any]:
    return {k: v for k, v in (PREDICT | fields).items() if v != "absent"}


MALFORMED: list[tuple[str, Any, int, str]] = [
    *[(endpoint, body, 400, "body") for endpoint in ("predict", "setup", "webhook") for body in (b"", b"[]", DEEP)],
    ("predict", b"not json", 400, "not JSON"),
    ("predict", b'{"tasks": [NaN]}', 400, "not JSON"),
    ("predict", b'{"tasks": [1e999]}', 400, "not JSON"),
    ("predict", b'{"tasks": "\xff\xfe"}', 400, "not JSON"),
    ("predict", b'{"label_config": "\\ud800"}', 400, "not JSON"),
    ("predict", json.dumps(PREDICT).encode()[:-9], 400, "not JSON"),
    ("predict", b'"text"', 400, "a string"),
    ("predict", b"null", 400, "null"),
    ("predict", b"7", 400, "a number"),
    ("predict", told(tasks="absent"), 400, "'tasks' is missing"),
    ("predict", told(tasks=None), 400, "'tasks' is null"),
    ("predict", told(tasks=TASK), 400, "'tasks' is an object"),
    ("predict", told(tasks="x"), 400, "'tasks' is a string"),
    ("predict", told(tasks=[TASK, 3]), 400, "tasks[1]"),
    ("predict", told(tasks=[[TASK]]), 400, "tasks[0]"),
    ("predict", told(tasks=[{"id": 1}]), 400, "tasks[0].data' is missing"),
    ("predict", told(tasks=[{"id": 1, "data": None}]), 400, "tasks[0].data' is null"),
    ("predict", told(tasks=[{"id": 1, "data": "text"}]), 400, "tasks[0].data"),
    ("predict", told(tasks=[{"id": 1, "data": [1]}]), 400, "tasks[0].data"),
    ("predict", told(tasks=[TASK | {"id": "7"}]), 400, "tasks[0].id"),
    ("predict", told(tasks=[TASK | {"id": True}]), 400, "tasks[0].id"),
    ("predict", told(tasks=[TASK | {"id": None}]), 400, "tasks[0].id"),
    ("predict", told(tasks=[TASK | {"id": 2**70}]), 400, "tasks[0].id"),
    ("predict", NESTED, 400, "nested"),
    ("predict", told(label_config="absent"), 400, "'label_config' is missing"),
    ("predict", told(label_config=None), 400, "'label_config' is null"),
    ("predict", told(label_config=[XML]), 400, "'label_config' is a list"),
    ("predict", told(label_config=""), 400, "label config"),
    ("predict", told(label_config="pos, neg"), 400, "label config"),
    ("predict", told(label_config="<View><Text"), 400, "label config"),
    ("predict", told(label_config="<View/>"), 400, "no control"),
    ("predict", told(label_config="<!DOCTYPE x [<!ENTITY a 'b'>]>" + XML), 400, "DOCTYPE"),
    ("predict", told(label_config=XML.replace('toName="t"', 'toName="u"')), 400, "toName"),
    ("predict", told(label_config="\x00" + XML), 400, "label config"),
    ("webhook", {}, 400, "'action' is missing"),
    ("webhook", {"action": None}, 400, "'action' is null"),
    ("webhook", {"action": 7}, 400, "'action' is a number"),
    ("webhook", {"action": ""}, 400, "'action' is empty"),
    ("webhook", {"action": ["START_TRAINING"]}, 400, "'action' is a list"),
    ("setup", b"{", 400, "not JSON"),
    ("nothing", b"{}", 404, "nothing"),
    ("predict/", b"{}", 404, "nothing"),
    ("health", b"{}", 405, "method"),
    ("versions", b"{}", 405, "method"),
    ("metrics", b"{}", 405, "method"),
]


def check_refusal(answer: TestResponse, status: int, says: str) -> None:
    assert answer.status_code == status
    assert answer.content_type == "application/json"
    sentence = json.loads(answer.data)["error"]
    assert says in sentence
    assert len(sentence) > len("12 characters")
    assert "Traceback" not in sentence
    assert ".py" not in sentence


@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: f"{case[0]}-{case[3]}")
def test_malformed_requests_are_refused_with_a_sentence(served: Served, case: tuple[str, Any, int, str]) -> None:
    endpoint, body, status, says = case
    check_refusal(served.post(endpoint, body), status, says)


@pytest.mark.parametrize("endpoint", ["predict", "setup", "webhook"])
def test_wrong_methods(served: Served, endpoint: str) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        check_refusal(served.client.open(f"{served.path}/{endpoint}", method=method), 405, "method")


def test_too_large(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    check_refusal(served.post("predict", b" " * (wire.MAX_BODY + 1)), 413, "64 MB")
    many = b'{"label_config": "", "tasks": [%s]}' % b",".join([b"{}"] * (wire.MAX_TASKS + 1))
    check_refusal(served.post("predict", many), 413, "100,000")


def test_only_the_secret_and_the_slug_together_open_a_project(served: Served) -> None:
    secret, slug = served.path.split("/")[1:]
    wrong = [(secret[:-1], slug), (secret + "x", slug), ("é", slug), (slug, secret), (secret, "other"), (secret, "..")]
    told_so = set()
    for one, other in [*wrong, (secret, slug + "/.."), ("x", "y")]:
        for endpoint in ("predict", "setup", "webhook"):
            answer = served.client.post(f"/{one}/{other}/{endpoint}", data=json.dumps(PREDICT))
            check_refusal(answer, 404, "address")
            told_so.add(answer.data)
    assert len(told_so) <= 2
    assert served.client.get(f"/x/{slug}/metrics").status_code == 404
    assert served.client.get("/health").json == {"status": "UP", "model_class": "lsal"}
    check_refusal(served.client.get("/"), 404, "nothing")
    check_refusal(served.client.get("//health"), 404, "nothing")


def test_a_damaged_version_is_told_in_two_lines(own: Served) -> None:
    for path in own.home.path("versions", "0001", "weights").iterdir():
        path.write_bytes(b"damaged")
    answer = own.post("predict", PREDICT)
    check_refusal(answer, 503, "damaged")
    assert len(answer.json["error"].split("\n")) == 2
    assert own.post("setup", SETUP).status_code == 200


def test_what_nobody_foresaw_is_logged_and_not_shown(
    own: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*asked: Any) -> Any:
        raise TypeError("nobody foresaw this")

    monkeypatch.setattr(Workbench, "predict", broken)
    with caplog.at_level(logging.ERROR):
        check_refusal(own.post("predict", PREDICT), 500, "log")
    assert "TypeError" in caplog.text


def mutations(dice: random.Random) -> Iterator[tuple[str, bytes]]:
    """Payloads of Label Studio with a value replaced, a field lost, or some bytes changed."""
    strange = [None, True, -1, 1.5, 2**63, "", "é\u0000", [], {}, [[]], {"data": 1}, "x" * 5000, [None] * 50, XML[:40]]
    while True:
        endpoint, base = dice.choice([("predict", PREDICT), ("setup", SETUP), ("webhook", EVENT)])
        payload: Any = copy.deepcopy(base)
        for _ in range(dice.randint(1, 3)):
            mutate(payload, dice, strange)
        body = bytearray(json.dumps(payload).encode())
        for _ in range(dice.choice([0, 0, 1, 4])):
            body[dice.randrange(len(body))] = dice.randrange(256)
        yield endpoint, bytes(body[: dice.randrange(len(body))] if dice.random() < 0.05 else body)


def mutate(node: Any, dice: random.Random, strange: list[Any]) -> None:
    """Go down at random, then replace, lose or repeat what is there."""
    while isinstance(node, dict | list) and node:
        key = dice.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if isinstance(node[key], dict | list) and node[key] and dice.random() < 0.7:
            node = node[key]
            continue
        if dice.random() < 0.3:
            del node[key]
        else:
            node[key] = copy.deepcopy(dice.choice(strange))
        return


def test_mutated_payloads_never_break_it(served: Served) -> None:
    seen = set()
    source = mutations(random.Random(7))
    for number, (endpoint, body) in zip(range(500), source, strict=False):
        answer = served.post(endpoint, body)
        assert answer.status_code < 500, (number, endpoint, body)
        seen.add((endpoint, answer.status_code))
    assert {(endpoint, status) for endpoint in ("predict", "setup", "webhook") for status in (200, 400)} <= seen


# Events and training ------------------------------------------------------------------


def test_events_are_hints_and_unknown_ones_are_ignored_by_name(own: Served) -> None:
    took = []
    for name in EVENTS:
        begun = time.perf_counter()
        assert own.post("webhook", EVENT | {"action": name}).json == {"status": "noted", "action": name}
        took.append(time.perf_counter() - begun)
    assert sorted(took)[len(took) // 2] < 0.5, "Label Studio, and the annotator, wait for it"
    assert own.hints == [own.home.slug] * len(EVENTS)
    answer = own.post("webhook", {"action": "LABEL_LINK_CREATED"})
    assert (answer.status_code, answer.json) == (200, {"status": "ignored", "action": "LABEL_LINK_CREATED"})
    assert len(own.hints) == len(EVENTS)
    assert jobs.jobs(own.home) == []


def test_many_clicks_on_start_training_are_one_round(own: Served) -> None:
    app = own.client.application

    def click(_: int) -> Any:
        return app.test_client().post(f"{own.path}/webhook", data=b'{"action": "START_TRAINING"}').json

    with own.home.lock(), ThreadPoolExecutor(4) as pool:  # the worker waits for it: no click is too late
        answers = list(pool.map(click, range(4)))
    (job,) = jobs.jobs(own.home)
    assert job.facts["act"] == "round"
    assert [answer["job"] for answer in answers if answer["status"] == "started"] == [job.id]
    assert sum(f"Job {job.id} is still running" in answer["status"] for answer in answers) == 3
    assert [state.state for state in job.follow()][-1] == "failed"  # there is no Label Studio to read
    assert own.post("webhook", {"action": "START_TRAINING"}).json["status"] == "started"
    assert [state.state for state in jobs.jobs(own.home)[0].follow()][-1] == "failed"


def test_a_switch_under_load_loses_no_answer(own: Served) -> None:
    app, ended = own.client.application, threading.Event()
    names: list[list[str]] = [[] for _ in range(4)]

    def ask(heard: list[str]) -> None:
        client = app.test_client()
        while not ended.is_set():
            answer = client.post(f"{own.path}/predict", data=json.dumps(PREDICT))
            heard.append(answer.json["results"][0]["model_version"] if answer.status_code == 200 else "failed")

    def all_heard(name: str) -> None:
        until = time.monotonic() + 120
        while not all(heard and heard[-1] == name for heard in names):
            assert time.monotonic() < until, f"{name} was not heard by all: {[heard[-3:] for heard in names]}"
            time.sleep(0.01)

    own.post("predict", PREDICT)
    with ThreadPoolExecutor(4) as pool:
        asking = pool.map(ask, names)
        try:
            all_heard("lsal-sent.v1")
            for _ in range(3):
                time.sleep(0.2)
                add_version(Desk(own.home), "random")
            all_heard("lsal-sent.v4")
        finally:
            ended.set()
        list(asking)
    for heard in names:
        assert heard == sorted(heard)  # never back to older weights
        assert (heard[0], heard[-1]) == ("lsal-sent.v1", "lsal-sent.v4")


def test_metrics_count_what_was_asked(own: Served) -> None:
    own.post("predict", PREDICT)
    own.post("predict", b"{")
    own.get("versions")
    answer = own.get("metrics")
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'lsal_requests_total{endpoint="predict",status="200"} 1' in lines
    assert 'lsal_requests_total{endpoint="predict",status="400"} 1' in lines
    assert 'lsal_requests_total{endpoint="versions",status="200"} 1' in lines
    assert 'lsal_predict_seconds_bucket{le="+Inf"} 2' in lines
    assert "lsal_predict_seconds_count 2" in lines
    assert 'lsal_live_version{control="sent"} 1' in lines
    assert "lsal_job_running 0" in lines
    assert all(line.startswith("#") or float(line.rpartition(" ")[2]) >= 0 for line in lines)


def test_without_a_server_refilling_only_says_so(own: Served, caplog: pytest.LogCaptureFixture) -> None:
    name, tasks = "lsal-queue-start-00", (1, 2, 3)
    write_json(own.home.path("publication.json"), {"name": name, "versions": {}, "task_ids": tasks})
    watch = Watch(own.home.folder, Pace(1.0))
    with caplog.at_level(logging.WARNING):
        waits = [watch.look() for _ in range(6)]
    assert caplog.text.count("cannot see to") == 1
    assert jobs.jobs(own.home) == []
    assert waits == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]  # a server that is gone is asked less and less


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job of a test takes so long that another try is due."""
    monkeypatch.setattr(refill, "RETRY_S", 3600.0)


@pytest.mark.usefixtures("patient")
def test_one_publication_is_refilled_once_whoever_sees_it(own: Served) -> None:
    publication = Publication("lsal-queue-sent.1-00", {"sent": 1}, (1, 2, 3))
    write_json(own.home.path("publication.json"), asdict(publication))
    with ThreadPoolExecutor(4) as pool:
        started = [job for job in pool.map(lambda _: refill._start(own.home, publication), range(4)) if job]
    assert len(started) == 1
    assert [state.state for state in started[0].follow()][-1] == "failed"  # there is no Label Studio to read
    assert refill.refill(Desk(own.home)) is None  # does not even ask Label Studio, which would raise
    assert len(jobs.jobs(own.home)) == 1


def long_ago(job: jobs.Job) -> None:
    """Let the job have begun before the pause between two tries."""
    write_json(job.folder / "job.json", job.facts | {"made_at": time.time() - refill.RETRY_S - 1})


@pytest.mark.usefixtures("patient")
def test_a_failed_refill_is_tried_again_but_not_at_once(own: Served) -> None:
    publication = Publication("lsal-queue-sent.1-02", {"sent": 1}, (1, 2, 3))
    first = refill._start(own.home, publication)
    assert first
    assert refill._start(own.home, publication) is None  # while it runs
    assert [state.state for state in first.follow()][-1] == "failed"
    assert refill._start(own.home, publication) is None
    long_ago(first)
    with ThreadPoolExecutor(4) as pool:
        again = [job for job in pool.map(lambda _: refill._start(own.home, publication), range(4)) if job]
    assert len(again) == 1
    assert [state.state for state in again[0].follow()][-1] == "failed"


@pytest.mark.parametrize(
    ("state", "counts"), [("done", True), ("failed", False), ("cancelled", False), ("lost", False)]
)
def test_a_refills_mark_counts_as_long_as_its_job_does(own: Served, state: str, counts: bool) -> None:
    publication = Publication("lsal-queue-sent.1-03", {"sent": 1}, (1, 2, 3))
    job = jobs.create(own.home, "rank")
    write_json(refill._mark(own.home, publication), {"job": job.id})
    assert refill._begun(own.home, publication)  # it waits for its process
    if state != "lost":
        job.end(state, time.time())
    long_ago(job)
    assert job.state().state == state
    assert refill._begun(own.home, publication) is counts


def test_a_refill_that_could_not_start_may_start_later(own: Served) -> None:
    publication = Publication("lsal-queue-sent.1-01", {"sent": 1}, (1, 2, 3))
    waiting = jobs.create(own.home, "round")
    with pytest.raises(BadRequest, match="still running"):
        refill._start(own.home, publication)
    waiting.end("done", time.time())
    job = refill._start(own.home, publication)
    assert job
    assert [state.state for state in job.follow()][-1] == "failed"


# The process --------------------------------------------------------------------------


LATE = """
import os, pathlib, sys, time

class Late:
    def find_spec(self, name, path=None, target=None):
        if name == "sklearn":
            pathlib.Path(os.environ["LATE"], "wanted").touch()
            while not pathlib.Path(os.environ["LATE"], "given").exists():
                time.sleep(0.02)

sys.meta_path.insert(0, Late())
"""
"""A `sitecustomize` that lets the models' library come only when it is given."""


@contextmanager
def started(own: Served, **environment: str) -> Iterator[str]:
    """The real process on the project's root, which listens; its URL."""
    port = processes.free_port()
    command = [sys.executable, "-m", "lsal.backend", str(own.home.root), "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, **environment}) as running:
        try:
            wait_for(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()


def wait_for(url: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            assert httpx.get(f"{url}/health", timeout=5, trust_env=False).status_code == 200
            return
        except httpx.TransportError:
            time.sleep(0.02)
    raise AssertionError("the backend did not start")


def test_a_fresh_process_answers_setup_before_any_model_is_loaded(own: Served, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(LATE)
    paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    with (
        started(own, PYTHONPATH=paths, LATE=str(tmp_path)) as url,
        httpx.Client(base_url=url + own.path, timeout=60, trust_env=False) as http,
    ):
        until = time.monotonic() + 120
        while not (tmp_path / "wanted").exists():  # the thread that loads the models has begun, and waits
            assert time.monotonic() < until
            time.sleep(0.02)
        for _ in range(5):
            assert http.post("/setup", json=SETUP).json() == {"model_version": "lsal-sent.v1"}
            assert http.get("/health").json()["status"] == "UP"
        (tmp_path / "given").touch()
        results = http.post("/predict", json=PREDICT).json()["results"]
        assert results[0]["model_version"] == "lsal-sent.v1"
        assert http.get("/metrics").status_code == 200


def test_making_the_app_imports_nothing_heavy(own: Served) -> None:
    code = (
        "import sys, pathlib; from lsal.backend.app import create_app; "
        "app = create_app(pathlib.Path(sys.argv[1])); "
        "print([m for m in ('sklearn', 'scipy', 'torch', 'PIL', 'label_studio_sdk', 'pandas') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(own.home.root)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_taken_port_is_named(own: Served) -> None:
    with started(own) as url:
        command = [sys.executable, "-m", "lsal.backend", str(own.home.root), "--port", url.rpartition(":")[2]]
        second = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert second.returncode == 1
    assert "cannot listen on 127.0.0.1" in second.stderr
    assert "Traceback" not in second.stderr


# Starting it --------------------------------------------------------------------------


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Path]:
    """A root without a project, whose backend is ended after the test."""
    root = tmp_path / "bare"
    yield root
    serving.stop(root)


def serving_root(root: Path) -> list[int]:
    """The pids of all backends of a root."""
    found = [(p.pid, p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    return [pid for pid, command in found if "lsal.backend" in command and str(root) in command]


def test_two_starts_at_once_start_one_backend(bare: Path) -> None:
    code = "import sys, pathlib; from lsal.workbench import serving; print(serving.start(pathlib.Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(bare)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate(timeout=240)[0] for process in both}
    running = serving.backend(bare)
    assert said == {f"{running}\n"}
    assert running
    assert serving_root(bare) == [running["pid"]]
    assert serving.start(bare) == running
    assert serving.stop(bare)
    assert serving_root(bare) == []
    assert not serving.stop(bare)


def test_a_backend_that_does_not_answer_is_ended_before_another_starts(bare: Path) -> None:
    code = "import signal; signal.pause()"
    deaf = processes.spawn([sys.executable, "-c", code], bare / "log", child_environment())
    write_json(bare / "backend.json", deaf | {"url": f"http://127.0.0.1:{processes.free_port()}"})
    running = serving.start(bare)
    assert not processes.alive(deaf)
    assert serving_root(bare) == [running["pid"]]


def test_a_port_that_was_asked_for_is_had_or_refused(bare: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BadRequest, match=f"Port {port} is taken"):
            serving.start(bare, port)
        assert serving.backend(bare) is None
        write_json(bare / "backend.port.json", port)  # last time's port need not be free
        assert not serving.start(bare)["url"].endswith(f":{port}")
    serving.stop(bare)
    assert serving.start(bare, port)["url"] == f"http://127.0.0.1:{port}"


def test_the_backend_is_asked_directly(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{processes.free_port()}")
    monkeypatch.setenv("NO_PROXY", "")
    assert serving.start(bare) == serving.backend(bare)
