"""Files of a home that are damaged: each is named with what to do, or done without; what opens goes on."""

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import orjson
import pytest
from prepared import add_versions, prepared, publish

from lsal.errors import BadData, LsalError
from lsal.files import as_written, read_json, write_json
from lsal.home import find_home
from lsal.label_studio.mirror import Mirror
from lsal.project_settings import ProjectSettings
from lsal.records import Task
from lsal.settings import root_secret
from lsal.workbench import Workbench

TASK = {"id": 1, "data": {"text": "x"}}
ACTS: dict[str, Callable[[Workbench], Any]] = {
    "status": lambda bench: repr(bench.status()),
    "queue": lambda bench: bench.queue(),
    "predict": lambda bench: bench.desk.store.all() and bench.predict(bench.desk.config.xml, [TASK]),
    "curve": lambda bench: bench.curve(),
}
BYTES = (b"", b"{", b"\x00\xff\x80", b"[]", b"null", b"7", b'"x"', b"{}", b"[[1]]", b"\xef\xbb\xbf{}")
VALUES: tuple[Any, ...] = (None, [1], "x", -1, {"a": {}}, True)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A project with two versions, a live publication and settings of its own."""
    made = prepared(tmp_path_factory.mktemp("damaged") / "root")
    add_versions(made, [20, 25])
    publish(made, list(range(26, 46)))
    made.home.change_settings(batch=5)
    root_secret(made.root)
    return made


def wrong(content: bytes) -> Iterator[bytes]:
    """What may stand there instead: no JSON, half of it, another type, a field lost or of another type."""
    yield from BYTES
    yield content[: len(content) // 2]
    kept = json.loads(content)
    for name in kept if isinstance(kept, dict) else ():
        yield json.dumps({key: value for key, value in kept.items() if key != name}).encode()
        for value in VALUES:
            yield json.dumps(kept | {name: value}).encode()


FILES = ("settings.json", "home.json", "current.json", "publication.json", "rankings/*", "versions/0002/version.json")
FILES = (*FILES, "versions/0002/weights/model.json", "versions/answers/0002.json", "versions/answers/truth-label.json")


@pytest.mark.parametrize("name", [*FILES, "../../secret.json"])
def test_a_damaged_file_is_named_or_done_without(bench: Workbench, name: str) -> None:
    (path,) = bench.home.folder.glob(name)
    content, met = path.read_bytes(), Counter[str]()
    try:
        for (act, run), other in zip(cycle(ACTS.items()), wrong(content), strict=False):
            path.write_bytes(other)
            try:
                run(Workbench.of(find_home(bench.root, bench.home.slug)))
                met["went on"] += 1
            except LsalError as error:
                met["refused"] += 1
                told = error
                assert told.what, (act, other)
                assert told.fix, (act, other, told)
    finally:
        path.write_bytes(content)
    assert sum(met.values()) > len(BYTES)
    assert repr(Workbench.of(find_home(bench.root, bench.home.slug)).status())


def test_a_setting_that_cannot_be_is_named_with_its_file(bench: Workbench) -> None:
    path = bench.home.path("settings.json")
    content = path.read_bytes()
    try:
        write_json(path, {"measuring_share": "a tenth"})
        with pytest.raises(BadData, match=r"settings\.json: Setting 'measuring_share' cannot be 'a tenth'") as error:
            bench.home.settings()
        assert "a share from 0 to 1" in error.value.fix
        path.unlink()
        assert bench.home.settings() == ProjectSettings()
    finally:
        path.write_bytes(content)


def test_what_is_not_as_written_names_the_file_and_the_field(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    write_json(path, {"a": 1})
    with pytest.raises(BadData, match=r"kept\.json is not as lsal wrote it \(KeyError: 'b'\)"), as_written(path):
        read_json(path)["b"]
    for default, told in (([], "not a list"), ({}, None)):
        if told:
            with pytest.raises(BadData, match=told):
                read_json(path, default)
        else:
            assert read_json(path, default) == {"a": 1}


@pytest.mark.parametrize("content", [b"no database" * 100, None], ids=["another file", "a page of it"])
def test_a_mirror_that_is_damaged_is_named_and_read_again(content: bytes | None, tmp_path: Path) -> None:
    bench = prepared(tmp_path / "root")
    path = bench.home.path("mirror.sqlite")
    Mirror(path, "00").select("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    path.write_bytes(content or whole[:100] + b"\xff" * (len(whole) - 100))
    other = Workbench.of(find_home(bench.root, bench.home.slug))
    with pytest.raises(BadData, match=r"mirror\.sqlite, is damaged \(") as error:
        other.status()
    command = error.value.fix.partition("all again: ")[2].partition(", then")[0]
    subprocess.run(command, shell=True, check=True)
    assert Workbench.of(find_home(bench.root, bench.home.slug)).status().tasks == 0


def test_a_mirror_that_is_damaged_far_from_its_beginning_is_named_at_the_row(tmp_path: Path) -> None:
    bench = prepared(tmp_path / "root")
    path, page = bench.home.path("mirror.sqlite"), 4096
    mirror = Mirror(path, bench.home.order_key)
    mirror.select("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = bytearray(path.read_bytes())
    lies_at = [whole.index(orjson.dumps(dict(task.data))) // page for task in mirror.tasks()]
    broken = max(set(lies_at), key=lies_at.index) * page
    whole[broken : broken + page] = b"\xff" * page
    path.write_bytes(whole)
    told = list[Task]()
    with pytest.raises(BadData, match=r"mirror\.sqlite, is damaged \("):
        told.extend(Mirror(path, bench.home.order_key).tasks())
    assert 0 < len(told) <= lies_at.index(broken // page)
