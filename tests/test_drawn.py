"""Regions on thumbnails: where they are, in which colour, on images as people have them; and who is shown none."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor
from seen import CONFIG, LABELS, control, guess, seen

from lsal.brushes import brush_of
from lsal.dashboard import pictures
from lsal.dashboard.colours import GREY, PALETTE, colours_of, legend, listed
from lsal.dashboard.drawn import data_url, draw, small
from lsal.dashboard.guesses import Guesses
from lsal.dashboard.html import to_html, to_text
from lsal.dashboard.pictures import Picture, paint
from lsal.dashboard.previews import DRAWN_SIDE, Previews
from lsal.files import read_json, write_json
from lsal.kinds import match
from lsal.label_studio.config import read_config
from lsal.records import Box, Brush, Entry, Example, Labels, Polygon, Prediction, Ranking, Region, Regions, Shape
from lsal.workbench import Workbench

COLOURS = colours_of(LABELS)
PAPER, ORIENTATION = (120, 120, 120), 0x0112
HALF = Box(0.25, 0.25, 0.5, 0.5)
CLOSE = 12


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return seen(tmp_path_factory.mktemp("seen") / "root")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drawn does not depend on how busy the machine is."""
    monkeypatch.setattr(pictures, "PATIENCE_S", 600.0)


def drawn(shape: Shape, label: str = "square", size: tuple[int, int] = (320, 200)) -> Image.Image:
    return draw(Image.new("RGB", size, PAPER), [Region(label, shape)], COLOURS)


def near(image: Image.Image, x: float, y: float, colour: str | tuple[int, ...]) -> bool:
    """Whether the pixel at these shares of the sides has about this colour."""
    wanted = ImageColor.getrgb(colour) if isinstance(colour, str) else colour
    found = image.getpixel((min(int(x * image.width), image.width - 1), min(int(y * image.height), image.height - 1)))
    return max(abs(one - other) for one, other in zip(found, wanted, strict=True)) <= CLOSE


@pytest.mark.parametrize(("label", "colour"), [("square", PALETTE[1]), ("disc", PALETTE[0]), ("", GREY), ("?", GREY)])
def test_a_box_has_the_colour_of_its_class_on_its_edges_and_nowhere_else(label: str, colour: str) -> None:
    image = drawn(HALF, label)
    assert all(near(image, x, y, colour) for x, y in ((0.25, 0.5), (0.75, 0.5), (0.5, 0.25), (0.5, 0.75)))
    assert all(near(image, x, y, PAPER) for x, y in ((0.5, 0.5), (0.2, 0.5), (0.5, 0.82), (0.1, 0.1)))


def test_a_box_around_the_whole_image_is_seen_too() -> None:
    image = drawn(Box(0.0, 0.0, 1.0, 1.0))
    assert all(near(image, x, y, PALETTE[1]) for x, y in ((0.004, 0.5), (0.996, 0.5), (0.5, 0.006), (0.5, 0.994)))


def test_a_turned_box_turns_about_its_corner_in_pixels() -> None:
    image = drawn(Box(0.5, 0.0, 0.25, 0.4, angle=90.0))  # 80 x 80 pixels: what was to the right is below
    assert near(image, 0.25, 0.2, PALETTE[1])
    assert near(image, 0.37, 0.4, PALETTE[1])
    assert near(image, 0.75, 0.2, PAPER)


def test_an_outline_is_tinted_and_a_mask_veiled_within_a_rim() -> None:
    outline = drawn(Polygon(((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))))
    assert near(outline, 0.2, 0.5, PALETTE[1])
    blue = ImageColor.getrgb(PALETTE[1])
    assert outline.getpixel((160, 100))[2] > PAPER[2] + CLOSE
    mask = np.zeros((400, 640), bool)
    mask[:, :320] = True
    masked = drawn(brush_of(mask))
    assert near(masked, 0.5 - 1 / 320, 0.5, blue)
    assert not near(masked, 0.25, 0.5, blue)
    assert masked.getpixel((80, 100))[0] < PAPER[0] - CLOSE
    assert near(masked, 0.52, 0.5, PAPER)


