"""Pages and their words: how tasks give them, what tesseract reads, and which word lies in which region."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from lsal.kinds import KINDS, match, ocr
from lsal.label_studio.config import read_config
from lsal.pages import Gaps, blocks, layout_of, thousandths
from lsal.records import Box, Example, Layout, Page, Region, Regions
from lsal.sources import read_source
from lsal.sources.pages import set_into

CONFIG = """<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">
<Label value="title"/><Label value="total"/></RectangleLabels></View>"""
SIZE = (400, 200)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    Image.new("RGB", SIZE, "white").save(tmp_path / "page.png")
    return tmp_path / "page.png"


def read(image: Path, **data: Any) -> Example:
    ((control, kind),) = match(read_config(CONFIG).controls, {"label": "layoutlmv3"})[0].values()
    return kind.example(control, 7, {"image": "page.png", **data}, lambda url: image)


def boxes_of(example: Example) -> list[tuple[float, ...]]:
    assert isinstance(example.input, Page), example.problem
    return [(b.x, b.y, b.width, b.height) for b in example.input.boxes]


class TestWhichKind:
    def test_it_is_taken_for_the_family_that_was_chosen_and_else_left_to_images(self) -> None:
        controls = read_config(CONFIG).controls
        ((plain, images),) = match(controls)[0].values()
        ((control, pages),) = match(controls, {"label": "layoutlmv3"})[0].values()
        assert (images.name, pages.name) == ("image_boxes", "document_layout")
        assert plain.shape == "RectangleLabels on Image"
        assert control.shape == "RectangleLabels on Image, by its words"
        assert (plain.by_words, control.by_words) == (False, True)

    def test_what_no_kind_draws_boxes_for_is_none_of_its_business(self) -> None:
        (control,) = read_config(CONFIG.replace("Rectangle", "Polygon")).controls
        assert KINDS["document_layout"]().refusal(control) == ""


class TestWords:
    SAME = (0.1, 0.2, 0.3, 0.1)

    @pytest.mark.parametrize("name", ["boxes", "bboxes"])
    def test_boxes_are_percent_unless_the_task_says_otherwise(self, image: Path, name: str) -> None:
        example = read(image, words=["Hello"], **{name: [[10, 20, 30, 10]]})
        assert boxes_of(example) == [pytest.approx(self.SAME)]
        assert str(example.input) == "Hello"
        assert example.file == image

    @pytest.mark.parametrize(
        ("box", "more"),
        [
            ([10, 20, 30, 10], {"boxes_in": "percent"}),
            ([40, 40, 120, 20], {"boxes_in": "pixels"}),
            ([100, 50, 300, 25], {"boxes_in": "pixels", "original_width": 1000, "original_height": 250}),
            ([100, 200, 400, 300], {"boxes_in": "thousandths"}),
        ],
    )
    def test_the_same_box_in_each_unit(self, image: Path, box: list[int], more: dict[str, Any]) -> None:
        assert boxes_of(read(image, words=["Hello"], boxes=[box], **more)) == [pytest.approx(self.SAME)]

    def test_pixels_are_those_that_people_see(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", SIZE[::-1]).save(tmp_path / "turned.jpg", exif=exif)
        example = read(tmp_path / "turned.jpg", words=["Hello"], boxes=[[40, 40, 120, 20]], boxes_in="pixels")
        assert boxes_of(example) == [pytest.approx(self.SAME)]

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            ({"words": "Hello", "boxes": []}, "a list of words was expected, not 'Hello'"),
            ({"words": ["a"]}, "there are words and no boxes"),
            ({"boxes": [[1, 2, 3, 4]]}, "a list of words was expected, not None"),
            ({"words": ["a", "b"], "boxes": [[1, 2, 3, 4]]}, "there are 2 words, and 1 boxes in 'boxes'"),
            ({"words": ["a"], "boxes": [[1, 2, 3]]}, "box 0 in 'boxes' is"),
            ({"words": ["a"], "boxes": [[1, 2, 3, "4"]]}, "box 0 in 'boxes' is"),
            ({"words": ["a"], "boxes": [[1, 2, 3, 4]], "bboxes": [[1, 2, 3, 4]]}, "has both 'boxes' and 'bboxes'"),
            ({"words": ["a"], "boxes": [[1, 2, 3, 4]], "boxes_in": "inches"}, "'boxes_in' is 'inches'"),
            ({"words": ["a"], "boxes": [[40, 40, 120, 20]]}, "in percent does not lie on the page"),
            ({"words": ["a"], "boxes": [[40, 40, 20, 20]], "boxes_in": "thousandths"}, "does not lie on the page"),
            ({"words": ["a"], "boxes": [[1, 2, 3, 4]], "boxes_in": "pixels", "original_width": 3}, "'original_width'"),
        ],
    )
    def test_what_cannot_be_is_named_and_never_guessed(self, image: Path, data: dict[str, Any], why: str) -> None:
        example = read(image, **data)
        assert example.input is None
        assert example.problem is not None
        assert example.problem.startswith("task 7: field 'words': ")
        assert why in example.problem

    def test_no_words_is_an_answer(self, image: Path) -> None:
        assert read(image, words=[], boxes=[]).input == Page(image, (), ())

    def test_an_image_that_is_none_is_named_first(self, tmp_path: Path) -> None:
        (tmp_path / "page.png").write_bytes(b"none")
        assert "task 7: field 'image'" in (read(tmp_path / "page.png", words=[], boxes=[]).problem or "")


class TestReading:
    @pytest.fixture
    def letter(self, tmp_path: Path) -> Path:
        image = Image.new("RGB", (600, 200), "white")
        ImageDraw.Draw(image).text((50, 40), "Invoice number", fill="black", font_size=36)
        ImageDraw.Draw(image).text((50, 120), "Total", fill="black", font_size=36)
        exif = Image.Exif()
        exif[0x0112] = 6
        image.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "letter.jpg", exif=exif, quality=95)
        return tmp_path / "letter.jpg"

    def test_words_are_read_where_they_stand_and_once(self, letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also off a page that is stored on its side."""
        example = read(letter)
        assert str(example.input) == "Invoice number Total", example.problem
        first, _, last = boxes_of(example)
        assert first[:2] == pytest.approx((50 / 600, 50 / 200), abs=0.06)
        assert last[:2] == pytest.approx((50 / 600, 130 / 200), abs=0.06)
        monkeypatch.setattr(ocr, "which", lambda program: None)
        assert read(letter).input == example.input

    def test_where_it_is_not_installed_it_says_what_to_do(self, letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "")
        problem = read(letter).problem or ""
        assert "task 7: field 'words': the task has no words, and tesseract" in problem
        assert "apt-get install tesseract-ocr, or give words and boxes in the task" in problem

    def test_it_is_bounded_in_time(self, letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def late(command: list[str], **more: Any) -> None:
            raise subprocess.TimeoutExpired(command, more["timeout"])

        monkeypatch.setattr(ocr.subprocess, "run", late)
        assert "did not read the page within 120 seconds" in (read(letter).problem or "")


def row(*xs: float, y: float = 0.1, width: float = 0.08, height: float = 0.02) -> list[Box]:
    return [Box(x, y, width, height) for x in xs]


class TestLayouts:
    def test_a_word_belongs_to_the_smallest_region_that_covers_its_middle(self, image: Path) -> None:
        page = Page(image, ("a", "b", "c"), (*row(0.1, 0.3), Box(0.1, 0.8, 0.1, 0.1)))
        large, small = Region("total", Box(0.05, 0.05, 0.4, 0.2)), Region("title", Box(0.28, 0.08, 0.12, 0.06))
        assert layout_of(Regions((large, small)), page).words == ("total", "title", "")
        turned = Regions((Region("title", Box(0.5, 0.0, 0.5, 0.6, angle=90)),), SIZE)
        assert layout_of(turned, page).words == ("", "title", ""), "a turned box covers what it covers upright"

    def test_annotations_are_read_with_the_words_that_they_cover(self, image: Path) -> None:
        ((control, kind),) = match(read_config(CONFIG).controls, {"label": "layoutlmv3"})[0].values()
        example = read(image, words=["a", "b"], boxes=[[10, 10, 10, 5], [50, 50, 10, 5]])
        value = {"x": 5, "y": 5, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["title"]}
        item = {"from_name": "label", "to_name": "image", "type": "rectanglelabels", "value": value}
        told = kind.target(control, [item], example)
        assert isinstance(told, Layout)
        assert (told.words, told.names) == (("title", ""), ("title",))
        alone = kind.target(control, [item])
        assert alone == told

    def test_words_of_one_label_become_one_block_as_far_as_they_belong_together(self) -> None:
        boxes = [*row(0.1, 0.19), *row(0.1, y=0.123), *row(0.5), *row(0.59, 0.7)]
        labels = ["title", "title", "title", "title", "total", "title"]
        found = blocks(boxes, labels, [0.5, 0.7, 0.9, 1.0, 1.0, 1.0], Gaps())
        assert [one.label for one in found] == ["title", "title", "total", "title"]
        first = found[0].shape
        assert isinstance(first, Box)
        assert (first.x, first.y, first.width, first.height) == pytest.approx((0.1, 0.1, 0.17, 0.043))
        assert found[0].score == pytest.approx(0.7)
        assert len(blocks(boxes, labels, [1.0] * 6, Gaps(leading=0))) == 5, "each line by itself"
        assert blocks(boxes, [""] * 6, [1.0] * 6, Gaps()) == ()

    def test_thousandths_stay_on_the_page(self) -> None:
        assert thousandths(Box(0.1, 0.2, 0.3, 0.4)) == (100, 200, 400, 600)
        assert thousandths(Box(-0.1, 0.5, 2.0, 0.7)) == (0, 500, 1000, 1000)


class TestTexts:
    def test_a_line_is_shared_out_by_letters(self) -> None:
        (one, first), (other, second) = set_into("ab cde", Box(0.2, 0.1, 0.6, 0.2))
        assert (one, other) == ("ab", "cde")
        assert (first.x, first.width) == pytest.approx((0.2, 0.2))
        assert (second.x, second.width) == pytest.approx((0.5, 0.3))
        assert (first.y, first.height) == (0.1, 0.2)
        assert set_into("  ", Box(0, 0, 1, 1)) == set_into(None, Box(0, 0, 1, 1)) == []

    def test_a_block_is_set_in_lines(self) -> None:
        text = "twelve words of about the same length make three lines of four"
        placed = set_into(text, Box(0, 0, 0.6, 0.1), aspect=0.75)
        assert [word for word, _ in placed] == text.split()
        assert len({round(box.y, 6) for _, box in placed}) == 3
        assert all(box.x + box.width <= 0.6 + 1e-9 and box.y + box.height <= 0.1 + 1e-9 for _, box in placed)

    def test_a_coco_file_with_texts_gives_tasks_with_words(self, tmp_path: Path) -> None:
        Image.new("RGB", SIZE, "white").save(tmp_path / "a.png")
        told = {
            "images": [{"id": 1, "file_name": "a.png", "width": 400, "height": 200}],
            "categories": [{"id": 1, "name": "title"}, {"id": 2, "name": "total"}],
            "annotations": [
                {"id": 1, "image_id": 1, "category_id": 1, "bbox": [40, 20, 100, 20], "text": "Dear cat"},
                {"id": 2, "image_id": 1, "category_id": 2, "bbox": [200, 100, 60, 20], "text": "42"},
            ],
        }
        (tmp_path / "coco.json").write_text(json.dumps(told))
        (one,) = read_source(str(tmp_path / "coco.json"), tmp_path).rows
        assert one.data["words"] == ["Dear", "cat", "42"]
        assert one.data["boxes"][2] == pytest.approx([50, 50, 15, 10])
        example = read(tmp_path / "a.png", **{name: one.data[name] for name in ("words", "boxes", "boxes_in")})
        assert isinstance(one.target, Layout)
        assert one.target.words == ("title", "title", "total")
        assert boxes_of(example) == [pytest.approx(box) for box in boxes_of(Example(1, one.shown))]
