"""Several backend processes behind one address: one `current`, one count, one proof, and none outlives the first."""

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest
from served import wait_until
from test_backend import PREDICT, SETUP, XML, add_version

from lsal.backend.pace import Pace
from lsal.backend.watch import Watch, leave_hint
from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.files import read_json
from lsal.home import Home, create_home
from lsal.label_studio.backend_rows import WORD
from lsal.settings import root_secret
from lsal.workbench import serving

COUNT = 2
CLIENT = httpx.Client(timeout=120, trust_env=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A project with a version, served by several processes."""
    made = create_home(tmp_path_factory.mktemp("several") / "root", "http://127.0.0.1:1", 21, "2026-11-20", "served")
    Desk(made).mirror.remember(label_config=XML)
    add_version(Desk(made))
    serving.start(made.root, workers=COUNT)
    wait_until(lambda: len(answering(made)) == COUNT)
    yield made
    serving.stop(made.root)


def answering(home: Home) -> set[int]:
    """The processes that hold the live version."""
    said = [json.loads(path.read_bytes()) for path in home.path("standby").glob("*-*.json")]
    return {one["pid"] for one in said if one["holds"] and psutil.pid_exists(one["pid"])}


def head(home: Home) -> psutil.Process:
    running = serving.backend(home.root)
    assert running
    return psutil.Process(running["pid"])


def ask(home: Home, endpoint: str, body: object = None) -> httpx.Response:
    """A request on a connection of its own: any of the processes may get it."""
    url = f"{read_json(home.root / 'backend.json')['url']}/{root_secret(home.root)}/{home.slug}/{endpoint}"
    method = "GET" if body is None else "POST"
    return CLIENT.request(method, url, json=body, headers={"Connection": "close"}).raise_for_status()


def name(home: Home) -> str:
    return str(ask(home, "predict", PREDICT).json()["results"][0]["model_version"])


def test_after_a_switch_no_answer_comes_from_the_old_version(home: Home) -> None:
    (number,) = Desk(home).store.current().values()
    assert name(home) == f"lsal-sent.v{number}"
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            before = [pool.submit(name, home) for _ in range(16)]
            number = add_version(Desk(home))
            after = list(pool.map(name, [home] * 24))
            assert set(after) == {f"lsal-sent.v{number}"}
            assert {one.result(120) for one in before} <= {f"lsal-sent.v{n}" for n in (number - 1, number)}
    assert len(answering(home)) == COUNT


def test_what_one_was_asked_all_of_them_tell(home: Home) -> None:
    for number in range(12):
        ask(home, "setup", SETUP | {"extra_params": {WORD: f"word{number}"}})
    told = [ask(home, "seen").json() for _ in range(6)]
    assert all({f"word{number}" for number in range(12)} <= one["words"].keys() for one in told)
    assert {one["pid"] for one in told} == {head(home).pid}

    def count() -> int:
        lines = ask(home, "metrics").text.splitlines()
        (line,) = [one for one in lines if one.startswith('lsal_requests_total{endpoint="predict",status="200"}')]
        assert f"lsal_predict_seconds_count {line.rpartition(' ')[2]}" in lines
        return int(line.rpartition(" ")[2])

    name(home)
    before = count()
    for _ in range(10):
        name(home)
    assert [count() for _ in range(6)] == [before + 10] * 6


def test_one_that_dies_is_replaced_and_the_rest_go_on(home: Home) -> None:
    victim = head(home).children()[0]
    victim.send_signal(signal.SIGKILL)
    assert {name(home) for _ in range(10)} == {name(home)}
    wait_until(lambda: len(answering(home)) == COUNT and victim.pid not in answering(home))
    number = add_version(Desk(home))
    assert {name(home) for _ in range(12)} == {f"lsal-sent.v{number}"}


def test_as_many_as_were_asked_for_are_remembered(home: Home) -> None:
    first = head(home).pid
    assert serving.start(home.root)["pid"] == first
    assert serving.start(home.root, workers=COUNT)["pid"] == first
    serving.stop(home.root)
    assert serving.start(home.root)["workers"] == COUNT
    wait_until(lambda: len(head(home).children()) == COUNT - 1)
    with pytest.raises(BadRequest, match="99 workers"):
        serving.serve(Desk(home), workers=99)


def test_none_outlives_the_first(home: Home) -> None:
    wait_until(lambda: len(head(home).children()) == COUNT - 1)
    first, others = head(home), head(home).children()
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in others))
    serving.start(home.root)


def test_a_hint_reaches_the_process_that_watches(tmp_path: Path) -> None:
    watch = Watch(tmp_path, Pace(60.0))
    watch.glance()
    assert not watch._wake.is_set()
    leave_hint(tmp_path)
    watch.glance()
    assert watch._wake.is_set()
