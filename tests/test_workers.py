"""Several backend processes behind one address: one `current`, one count, one proof, and none outlives the first."""

import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest
from outside import words
from served import wait_until
from test_backend import PREDICT, SETUP, XML, add_version

from lsal import plugins, standby
from lsal.backend.pace import Pace
from lsal.backend.watch import Watch, leave_hint
from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.files import read_json
from lsal.home import Home, create_home
from lsal.label_studio.backend_rows import WORD
from lsal.settings import root_secret
from lsal.workbench import backend_process, serving

COUNT = 2
CLIENT = httpx.Client(timeout=120, trust_env=False)


GATED = """
import os, time
from pathlib import Path
from lsal.models.random_guess import RandomGuess

GATE = Path({gate!r})

class Gated(RandomGuess):
    family = "gated"

    @classmethod
    def load(cls, folder, control):
        (GATE / f"loading-{{os.getpid()}}").touch()
        while not (GATE / f"open-{{os.getpid()}}").exists():
            time.sleep(0.01)
        return super().load(folder, control)

MODELS = {{"gated": Gated}}
"""
"""A family whose weights a process loads only when it is let."""


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which processes say that they are loading, and are let."""
    return tmp_path_factory.mktemp("gate")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, gate: Path) -> Iterator[Home]:
    """A project with a version, served by several processes."""
    made = create_home(tmp_path_factory.mktemp("several") / "root", "http://127.0.0.1:1", 21, "2026-11-20", "served")
    Desk(made).mirror.remember(label_config=XML)
    (gate / "gated.py").write_text(GATED.format(gate=str(gate)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSAL_CACHE", str(tmp_path_factory.mktemp("cache")))
        plugins.plug(made.root, gate / "gated.py")
        add_version(Desk(made))
        try:
            serving.start(made.root, workers=COUNT)
            wait_until(lambda: len(answering(made)) == COUNT)
            yield made
        finally:
            serving.stop(made.root)


def answering(home: Home) -> set[int]:
    """The processes that hold the live version."""
    return {pid for pid, holds in held(home).items() if holds and psutil.pid_exists(pid)}


def held(home: Home) -> dict[int, list[int]]:
    """The versions that each process says to hold."""
    said = [json.loads(path.read_bytes()) for path in home.path("standby").glob("*-*.json")]
    return {one["pid"]: one["holds"] for one in said}


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


def test_a_switch_waits_for_every_process_and_none_answers_from_the_old_version_then(
    home: Home, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process is let load its weights by a step of the waiting alone: without waiting, none would hold them."""
    desk, (old,) = Desk(home), Desk(home).store.current().values()
    processes, seen = sorted(answering(home)), list[str]()

    def step() -> None:
        if len(list(gate.glob("loading-*"))) < COUNT:  # both follow, and load
            return time.sleep(0.01)
        seen.extend(name(home) for _ in range(6))
        if shut := [pid for pid in processes if not (gate / f"open-{pid}").exists()]:
            (gate / f"open-{shut[0]}").touch()
            wait_until(lambda: old + 1 in held(home)[shut[0]])

    monkeypatch.setattr(standby, "_pause", step)
    monkeypatch.setattr(standby, "HEED_S", 120.0)
    number = add_version(desk, "gated")
    assert [number in held(home)[pid] for pid in processes] == [True] * COUNT
    assert set(seen) == {f"lsal-sent.v{old}"}
    assert {name(home) for _ in range(24)} == {f"lsal-sent.v{number}"}


def test_what_is_asked_during_switches_is_answered_and_never_by_what_is_gone(home: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            before = [pool.submit(name, home) for _ in range(16)]
            number = add_version(Desk(home))
            assert set(pool.map(name, [home] * 24)) == {f"lsal-sent.v{number}"}
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
    victim = workers_of(head(home))[0]
    victim.kill()
    assert {name(home) for _ in range(10)} == {name(home)}
    wait_until(lambda: len(answering(home)) == COUNT and victim.pid not in answering(home))
    number = add_version(Desk(home))
    assert {name(home) for _ in range(12)} == {f"lsal-sent.v{number}"}


def test_none_outlives_the_first_and_as_many_come_back_where_they_were(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_until(lambda: len(workers_of(head(home))) == COUNT - 1)
    first, others, url = head(home), workers_of(head(home)), read_json(home.root / "backend.json")["url"]
    assert serving.start(home.root)["pid"] == serving.start(home.root, workers=COUNT)["pid"] == first.pid
    with pytest.raises(BadRequest, match="99 workers"):
        serving.serve(Desk(home), workers=99)

    def let_go_on() -> None:
        for other in others:
            with contextlib.suppress(psutil.Error):  # it has just ended
                other.resume()
        time.sleep(0.01)

    for other in others:  # it holds the port until it goes on
        other.suspend()
    try:
        first.kill()
        gone(first)
        monkeypatch.setattr(backend_process, "ORPHANS_S", 120.0)
        monkeypatch.setattr(backend_process, "_pause", let_go_on)
        again = serving.start(home.root)
    finally:
        for other in others:
            with contextlib.suppress(psutil.NoSuchProcess):
                other.resume()
    for other in others:
        gone(other)
    assert (again["url"], again["workers"]) == (url, COUNT)
    wait_until(lambda: len(workers_of(head(home))) == COUNT - 1)


def workers_of(first: psutil.Process) -> list[psutil.Process]:
    """The processes that answer beside the first; it has another one, which jobs are copied of."""
    return [child for child in first.children() if "lsal.backend" in words(child)]


def gone(process: psutil.Process) -> None:
    """Wait until it has ended, whether somebody collected it or not."""

    def has_ended() -> bool:
        try:
            return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    wait_until(has_ended)


def test_a_hint_reaches_the_process_that_watches(tmp_path: Path) -> None:
    watch = Watch(tmp_path, Pace(60.0))
    watch.glance()
    assert not watch._wake.is_set()
    leave_hint(tmp_path)
    watch.glance()
    assert watch._wake.is_set()
