"""Requests that nobody should send, to the app and to the real backend; and that the backend is as it describes itself.

`python -m tests.fuzz` does the same a hundred thousand times.
"""

import json
import random
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from fuzz import asking, bench, described, guesses, running
from fuzz.tally import ANSWERS, Tally
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_backend import XML, Served, serve

from lsal.backend import openapi, wire
from lsal.label_studio.server import Server

QUIET = [
    HealthCheck.too_slow,
    HealthCheck.function_scoped_fixture,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
]
ADDRESS = "/SECRET/PROJECT"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Served:
    return serve(tmp_path_factory.mktemp("fuzzed") / "root")


def is_training(body: bytes) -> bool:
    """Whether it begins a round, which is a process of its own."""
    return b"START_TRAINING" in body


# The description ------------------------------------------------------------------------


def test_the_description_names_every_address_and_method_and_no_other(app: Served) -> None:
    rules = app.client.application.url_map.iter_rules()
    own = {(rule.rule, method) for rule in rules for method in rule.methods or () if rule.endpoint != "health"}
    served = {(path.removeprefix("/<secret>/<slug>"), m.lower()) for path, m in own if m not in ("HEAD", "OPTIONS")}
    paths = openapi.description(ADDRESS)["paths"]
    assert {(path, method) for path, methods in paths.items() for method in methods} == served


def test_it_is_served_behind_the_secret_and_names_its_own_address(app: Served) -> None:
    told = app.get("openapi.json").json
    assert told == json.loads(json.dumps(openapi.description(app.path)))
    assert told["servers"][0]["url"] == app.path
    assert app.client.get("/openapi.json").status_code == 404


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=QUIET, database=None)
@given(data=st.data())
def test_answers_are_what_the_description_says(app: Served, data: Any) -> None:
    case = data.draw(described.cases(app.path, XML))
    if is_training(json.dumps(case.body, default=str).encode()):
        return
    body = b"" if case.method == "GET" else json.dumps(case.body, default=str).encode()
    answer = app.client.open(f"{app.path}{case.path}", method=case.method, data=body)
    told = openapi.description(app.path)["paths"][case.path][case.method.lower()]["responses"]
    assert str(answer.status_code) in told
    assert answer.status_code < 500
    assert answer.content_type in told[str(answer.status_code)]["content"]


# Payloads -------------------------------------------------------------------------------


@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=QUIET, database=None)
@given(body=st.one_of(guesses.anything.map(guesses.as_json), st.binary(max_size=60)))
@example(b"[" * 100_000 + b"]" * 100_000)
@example(b'{"tasks": [], "tasks": 1, "label_config": ""}')
@example(b'{"label_config": "", "tasks": [{"data": {"a": 1e400}}]}')
def test_a_payload_is_read_or_malformed(body: bytes) -> None:
    for read in (wire.read_object, wire.read_predict, wire.read_action):
        try:
            read(body)  # type: ignore[operator]
        except wire.Malformed as error:
            sentence, status = error.what, error.status
        else:
            continue
        assert status in (400, 413)
        assert len(sentence) < 500


@settings(max_examples=250, derandomize=True, deadline=None, suppress_health_check=QUIET, database=None)
@given(data=st.data())
def test_whatever_hypothesis_thinks_of_is_answered(app: Served, data: Any) -> None:
    asked = data.draw(guesses.requests(app.path, XML))
    if is_training(asked.body):
        return
    answer = app.client.open(asked.path, method=asked.method, data=asked.body, headers=list(asked.headers))
    assert answer.status_code in ANSWERS
    assert isinstance(answer.json, dict)
    assert "Traceback" not in answer.text


def shaped(app: Served, count: int) -> Iterator[asking.Asked]:
    """Damaged bodies of Label Studio's shapes, to right addresses."""
    for asked in islice(asking.requests(random.Random(5), app.path, XML), count):
        if asked.route in asking.POSTS and asked.method == "POST" and asked.path.startswith(app.path):
            yield asked


def test_shapes_of_label_studio_damaged_anywhere(app: Served) -> None:
    seen = set()
    for asked in shaped(app, 1_500):
        answer = app.client.post(asked.path, data=asked.body)
        assert answer.status_code in ANSWERS, asked
        seen.add((asked.route, answer.status_code))
    assert seen >= {(route, status) for route in asking.POSTS for status in (200, 400)}


@pytest.mark.parametrize("letters", [wire.MAX_CONFIG, wire.MAX_CONFIG + 1])
def test_a_label_config_may_be_large_and_not_huge(app: Served, letters: int) -> None:
    config = XML.replace("<View>", "<View>" + " " * (letters - len(XML)))
    answer = app.post("predict", {"tasks": [], "label_config": config})
    assert answer.status_code == (200 if letters == wire.MAX_CONFIG else 413)


# The process ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[bench.Served]:
    with bench.served(bench.made(root, tmp_path_factory.mktemp("fuzz"))) as running:
        yield running


def test_the_real_backend_answers_all_and_holds_no_more(served: bench.Served) -> None:
    """The first thousands fill what is kept in memory, each thread its own; what comes after has no more to keep."""
    running.run(served, 1_000, 11, 1, print)
    for seed in (12, 13, 14):
        tally, held = running.run(served, 1_000, seed, 2, print)
        print(tally)
        assert tally.failed == []
        assert tally.total == 1_000
        assert {status for route, status in tally.counts if route == "predict"} >= {200, 400}
        if held[-1].uss < held[0].uss + 40:
            break
    assert held[-1].uss < held[0].uss + 40
    assert held[-1].files < held[0].files + 20
    assert held[-1].threads < held[0].threads + 4


def test_a_failure_would_be_told(served: bench.Served) -> None:
    asked, tally = asking.Asked("POST", f"{served.path}/predict"), Tally()
    tally.note("shaped", asked, asking.Told(500, b"no", 0.1))
    tally.note("shaped", asked, asking.Told(asking.GONE, b"", 0.1))
    assert tally.failures == 2
    tally.note("shaped", asking.Asked("POST", "/x", framing="too much"), asking.Told(asking.GONE, b"", 0.1))
    assert tally.failures == 2


def test_the_command_says_what_it_takes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from fuzz import __main__ as command

    monkeypatch.setattr(sys, "argv", ["tests.fuzz", "--help"])
    with pytest.raises(SystemExit):
        command.main()
    assert "--seed" in capsys.readouterr().out
