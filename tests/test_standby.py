"""Switches that wait for whoever answers: one at a time, nobody old left out, none held up by the stuck or the dead."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from filelock import FileLock, Timeout
from served import wait_until
from test_predicting import Slow, home, number_of, slow, version

from lsal import processes, standby
from lsal.files import read_json, write_json
from lsal.home import Home
from lsal.predicting import Live
from lsal.settings import child_environment
from lsal.standby import Holder, ready
from lsal.store import Store

__all__ = ["home", "slow"]

Steps = Callable[..., None]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    """What happens at each pause of a switch that waits, one after the other; each has to be waited for."""
    left: list[Callable[[], object]] = []
    monkeypatch.setattr(standby, "HEED_S", 120.0)
    monkeypatch.setattr(standby, "_pause", lambda: left.pop(0)())
    yield lambda *each: left.extend(each)
    assert not left, "the switch did not wait"


def wish(home: Home) -> str:
    return str(read_json(home.path("standby", "wanted.json"), {"id": ""})["id"])


def said(home: Home) -> list[dict[str, object]]:
    return [read_json(path) for path in home.path("standby").glob("*-*.json")]


def test_what_is_held_by_no_wish_is_not_counted_on(home: Home, steps: Steps) -> None:
    """Whoever says so may be letting go of it that very moment."""
    one = Holder(home)
    one.join()
    one.say("", [1, 2])
    steps(lambda: one.say(wish(home), [1, 2]))
    with ready(home, [1]) as late:
        assert late == []
    with ready(home, [1]) as late:  # by the same wish: at once
        assert late == []


def test_everybody_is_waited_for_also_who_comes_meanwhile(home: Home, steps: Steps) -> None:
    one, other, third = Holder(home), Holder(home), Holder(home)
    one.join()
    other.join()
    steps(
        lambda: one.say(wish(home), [1]),
        lambda: third.join(),
        lambda: other.say(wish(home), [1]),
        lambda: third.say(wish(home), []),
        lambda: third.say(wish(home), [], [1]),  # cannot load it
    )
    with ready(home, [1]) as late:
        assert late == []
    steps(lambda: third.say(wish(home), [1]), lambda: other.leave(), lambda: one.say(wish(home), [1]))
    with ready(home, [1]) as late:  # what could not be loaded is tried again
        assert late == []


def test_while_one_makes_its_versions_live_nobody_joins_or_switches(home: Home) -> None:
    with ready(home, [1]):
        for name in ("switch.lock", "join.lock"):
            with pytest.raises(Timeout):
                FileLock(home.path("standby", name)).acquire(timeout=0)


def test_one_that_is_killed_is_waited_for_no_more(home: Home, steps: Steps) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        record = home.path("standby", f"{process.pid}-0.json")
        write_json(record, processes.mark(process.pid) | {"heeds": "", "holds": [], "unable": []})

        def kill() -> None:
            process.kill()
            process.wait()

        steps(kill)
        with ready(home, [1]) as late:
            assert late == []
        assert not record.exists()


def test_a_switch_goes_on_without_one_that_is_stuck(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standby, "HEED_S", 0.2)
    stuck = Holder(home)
    stuck.join()
    with ready(home, [1]) as late:
        assert late == [str(os.getpid())]
    stuck.leave()
    with ready(home, [2]) as late:
        assert late == []


def test_a_switch_that_is_killed_leaves_the_way_free(home: Home) -> None:
    store, stuck = Store(home), Holder(home)
    store.make_current({"c": version(home).number})
    version(home)
    stuck.join()
    code = "import sys, pathlib; from lsal.home import open_home; from lsal.store import Store\n"
    code += "Store(open_home(pathlib.Path(sys.argv[1]))).make_current({'c': 2})"
    with subprocess.Popen([sys.executable, "-c", code, str(home.folder)], env=child_environment()) as process:
        wait_until(lambda: wish(home))
        os.kill(process.pid, signal.SIGKILL)
    assert store.current() == {"c": 1}
    stuck.leave()
    live = Live(store)
    assert number_of(live) == 1
    store.make_current({"c": 2})
    assert number_of(live) == 2


@pytest.mark.parametrize("busy_with", ["the first weights", "earlier ones"])
def test_a_wish_is_noticed_while_other_weights_load(home: Home, slow: type[Slow], busy_with: str) -> None:
    live, store = Live(Store(home)), Store(home)
    for _ in range(3):
        version(home, "slow")
    store.make_current({"c": 1})
    if busy_with == "earlier ones":
        assert number_of(live) == 1
    slow.loading.clear()
    slow.go_on.clear()
    first = threading.Thread(target=number_of, args=(live,))
    first.start()
    if busy_with == "earlier ones":
        first.join(120)
        write_json(home.path("current.json"), {"versions": {"c": 2}, "before": []})
        assert number_of(live) == 1
    assert slow.loading.wait(120)
    look = threading.Thread(target=live.catch_up)
    look.start()
    look.join(60)
    assert not look.is_alive(), "others would not be followed meanwhile"
    switch = threading.Thread(target=store.make_current, args=({"c": 3},))
    switch.start()
    wait_until(lambda: wish(home) and [one["heeds"] for one in said(home)] == [wish(home)])
    assert 3 not in said(home)[0]["holds"]  # type: ignore[operator]
    slow.go_on.set()
    for thread in (first, switch):
        thread.join(120)
    assert number_of(live) == 3
