"""What a ranking knew of the pool: kept whole or not at all, mapped by its readers, the newest only."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from prepared import prepared

from lsal import scored
from lsal.errors import BadData
from lsal.files import whole_folder
from lsal.home import Home
from lsal.ranking import Candidates
from lsal.records import Control, Labels, Prediction, Span, Spans
from lsal.scored import Scored, keep, read
from lsal.strategies.pools import make_pool, start_pool
from lsal.worker import pool_kept
from lsal.worker.candidates import Read
from lsal.worker.pool_kept import pool_of, two_likeliest

CHOICES = Control("c", "x", "Choices", "Text", "text", ("A", "B", "C"))
SPANS = Control("s", "x", "Labels", "Text", "text", ("A", "B"))
KILLED_AT = """
import os, signal, sys
from lsal import scored
from lsal.home import open_home
from pathlib import Path
home, real = open_home(Path(sys.argv[1])), scored.write_json
def write(path, value):
    if path.name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
    real(path, value)
scored.write_json = write
import test_scored
scored.keep(home, test_scored.some("second"))
"""


def some(ranking: str = "first", n: int = 30, classes: int = 3, width: int = 4) -> Scored:
    """A pool of `n` choices."""
    return replace(pool_of(choices(n, classes, width), 3), ranking=ranking)


def choices(n: int, classes: int = 3, width: int = 4, labelled: int = 5) -> Read:
    control = replace(CHOICES, labels=tuple("ABCDEFGH"[:classes]))
    draw = np.random.default_rng(n)
    chances = draw.dirichlet(np.ones(classes), (n + labelled, 1)).astype(np.float32)
    vectors = draw.standard_normal((n + labelled, width)).astype(np.float32)
    told = [
        Prediction(100 + k, Labels((control.labels[c.argmax()],)), c, v)
        for k, (c, v) in enumerate(zip(chances, vectors, strict=True))
    ]
    targets = [Labels((control.labels[k % classes],)) for k in range(labelled)]
    pool = make_pool(told[:n], control, targets, told[n:])
    return Read(Candidates(control, pool, told[:n]), {}, [100 + n + k for k in range(labelled)])


@pytest.fixture
def home(isolated_root: Path) -> Home:
    return prepared(isolated_root).home


def same(one: Scored, other: Scored) -> None:
    for name in (*scored.FACT_NAMES, *scored.ARRAYS):
        mine, theirs = getattr(one, name), getattr(other, name)
        if name in scored.HALF and mine is not None:
            np.testing.assert_allclose(mine, theirs, rtol=1e-3)
        elif isinstance(mine, np.ndarray):
            np.testing.assert_array_equal(mine, theirs)
            assert mine.dtype == theirs.dtype, name
        else:
            assert mine == theirs


def test_what_is_kept_is_read_memory_mapped(home: Home) -> None:
    assert read(home) is None
    assert scored.stamp(home) == 0
    keep(home, some())
    found = read(home)
    assert found
    same(found, some())
    assert all(isinstance(getattr(found, name), np.memmap) for name in scored.ARRAYS)
    assert found.embeddings is not None
    assert found.embeddings.dtype == np.float16
    assert found.labelled_embeddings is not None
    assert found.labelled_embeddings.dtype == np.float32


def test_only_the_newest_stays_and_a_reader_of_the_older_goes_on(home: Home) -> None:
    keep(home, some("first"))
    before, stamp = read(home), scored.stamp(home)
    keep(home, some("second", n=40))
    after = read(home)
    assert before
    assert after
    assert (before.ranking, after.ranking, len(before.task_ids), len(after.task_ids)) == ("first", "second", 30, 40)
    same(before, some("first"))
    assert scored.stamp(home) != stamp
    assert len([path for path in home.path("scored").iterdir() if path.is_dir()]) == 1


@pytest.mark.parametrize("at", [scored.FACTS, scored.NEWEST])
def test_killed_in_between_the_older_one_stays_whole(home: Home, at: str) -> None:
    keep(home, some("first"))
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n{KILLED_AT}"
    done = subprocess.run([sys.executable, "-c", code, str(home.folder), at], check=False)
    assert done.returncode == -9
    found = read(home)
    assert found
    same(found, some("first"))
    assert len(scored.older(home)) == (at == scored.NEWEST)
    keep(home, some("third"))
    assert (read(home) or found).ranking == "third"
    assert len(list(home.path("scored").iterdir())) == 2, "newest.json, and the folder that it names"


def test_what_a_killed_process_left_is_housekeeping(isolated_root: Path) -> None:
    bench = prepared(isolated_root)
    keep(bench.home, some())
    with whole_folder(bench.home.path("scored", "1")) as beside:
        (beside / scored.FACTS).write_bytes(b"x" * 1000)
    [gone] = bench.clean(dry_run=True).removed
    assert (gone.what, gone.name, gone.bytes) == ("pool", "1", 1000)
    before = bench.clean().home_bytes
    assert not scored.older(bench.home)
    keep(bench.home, some(n=5000))
    assert bench.clean().home_bytes > before + 5000 * 3 * 4, "it is a part of the size that the status tells"
    assert (read(bench.home) or some()).ranking == "first"


def test_a_damaged_one_says_what_to_do(home: Home) -> None:
    keep(home, some())
    [file] = home.path("scored").glob("*/task_ids.npy")
    file.write_bytes(file.read_bytes()[:140])
    with pytest.raises(BadData, match="cannot be read") as caught:
        read(home)
    assert "lsal rank" in caught.value.fix


def test_what_float16_cannot_hold_is_kept_as_it_is(home: Home) -> None:
    large = some()
    assert large.embeddings is not None
    large.embeddings[3, 1] = 1e9
    keep(home, large)
    found = read(home)
    assert found
    assert found.embeddings is not None
    assert found.embeddings.dtype == np.float32
    np.testing.assert_array_equal(found.embeddings, large.embeddings)


def test_an_empty_pool_is_kept_too(home: Home) -> None:
    keep(home, some(n=0))
    found = read(home)
    assert found
    assert (len(found.task_ids), len(found.labelled_ids)) == (0, 5)


def test_the_two_likeliest_classes_and_the_gap() -> None:
    chances = np.array([[0.1, 0.7, 0.2], [0.5, 0.1, 0.4], [0.0, 0.0, 1.0]], np.float32)
    first, second, chance, gap = two_likeliest(chances)
    assert first.tolist() == [1, 0, 2]
    assert second.tolist() == [2, 2, 0]
    np.testing.assert_allclose(chance, [0.7, 0.5, 1.0])
    np.testing.assert_allclose(gap, [0.5, 0.1, 1.0], rtol=1e-5)
    first, second, chance, gap = two_likeliest(np.ones((2, 1), np.float32))
    assert (first.tolist(), second.tolist(), chance.tolist()) == ([0, 0], [-1, -1], [1, 1])
    assert np.isnan(gap).all()


def test_one_choice_a_task_has_chances_a_guess_and_its_labelled_neighbours() -> None:
    given = choices(60)
    found = pool_of(given, 3)
    assert (found.control, found.version, found.classes) == ("c", 3, ("A", "B", "C"))
    assert found.chances is given.asked.pool.chances, "no second copy"
    for k, told in enumerate(given.asked.predictions):
        assert found.classes[found.guess[k]] == told.target.text
        assert found.confidence[k] == pytest.approx(told.confidence)
        assert found.score[k] == pytest.approx(1 - found.margin[k])
    assert found.labelled_ids.tolist() == [160, 161, 162, 163, 164]
    assert found.labelled_classes.tolist() == [0, 1, 2, 0, 1]
    sizes = np.bincount(found.cluster)
    assert len(sizes) == 5
    assert sizes.tolist() == sorted(sizes.tolist(), reverse=True)


def test_too_many_chances_leave_the_two_likeliest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_kept, "MOST_CHANCES", 60 * 3 - 1)
    found = pool_of(choices(60), 3)
    assert found.chances is None
    assert (found.guess >= 0).all()


def test_before_the_first_version_there_are_embeddings_and_groups(home: Home) -> None:
    vectors = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32)
    pool = start_pool(list(range(50)), CHOICES, vectors)
    keep(home, pool_of(Read(Candidates(CHOICES, pool), {}), None))
    found = read(home)
    assert found
    assert (found.version, found.chances, found.labelled_embeddings) == (None, None, None)
    assert found.embeddings is not None
    assert set(found.guess.tolist()) == {-1}
    assert np.isnan(found.confidence).all()
    assert np.isnan(found.score).all()
    assert found.cluster.min() == 0
    bare = pool_of(Read(Candidates(CHOICES, start_pool(list(range(50)), CHOICES)), {}), None)
    assert set(bare.cluster.tolist()) == {-1}
    assert len(bare.labelled_ids) == len(bare.labelled_classes) == 0


def test_spans_have_a_confidence_and_no_single_class() -> None:
    spans = Spans((Span(0, 2, "A", 0.6), Span(3, 5, "B", 0.9)))
    even = np.full((4, 3), 1 / 3, np.float32)
    told = [Prediction(1, spans, even), Prediction(2, Spans(), even[:2])]
    found = pool_of(Read(Candidates(SPANS, make_pool(told, SPANS), told), {}), 1)
    assert found.chances is None
    assert found.guess.tolist() == [-1, -1]
    np.testing.assert_allclose(found.confidence, [0.6, 0.0])
    np.testing.assert_allclose(found.score, [1.0, 1.0])
    assert np.isnan(found.margin).all()