def test_what_cannot_be_drawn_does_not_keep_the_rest_from_it() -> None:
    broken, empty = Region("disc", Brush(b"\x00", 40, 30)), Region("disc", Polygon(()))
    image = draw(Image.new("RGB", (320, 200), PAPER), [broken, empty, Region("square", HALF)], COLOURS)
    assert near(image, 0.25, 0.5, PALETTE[1])


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_boxes_lie_where_people_see_things_however_the_file_is_turned(tmp_path: Path, orientation: int) -> None:
    people_see = Image.new("RGB", (800, 500), PAPER)
    people_see.paste((250, 250, 250), (80, 50, 240, 150))
    back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    stored = people_see.transpose(back[orientation]) if orientation in back else people_see
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    image = small(tmp_path / "turned.jpg", 320)
    assert image
    assert image.size == (320, 200)
    image = draw(image, [Region("disc", Box(0.1, 0.1, 0.2, 0.2))], COLOURS)
    assert near(image, 0.2, 0.2, (250, 250, 250))
    assert near(image, 0.1, 0.2, PALETTE[0])
    assert near(image, 0.2, 0.3, PALETTE[0])


def test_images_of_every_kind_are_shown_as_they_look(tmp_path: Path) -> None:
    grey = np.full((300, 400), 120, np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "sixteen.png")
    Image.fromarray(np.dstack([grey] * 4)).save(tmp_path / "clear.png")
    Image.fromarray(grey).convert("P").save(
        tmp_path / "moving.gif", save_all=True, append_images=[Image.new("P", (400, 300))]
    )
    wanted = {"grey.png": 120, "sixteen.png": 120, "clear.png": 191, "moving.gif": 120}
    for name, value in wanted.items():
        image = small(tmp_path / name, 96)
        assert image, name
        assert (image.size, image.mode) == ((96, 72), "RGB"), name
        assert near(image, 0.5, 0.5, (value,) * 3), name
    Image.new("RGB", (5000, 3200), PAPER).save(tmp_path / "large.jpg")
    large = small(tmp_path / "large.jpg", 320)
    assert large
    assert large.size == (320, 205)


