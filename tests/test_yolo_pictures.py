"""Pictures as people have them, and what is drawn on them, on their way into a training of `yolo`."""

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from yolo_toys import SHORT, fitted

from lsal.errors import BadData
from lsal.models.pictures import read_picture
from lsal.models.yolo import Yolo
from lsal.models.yolo.folder import Written, write_folder
from lsal.models.yolo.wishes import DETECT
from lsal.records import Box, Example, Progress, Region, Regions
from lsal.testing import regions
from lsal.testing.materials import CLASSES, ignore
from lsal.testing.regions import example_of


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return [example_of(tmp_path, regions.BOXES, number) for number in range(8)]


def test_the_same_tasks_check_whatever_else_is_labelled(tmp_path: Path) -> None:
    examples = [example_of(tmp_path, regions.BOXES, number) for number in range(40)]
    checked = []
    for count, name in ((20, "some"), (40, "all")):
        written = Written(tmp_path / name, DETECT, CLASSES, 64)
        write_folder(written, examples[:count], [], 3, ignore)
        links = (tmp_path / name / "images" / "check").iterdir()
        checked.append({link.resolve().name for link in links})
        assert written.check == len(checked[-1])
        assert written.train == count - written.check
    assert checked[0]
    assert checked[0] == {name for name in checked[1] if name in {e.input.name for e in examples[:20]}}


def test_pictures_are_linked_not_copied(examples: list[Example], tmp_path: Path) -> None:
    written = write_folder(Written(tmp_path / "set", DETECT, CLASSES, 64), examples, [], 0, ignore)
    placed = sorted(written.images("train").iterdir())
    assert all(path.is_symlink() for path in placed)
    assert [path.resolve() for path in placed] == [Path(str(e.input)).resolve() for e in examples]


def test_regions_that_teach_nothing_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = Path(str(example_of(tmp_path, regions.BOXES, 0).input))
    whole, outside = Box(-0.5, 0.25, 1.0, 0.5), Box(1.5, 0.0, 0.5, 0.5)
    items = (Region("dog", whole), Region("cat", outside), Region("", Box(0, 0, 1, 1)))
    examples = [Example(1, path, Regions(items)), Example(2, path, Regions()), Example(3, path, Regions(items[1:]))]
    written = write_folder(Written(tmp_path / "set", DETECT, CLASSES, 64), examples, [], 0, ignore)
    texts = [file.read_text() for file in sorted((tmp_path / "set" / "labels" / "train").iterdir())]
    assert texts == ["1 0.250000 0.500000 0.500000 0.500000", ""]
    assert (written.train, written.regions, written.nameless) == (2, 1, 2)
    assert written.problems == {3: "none of its objects has a class yet"}, "it would teach that nothing is there"
    with pytest.raises(BadData, match="can be learned from"):
        fitted(regions.BOXES, examples[1:], SHORT)


