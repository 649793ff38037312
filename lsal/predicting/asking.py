"""Asking a version about a stream of tasks: of those it was asked about before, the answers are at hand already."""

from __future__ import annotations

import hashlib
import inspect
import threading
from array import array
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from itertools import islice
from pathlib import Path
from queue import Empty, Full, Queue
from typing import Any, TypeVar

from lsal.files import file_name, to_json
from lsal.home import Home
from lsal.models import MODELS
from lsal.predicting.kept_answers import KeptAnswers
from lsal.predicting.scoring import CHUNK, answers
from lsal.records import Control, Example, Version
from lsal.scored import ANSWERS

FORMAT = 1
AHEAD = 8
"""Chunks that are read ahead of the model."""
BEAT_S = 0.1
"""Between two looks at whether somebody wants to stop, while nothing comes."""

T = TypeVar("T")
Read = Callable[[T], Example | None]


class Asking:
    """Of every task that can be read its row among the `kept` answers; those without one are handed on to be asked."""

    def __init__(self, kept: KeptAnswers) -> None:
        self.kept = kept
        self.rows = array("q")
        self.split = 0
        """Rows that stood before the last `mark`."""
        self._next = kept.count
        self._digests: deque[str] = deque()

    def missing(self, things: Iterable[T], name: Callable[[T], tuple[int, str]], read: Read[T]) -> Iterator[Example]:
        """Examples to be asked about, out of things with a task's id and digest as their `name`.

        What cannot be read, None, has no row.
        """
        for page in chunked(things, CHUNK):
            ids, digests = zip(*map(name, page), strict=True)
            for thing, row in zip(page, self.kept.find(ids, digests).tolist(), strict=True):
                if row >= 0:
                    self.rows.append(row)
                elif example := read(thing):
                    self.rows.append(self._next)
                    self._next += 1
                    self._digests.append(example.digest)
                    yield example

    def mark(self) -> Iterator[Example]:
        """No example; the rows that come from then on stand behind the `split`."""
        self.split = len(self.rows)
        yield from ()

    def ask(
        self,
        version: Version,
        control: Control,
        examples: Iterator[Example],
        executor: Executor,
        beat: Callable[[], None],
        options: Mapping[str, Any],
        strategy: object,
    ) -> None:
        """Ask about the examples chunk by chunk, and keep each answer; `beat` is called meanwhile, and may raise."""
        chunks = ahead(chunked(examples, CHUNK), beat)
        try:
            for told in answers(version, control, chunks, executor, options, strategy):
                self.kept.add(told, [self._digests.popleft() for _ in told])
                beat()
        finally:
            chunks.close()
        self.kept.commit()


def folder_of(home: Home, version: Version, control: Control, options: Mapping[str, Any], strategy: object) -> Path:
    """Where the answers are kept: named by all that they depend on beside the tasks."""
    way = [bool(getattr(strategy, name, False)) for name in ("looks_twice", "asks_members")]
    code = hashlib.sha256(Path(inspect.getfile(MODELS[version.family])).read_bytes()).hexdigest()
    facts = [FORMAT, version.family, version.files, version.labels, version.calibration, control, options, way, code]
    return home.path(ANSWERS, file_name(control.name), hashlib.sha256(to_json(facts)).hexdigest()[:24])


def chunked(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` things; the last one may be shorter."""
    coming = iter(things)
    while chunk := list(islice(coming, size)):
        yield chunk


def ahead(things: Iterable[T], beat: Callable[[], None]) -> Generator[T]:
    """The same things, made in a thread of their own, AHEAD of them at most before they are asked for."""
    made: Queue[tuple[str, Any]] = Queue(AHEAD)
    stopped = threading.Event()

    def put(what: str, thing: Any) -> None:
        while not stopped.is_set():
            try:
                return made.put((what, thing), timeout=BEAT_S)
            except Full:
                continue

    def make() -> None:
        try:
            for thing in things:
                put("thing", thing)
                if stopped.is_set():
                    return
            put("end", None)
        except BaseException as error:  # it belongs to whoever asks for the next thing
            put("error", error)

    maker = threading.Thread(target=make, name="reading ahead", daemon=True)
    maker.start()
    try:
        yield from _taken(made, beat)
    finally:
        stopped.set()
        maker.join()


def _taken(made: Queue[tuple[str, Any]], beat: Callable[[], None]) -> Iterator[Any]:
    while True:
        try:
            what, thing = made.get(timeout=BEAT_S)
        except Empty:
            beat()
            continue
        if what == "error":
            raise thing
        if what == "end":
            return
        yield thing
