"""A ranking of 10 million kept answers by `auto`: seconds of each part, and the memory of its process."""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import orjson

from lsal import ranking
from lsal.home import create_home
from lsal.predicting.answer_files import AnswerFiles
from lsal.predicting.answer_rows import ROW, VECTOR
from lsal.predicting.kept_answers import KeptAnswers
from lsal.predicting.told import Told, readable, said
from lsal.records import Control, Labels
from lsal.strategies.pools import pool_of
from lsal.targets import to_plain
from lsal.worker import pool_kept
from lsal.worker.candidates import Read

LABELLED, AT_ONCE, BATCH = 200, 100_000, 200
LABELS = tuple(f"c{k}" for k in range(4))
CONTROL = Control("label", "text", "Choices", "Text", "text", LABELS)
TARGETS = [Labels((label,)) for label in LABELS]


def main() -> None:
    """Write the answers, then rank them; a line for each part."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tasks", type=int, default=10_000_000)
    options.add_argument("--width", type=int, default=128, help="of the embeddings")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "scoring" / "label" / "one"
        with timed("written"):
            write(answers, chosen.tasks + LABELLED, chosen.width)
        rows = np.arange(chosen.tasks + LABELLED)
        with timed("opened, every task looked up"), KeptAnswers(answers) as kept:
            for begin in range(0, len(rows), AT_ONCE):
                some = rows[begin : begin + AT_ONCE]
                assert (kept.find(some, [f"{task}" for task in some.tolist()]) == some).all()
        with timed("ranked"):
            opened, known = readable(kept, rows[:-LABELLED]), rows[-LABELLED:]
            targets = [TARGETS[k % 4] for k in range(LABELLED)]
            pool = pool_of(said(kept, opened, CONTROL), CONTROL, targets, said(kept, known, CONTROL))
            asked = ranking.Candidates(CONTROL, pool, Told(kept, opened), lambda told: [])
            made = ranking.rank([asked], [], "auto", BATCH, 0.0, {"label": 1})
            assert len(made.entries) == BATCH
        with timed("kept for the queue's table and the map"):
            home = create_home(Path(folder), "http://127.0.0.1:1", 1, "2026-01-01T00:00:00.000000Z", "ranking")
            pool_kept.keep(home, pool_kept.pool_of(Read(asked, {}, [0] * LABELLED), 1), "ranking")


def write(folder: Path, count: int, width: int) -> None:
    """Answers to so many tasks, as a version's scoring leaves them."""
    files, draw = AnswerFiles(folder), np.random.default_rng(0)
    files.open()
    files.widen(classes=len(LABELS), width=width)
    centres = draw.normal(size=(50, width)).astype(np.float32)
    kept = [orjson.dumps(to_plain(target)) for target in TARGETS]
    for begin in range(0, count, AT_ONCE):
        size = min(AT_ONCE, count - begin)
        chances = draw.exponential(size=(size, len(LABELS))).astype(np.float32) ** 2
        chances /= chances.sum(axis=1, keepdims=True)
        vectors = centres[draw.integers(50, size=size)] + draw.standard_normal((size, width), np.float32)
        rows, (units, letters) = np.zeros(size, ROW), files.ends
        rows["task"] = np.arange(begin, begin + size)
        rows["digest"] = rows["task"].astype("S24")
        rows["units_end"] = units + np.arange(1, size + 1)
        rows["target_end"] = letters + len(kept[0]) * np.arange(1, size + 1)
        rows["confidence"], rows["disagreement"], rows["flags"] = chances.max(axis=1), np.nan, VECTOR
        targets = b"".join(kept[k] for k in chances.argmax(axis=1).tolist())
        files.append(rows, targets, {"chances": chances, "embeddings": vectors})
    files.close()


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print the seconds of a part, those of the processor, and megabytes of memory after it."""
    begun, used = time.perf_counter(), time.process_time()
    yield
    seconds, worked = time.perf_counter() - begun, time.process_time() - used
    lines = Path("/proc/self/status").read_text().splitlines()
    memory = {line.split(":")[0]: int(line.split()[1]) / 1000 for line in lines if line.endswith(" kB")}
    own, whole = memory["RssAnon"], memory["VmHWM"]
    told = (
        f"{seconds:8.1f} s, processor {worked:8.1f} s, own memory {own:6,.0f} MB, at most {whole:6,.0f} MB with files"
    )
    print(f"{what:40}{told}", flush=True)


if __name__ == "__main__":
    main()
