"""Training from a snapshot: its folder alone is enough, and gives the same weights every time."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lsal.dashboard.outcomes import state_sheet
from lsal.errors import BadData, Cancelled
from lsal.jobs import State
from lsal.records import Box, Control, Example, Labels, Layout, Page, Passage, Piece, Progress, Region, Span, Spans
from lsal.snapshots import Snapshot, read_snapshot, write_snapshot
from lsal.training import needs_pool, train

TEXT = Control("c", "x", "Choices", "Text", "text", ("cat", "dog"), {"katze": "cat"}, {"choice": "single"})
IMAGE = replace(TEXT, object_tag="Image", data_key="image")
WORDS = {"cat": "the cat purrs on the mat", "dog": "a dog barks at postmen"}

AGAIN = """
import sys
from pathlib import Path
from lsal.snapshots import read_snapshot
from lsal.training import train
train(read_snapshot(Path(sys.argv[1])), lambda progress: None).model.save(Path(sys.argv[2]))
"""


def deaf(progress: Progress) -> None:
    """A report that nobody reads."""


def texts(n: int) -> list[Example]:
    names = [("cat", "dog")[i % 2] for i in range(n)]
    return [Example(100 + i, f"{WORDS[name]} number {i}", Labels((name,))) for i, name in enumerate(names)]


def pictures(folder: Path, n: int) -> list[Example]:
    """Images of two classes; each class has a folder, in which the files are numbered from 0."""
    found = []
    for i in range(n):
        name = ("cat", "dog")[i % 2]
        path = folder / name / f"{i // 2}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.linear_gradient("L").rotate(90 if name == "cat" else 0).resize((24 + i, 24 + i)).save(path)
        found.append(Example(100 + i, path, Labels((name,))))
    return found


def written(folder: Path, family: str, **parts: list[Example]) -> Snapshot:
    control = IMAGE if family == "image_features" else TEXT
    write_snapshot(folder, control, family, {"strength": 1.0} if family != "random" else {}, 3, parts)
    return read_snapshot(folder)


def material(family: str, folder: Path, n: int = 12) -> list[Example]:
    return pictures(folder, n) if family == "image_features" else texts(n)


def weights(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_snapshot_comes_back_as_it_was_written(tmp_path: Path) -> None:
    train_, measure, pool = texts(6)[:4], texts(6)[4:], [replace(e, target=None) for e in texts(6)]
    broken = Example(7, None, Labels(("cat",)), "task 7: field 'text': gone")
    told = written(tmp_path / "s", "sklearn_text", train=[*train_, broken], measure=measure, pool=pool)
    assert (told.control, told.family, told.options, told.seed) == (TEXT, "sklearn_text", {"strength": 1.0}, 3)
    assert (told.train, told.measure, told.pool) == ([*train_, broken], measure, pool)


def test_pages_come_back_with_their_words_and_passages_as_their_text(tmp_path: Path) -> None:
    (tmp_path / "page.png").write_bytes(b"an image")
    box = Box(0.1, 0.2, 0.3, 0.4)
    page = Page(tmp_path / "page.png", ("Zoë", "👩‍👩‍👧"), (box, box))
    blocks = Layout((Region("name", box),), (640, 480), ("name", ""))
    passage = Passage("Zoë\r\nmet 👩‍👩‍👧", (Piece(0, 4, "/p[1]/text()[1]"), Piece(4, 14, "/p[2]/text()[1]", 1)))
    marked = Spans((Span(0, 3, "name"),))
    write_snapshot(
        tmp_path / "s", TEXT, "random", {}, 0, {"train": [Example(1, page, blocks), Example(2, passage, marked)]}
    )
    (tmp_path / "page.png").unlink()  # the snapshot has its own
    first, second = read_snapshot(tmp_path / "s").train
    assert isinstance(first.input, Page)
    assert (first.input.words, first.input.boxes, first.file.read_bytes()) == (page.words, page.boxes, b"an image")
    assert first.target == blocks
    assert isinstance(first.target, Layout)
    assert first.target.words == blocks.words
    assert (second.input, second.target) == (passage.text, marked)


def test_what_could_not_be_learned_is_told(tmp_path: Path) -> None:
    """Spans that overlap, and answers that cannot be read, also of tasks to measure by."""
    marks = Control("c", "x", "Labels", "Text", "text", ("animal",))
    text, inner = "the black cat sat", Span(10, 13, "animal")
    learned = [Example(n, text, Spans((inner,))) for n in range(4)]
    over = Example(4, text, Spans.of((Span(4, 13, "animal"), inner)))
    broken = Example(9, text, Spans(), "task 9: Region 'a' lies outside the text")
    parts = {"train": [*learned, over], "measure": [broken], "pool": learned}
    write_snapshot(tmp_path / "s", marks, "crf_tokens", {}, 0, parts)
    trained = train(read_snapshot(tmp_path / "s"), deaf)
    told = trained.examples
    assert trained.calibration == {"why_not": "only classes of whole tasks are"}
    assert told["notes"] == "1 span left out (overlaps, or no word)"
    assert told["skipped"] == {9: "task 9: Region 'a' lies outside the text"}
    shown = {"promoted": True, "reason": "", "metrics": {}, "labels": 5, "version": 1}
    shown |= {"left_out": 1, "first_left_out": told["skipped"][9], "notes": told["notes"]}
    sheet = dict(
        state_sheet(State("j", "round", "done", Progress(1, 1), 0.0, 1.0, result={"versions": {"c": shown}})).facts
    )
    assert sheet["learned for c"] == told["notes"]
    assert sheet["left out"].endswith("the first: task 9: Region 'a' lies outside the text")


@pytest.mark.parametrize("family", ["sklearn_text", "image_features", "random"])
def test_the_folder_alone_is_enough(family: str, tmp_path: Path) -> None:
    examples = material(family, tmp_path / "media")
    here = train(written(tmp_path / "s", family, train=examples, pool=examples), deaf).model.predict(examples)
    shutil.copytree(tmp_path / "s", tmp_path / "elsewhere" / "s")
    shutil.rmtree(tmp_path / "s")
    shutil.rmtree(tmp_path / "media", ignore_errors=True)
    moved = read_snapshot(tmp_path / "elsewhere" / "s")
    there = train(moved, deaf).model.predict(moved.train)
    assert [t.target for t in there] == [t.target for t in here]
    assert [t.chances.tolist() for t in there] == [t.chances.tolist() for t in here]


def test_files_of_one_name_from_two_folders_stay_apart(tmp_path: Path) -> None:
    examples = pictures(tmp_path / "media", 6)
    told = written(tmp_path / "s", "image_features", train=examples, pool=examples)
    for kept, given in zip(told.train, examples, strict=True):
        assert Path(str(kept.input)).read_bytes() == Path(str(given.input)).read_bytes()
    assert len(list((tmp_path / "s" / "media").iterdir())) == 6


@pytest.mark.parametrize("family", ["sklearn_text", "image_features", "random"])
def test_the_same_snapshot_gives_the_same_weights_in_every_process(family: str, tmp_path: Path) -> None:
    examples = material(family, tmp_path / "media")
    snapshot = written(tmp_path / "s", family, train=examples, pool=examples)
    here, there = tmp_path / "here", tmp_path / "there"
    for out in (here, there):
        out.mkdir()
    train(snapshot, deaf).model.save(here)
    subprocess.run([sys.executable, "-c", AGAIN, str(tmp_path / "s"), str(there)], check=True)
    assert weights(there) == weights(here)
    assert "model.json" in weights(here)


def test_one_changed_label_is_another_digest(tmp_path: Path) -> None:
    examples = texts(6)
    first = written(tmp_path / "a", "sklearn_text", train=examples, pool=examples)
    again = written(tmp_path / "b", "sklearn_text", train=examples, pool=examples)
    changed = [replace(examples[0], target=Labels(("dog",))), *examples[1:]]
    other = written(tmp_path / "c", "sklearn_text", train=changed, pool=examples)
    assert first.digest == again.digest != other.digest
    assert train(first, deaf).examples["digest"] == first.digest


def test_what_was_learned_from_is_told(tmp_path: Path) -> None:
    examples, broken = texts(11), Example(7, None, Labels(("cat",)), "task 7: field 'text': gone")
    nobody = Example(8, "a cat", None)
    snapshot = written(
        tmp_path / "s", "sklearn_text", train=[*examples, broken, nobody], measure=texts(2), pool=examples
    )
    trained = train(snapshot, deaf)
    assert trained.examples == {
        "count": 11,
        "ids": [example.task_id for example in examples],
        "digest": snapshot.digest,
        "by_label": {"cat": 6, "dog": 5},
        "skipped": {7: "task 7: field 'text': gone"},
        "agreement": {"": 11},
        "measuring": 2,
        "pool": 11,
    }
    assert trained.seconds > 0
    assert trained.cross_validation is not None
    assert trained.cross_validation["measured_on"].startswith("biased")
    assert trained.cross_validation["accuracy"] == 1.0


def test_the_measuring_part_is_not_learned_from(tmp_path: Path) -> None:
    lies = [replace(e, target=Labels(("dog" if e.target == Labels(("cat",)) else "cat",))) for e in texts(12)]
    with_lies = written(tmp_path / "a", "sklearn_text", train=texts(12), measure=lies, pool=texts(12))
    without = written(tmp_path / "b", "sklearn_text", train=texts(12), pool=texts(12))
    told = [train(snapshot, deaf).model.predict(texts(12)) for snapshot in (with_lies, without)]
    assert [t.chances.tolist() for t in told[0]] == [t.chances.tolist() for t in told[1]]


@pytest.mark.parametrize("examples", [[], [Example(7, None, Labels(("cat",)), "task 7: gone"), Example(8, "x", None)]])
def test_nothing_to_learn_from_says_what_to_do(examples: list[Example], tmp_path: Path) -> None:
    wanted = "Nothing to learn from for 'c'" if examples else "Nothing is labelled yet for 'c'"
    with pytest.raises(BadData, match=wanted) as caught:
        train(written(tmp_path / "s", "sklearn_text", train=examples), deaf)
    assert caught.value.fix.startswith("Label ")
    assert ("task 7: gone" in caught.value.what) == bool(examples)


def test_a_fold_without_anything_to_learn_stops_no_training(tmp_path: Path) -> None:
    examples = [replace(e, input=e.input if n == 0 else "") for n, e in enumerate(texts(10))]
    trained = train(written(tmp_path / "s", "sklearn_text", train=examples, pool=examples), deaf)
    assert trained.cross_validation is None
    assert trained.examples["count"] == 10


def test_a_cancel_is_heard(tmp_path: Path) -> None:
    def cancel(progress: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        train(written(tmp_path / "s", "sklearn_text", train=texts(12), pool=texts(12)), cancel)


def test_a_cancel_is_heard_between_folds(tmp_path: Path) -> None:
    heard: list[str] = []

    def cancel(progress: Progress) -> None:
        heard.append(progress.message)
        if progress.message == "cross-validating" and progress.done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(written(tmp_path / "s", "sklearn_text", train=texts(12), pool=texts(12)), cancel)
    assert heard.count("cross-validating") == 2


def test_a_snapshot_is_whole_or_absent_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    def fails() -> Any:
        yield texts(1)[0]
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_snapshot(tmp_path / "s", TEXT, "random", {}, 0, {"train": fails()})
    assert not (tmp_path / "s").exists()
    with pytest.raises(BadData, match="holds no snapshot"):
        read_snapshot(tmp_path / "s")
    written(tmp_path / "s", "random", train=texts(3))
    assert len(written(tmp_path / "s", "random", train=texts(2)).train) == 2


def test_families_say_whether_they_want_the_pool() -> None:
    assert needs_pool("sklearn_text")
    assert not needs_pool("random")
