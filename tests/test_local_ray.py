"""A Ray that lsal starts itself, and what all of Ray shares: slices of files, addresses, no private name needed."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from outside import connections, words

from lsal import engine
from lsal.engine import local_ray
from lsal.engine.carrying import Packing, Slice, slices, unpack
from lsal.engine.depot import Depot
from lsal.errors import BadData, BadRequest

LOCAL = """
import sys
from lsal import engine
from lsal.testing.engines import square
one = engine.opened("ray", 1)
assert one.submit(square, 3).result() == 9
print("ready", flush=True)
sys.stdin.read()
"""


def test_it_is_on_loopback_and_ends_with_a_user_who_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*sys.path, str(Path(__file__).parent / "lighter")]))
    user = subprocess.Popen([sys.executable, "-c", LOCAL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert user.stdout
    assert user.stdout.readline() == "ready\n"
    family = psutil.Process(user.pid).children(recursive=True)
    [node] = [process for process in family if "lsal.engine.local_ray" in words(process)]
    folder = Path(words(node)[3])
    assert folder.is_dir()
    assert any("raylet" in word for process in family for word in words(process)[:1])
    listening = {c.laddr.ip for p in family for c in connections(p) if c.status == psutil.CONN_LISTEN}
    assert listening <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}
    user.kill()
    _, left = psutil.wait_procs(family, 300)
    assert [one for one in left if one.status() != psutil.STATUS_ZOMBIE] == []
    user.communicate()
    assert not folder.exists()


def test_a_ray_without_the_private_name_is_started_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("ray._raylet.persist_port")
    monkeypatch.delenv("RAY_OVERRIDE_NODE_ID_FOR_TESTING", raising=False)
    local_ray.note_ports(tmp_path, {"metrics_agent_port": 1})
    assert "RAY_OVERRIDE_NODE_ID_FOR_TESTING" not in os.environ


def test_files_go_in_slices_and_a_damaged_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsal.engine.carrying.SLICE", 1000)
    folder, depot = tmp_path / "version", Depot(tmp_path / "depot")
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "large").write_bytes(os.urandom(2500))
    (folder / "empty").touch()
    packed = Packing().pack({"folder": folder, "absent": tmp_path / "absent"})
    assert depot.lacks(packed.digests) == packed.digests
    for pieces in slices(packed.digests, packed.sources):
        assert sum(len(piece.content) for piece in pieces) <= 1000
        depot.take(pieces)
    assert depot.lacks(packed.digests) == []
    came = unpack(packed, depot.place)
    assert came["absent"] == tmp_path / "absent"
    assert (came["folder"] / "weights" / "large").read_bytes() == (folder / "weights" / "large").read_bytes()
    assert (came["folder"] / "empty").read_bytes() == b""
    with pytest.raises(BadData, match="arrived damaged"):
        depot.take([Slice("0" * 64, 0, 1, b"x")])


@pytest.mark.parametrize("name", ["ray:/host", "ray://host", "host:port", "http://h:1"])
def test_what_is_no_address_is_said(name: str) -> None:
    with pytest.raises(BadRequest, match="is no address of a Ray cluster"):
        engine.need(name)