def test_what_is_no_image_says_so(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff no image")
    assert small(tmp_path / "broken.jpg", 96) is None
    assert small(tmp_path / "gone.jpg", 96) is None
    row = next(row for row in bench.queue() if row.task_id == 40)
    path = bench.desk.fetch(row.data["image"], 40)
    kept = path.read_bytes()
    path.write_bytes(kept[: len(kept) // 2])
    try:
        assert Previews(bench).of([row])["40"] == {"problem": "its file cannot be shown as an image"}
    finally:
        path.write_bytes(kept)


# In the queue ----------------------------------------------------------------------------


def test_the_queue_shows_what_the_published_ranking_saw(bench: Workbench) -> None:
    told = Previews(bench).of(bench.queue())
    assert max(Image.open(_file(told["25"]["image"])).size) == DRAWN_SIDE
    regions = guess(25, 0.8).items
    assert told["25"]["legend"] == [asdict(mark) for mark in legend(regions, COLOURS)]
    assert told["25"]["regions"].splitlines()[0] == f"{regions[0].label} {regions[0].score:.0%}"
    plain = small(bench.desk.fetch(bench.queue()[0].data["image"], 25), DRAWN_SIDE)
    assert plain
    assert told["25"]["image"] == data_url(draw(plain, regions, COLOURS), "JPEG")


def test_tasks_to_measure_by_show_no_guess_even_if_the_ranking_holds_one(bench: Workbench) -> None:
    (row,) = [row for row in bench.queue() if row.task_id == 28]
    assert row.measuring
    told, plain = Previews(bench).of([row])["28"], small(bench.desk.fetch(row.data["image"], 28), DRAWN_SIDE)
    assert plain
    assert told == {"image": data_url(plain, "JPEG"), "legend": [], "regions": ""}
    path = bench.home.path("rankings", "lsal-queue-test.json")
    kept = read_json(path)
    spoilt = {**kept, "entries": [one | {"result": kept["entries"][0]["result"]} for one in kept["entries"]]}
    write_json(path, spoilt)
    try:
        assert Previews(bench).of([row])["28"] == told
    finally:
        write_json(path, kept)


def test_another_ranking_is_read_and_drawn(bench: Workbench) -> None:
    (row,), made = bench.queue(1), Previews(bench)
    before = made.of([row])
    assert made.of([row])["25"] is before["25"], "made once"
    publication, ranking = bench.home.path("publication.json"), bench.home.path("rankings", "other.json")
    kept = read_json(publication)
    write_json(ranking, asdict(Ranking((Entry(25, 0.0, guess="nothing"),), "auto", {}, 0.0)))
    write_json(publication, kept | {"name": "other"})
    try:
        assert made.of([row])["25"]["legend"] == []
    finally:
        write_json(publication, kept)
        ranking.unlink()
    assert made.of([row]) == before


def test_regions_keep_their_scores_in_every_way_of_naming_them(bench: Workbench) -> None:
    drawing = '<Rectangle name="r" toName="image"/><Labels name="label" toName="image">'
    named = CONFIG.replace('<RectangleLabels name="label" toName="image">', drawing).replace(
        "RectangleLabels", "Labels"
    )
    for config in (CONFIG, named):
        handled = match(read_config(config).controls)[0]
        drawn_by, kind = handled["label"]
        regions = (*guess(3, 0.8).items, *([Region("", HALF, 0.4)] if config == named else []))
        items = kind.result(drawn_by, Prediction(3, Regions(regions, (640, 420)), np.zeros((0, 4), np.float32)))
        guesses = Guesses()
        guesses._results = {3: {"label": items, "gone": items}}
        desk = type("Desk", (), {"handled": handled})
        found = guesses.of(desk, 3)
        assert [one.label for one in found] == [one.label for one in regions]
        assert [one.score for one in found] == [pytest.approx(one.score, abs=1e-3) for one in regions]
    other = match(read_config(CONFIG.replace('value="disc"', 'value="circle"')).controls)[0]
    guesses._results = {3: {"label": control()[1].result(control()[0], _prediction("disc"))}}
    assert guesses.of(type("Desk", (), {"handled": other}), 3) == (), "the label config changed since"


def test_a_legend_counts_classes_and_says_how_sure_the_model_is() -> None:
    regions = [Region("disc", HALF, 0.91), Region("", HALF, 0.5), Region("disc", HALF, 0.4), Region("square", HALF)]
    told = [(one.name, one.colour, one.figure) for one in legend(regions, COLOURS)]
    assert told == [
        ("2 disc", PALETTE[0], "40 to 91 %"),
        ("1 no class", GREY, "50 %"),
        ("1 square", PALETTE[1], ""),
    ]
    assert listed(regions).splitlines() == ["disc 91%", "no class 50%", "disc 40%", "square"]
    assert listed(regions * 6).splitlines()[-1] == "and 4 regions more"


# Beside answers --------------------------------------------------------------------------


def test_compared_answers_are_drawn_beside_what_people_drew(bench: Workbench) -> None:
    told = bench.compare(1, 2)
    assert told.changed
    assert set(told.changed[0].drawn) == {"people", "first", "second"}
    html = to_html(told)
    assert html
    assert html.count("<img src=") == 3 * min(len(told.changed), 12)
    assert all(f'color:{colour}">' in html for colour in COLOURS.values())
    assert "data:" not in to_text(told)


def test_pictures_take_only_so_long_and_text_stays(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    told = bench.compare(1, 2)
    monkeypatch.setattr(pictures, "PATIENCE_S", -1.0)
    html = to_html(told)
    assert html
    assert "<img" not in html
    assert told.changed[0].first in html


def test_a_file_that_is_gone_leaves_the_words(tmp_path: Path) -> None:
    assert paint({"here": Picture(tmp_path / "gone.jpg")}) == {}


def test_examples_and_predictions_are_shown_with_their_regions(bench: Workbench) -> None:
    (example,) = bench.desk.labelled("label", bench.desk.mirror.tasks(ids=[3]))
    html = to_html([example])
    assert html
    assert html.count("<img") == 1
    assert "1 example" in html
    assert "003.jpg" in to_text(example)
    hostile = replace(example, target=Regions((Region("<script>", HALF),)))
    assert "<script" not in str(to_html(hostile))
    assert "people said" in to_text(Example(1, "a text", Labels(("ham",))))
    assert "1 disc" in to_text([_prediction("disc"), _prediction("")])
    told = to_text(Regions((Region("disc", HALF, 0.8), Region("", Polygon(((0, 0), (1, 0), (1, 1))))), (640, 420)))
    assert "25.0, 25.0: 50.0 x 50.0 %" in told
    assert "an outline of 3 corners" in told
    assert "2 regions in 640 x 420 pixels" in told


def _prediction(label: str) -> Prediction:
    faint = Region(label, HALF, 0.01)
    return Prediction(3, Regions((Region(label, HALF, 0.7), faint)), np.zeros((0, 4), np.float32))


def _file(address: str) -> object:
    from base64 import b64decode
    from io import BytesIO

    return BytesIO(b64decode(address.partition(",")[2]))