def picture(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """Dark, with a bright top left quarter: turned or cut, it shows."""
    image = Image.new("L", size, 40)
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2 - 1, size[1] // 2 - 1), fill=220)
    return image.convert(mode)


def good_pictures(folder: Path) -> Iterator[Path]:
    """One of each sort that people upload."""
    turned = Image.Exif()
    turned[0x0112] = 6
    deep = Image.fromarray(np.asarray(picture(mode="L")).astype(np.uint16) * 257)
    clear = picture(mode="RGBA")
    veil = Image.new("L", clear.size, 255)
    ImageDraw.Draw(veil).rectangle((32, 24, 63, 47), fill=0)
    clear.putalpha(veil)  # what is below on the right is dark, and is not seen
    for name, image, more in (
        ("plain.png", picture(), {}),
        ("grey.jpg", picture(mode="L"), {}),
        ("deep.png", deep, {}),
        ("clear.png", clear, {}),
        ("turned.jpg", picture(), {"exif": turned, "quality": 95}),
        ("turned.png", picture(), {"exif": turned}),
        ("palette.png", picture().quantize(16), {}),
        ("inks.jpg", picture(mode="CMYK"), {"quality": 95}),
        ("moving.gif", picture(), {"save_all": True, "append_images": [Image.new("RGB", (64, 48))]}),
        ("moving.png", picture(), {"save_all": True, "append_images": [Image.new("RGB", (64, 48))]}),
        ("modern.webp", picture(), {"quality": 95}),
        ("pages.tiff", picture(), {"save_all": True, "append_images": [Image.new("RGB", (64, 48))]}),
        ("huge.png", picture((10_000, 10_000), "L"), {"compress_level": 1}),
    ):
        image.save(folder / name, **more)
        yield folder / name
    loose = folder / "loose end.jpg"
    picture().save(loose, quality=95)
    loose.write_bytes(loose.read_bytes() + b"a camera's own words")
    yield loose


def bad_pictures(folder: Path) -> Iterator[Path]:
    (folder / "noise.png").write_bytes(b"\x89PNG no picture")
    yield folder / "noise.png"
    yield folder / "absent.jpg"
    (folder / "empty.jpg").write_bytes(b"")
    yield folder / "empty.jpg"
    Image.effect_noise((200, 200), 50).save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:3000])
    yield folder / "cut.jpg"
    Image.new("RGB", (5, 5)).save(folder / "tiny.png")
    yield folder / "tiny.png"
    Image.new("1", (20_000, 10_000)).save(folder / "beyond.png")
    yield folder / "beyond.png"


def digests(paths: list[Path]) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.exists()]


QUARTER = Regions((Region("cat", Box(0.0, 0.0, 0.5, 0.5)),))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    paths = good_pictures(tmp_path_factory.mktemp("good"))
    return [Example(n, path, QUARTER) for n, path in enumerate(paths)]


class TestPicturesAsPeopleHaveThem:
    def test_training_ends_names_the_bad_ones_and_loses_no_good_one(
        self, good: list[Example], tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        bad = [Example(100 + n, path, QUARTER) for n, path in enumerate(bad_pictures(tmp_path))]
        bad.append(Example(200, None, QUARTER, problem="task 200 has no image"))
        paths = [Path(e.input) for e in [*good, *bad] if e.input]
        before, told = digests(paths), list[Progress]()
        model = Yolo(regions.BOXES, SHORT)
        with caplog.at_level(logging.WARNING):
            model.fit([*good, *bad], [], good[:1], told.append)
        assert set(model.problems) == {e.task_id for e in bad if e.input}
        assert all(Path(e.input).name in caplog.text for e in bad if e.input)
        assert told[-1].message.startswith(f"trained on {len(good)} images, left out 6: task 100: ")
        assert digests(paths) == before, "a picture of the user was written to"
        predictions = model.predict([*good, *bad])
        assert [p.task_id for p in predictions if p.problem] == [
            e.task_id for e in bad if Path(str(e.input)).name != "tiny.png"
        ]
        assert {len(p.embedding) for p in predictions} == {64}
        assert [p.target.size for p in predictions[:6]] == [(64, 48)] * 4 + [(48, 64)] * 2

    def test_the_trainer_sees_what_people_see(self, good: list[Example], tmp_path: Path) -> None:
        from ultralytics.utils.patches import imread

        written = write_folder(Written(tmp_path / "set", DETECT, CLASSES, 64), good, good[:1], 0, ignore)
        placed = sorted(written.images("train").iterdir())
        assert written.problems == {}
        assert len(placed) == len(good)
        for path, example in zip(placed, good, strict=True):
            seen = Image.fromarray(imread(path)[..., ::-1])
            shown = read_picture(Path(example.input), 64)
            assert (seen.width > seen.height) == (shown.header.size[0] > shown.header.size[1]), example.input
            quarters = [np.asarray(one.resize((2, 2), Image.Resampling.BOX), float) for one in (seen, shown.image)]
            assert np.abs(quarters[0] - quarters[1]).max() < 12, example.input
            bright = {"turned": (0, 1), "clear": (1, 1)}.get(example.input.stem, (0, 0))
            assert np.unravel_index(quarters[0].mean(axis=2).argmax(), (2, 2)) == bright, example.input
