"""Spans of texts: what people mark and what models say, counted as Label Studio counts."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from span_texts import LABELS, MAKERS, case_of, config_of, handled, page

from lsal.errors import BadData
from lsal.kinds import match
from lsal.kinds.html_places import read_html
from lsal.kinds.text_choices import visible_text
from lsal.label_studio.config import read_config
from lsal.protocols import Kind
from lsal.records import Control, Example, Passage, Prediction, Span, Spans

FAMILY = "👩‍👩‍👧"
CHANCES = np.zeros((0, 4), np.float32)


def prepared(shown: str, value: Any, more: str = "") -> tuple[Control, Kind, Example]:
    ((control, kind),) = handled(f"<View>{config_of(shown, 'x', more)}</View>").values()
    return control, kind, kind.example(control, 1, {"x": value}, lambda url: Path(url))


def region(shown: str, **value: Any) -> dict[str, Any]:
    tag = {"Text": "labels", "HyperText": "hypertextlabels", "Paragraphs": "paragraphlabels"}[shown]
    return {"id": "r1", "from_name": "in_x", "to_name": "x", "type": tag, "value": {tag: ["A"], **value}}


def marked(shown: str, data: Any, /, **value: Any) -> list[str]:
    """What stands where the region says."""
    control, kind, example = prepared(shown, data)
    target = kind.target(control, [region(shown, **value)], example)
    assert isinstance(target, Spans)
    return [str(example.input)[span.start : span.end] for span in target.items]


def test_ten_thousand_texts_come_back_exactly() -> None:
    draw = random.Random(0)
    kinds = {shown: next(iter(handled(f"<View>{config_of(shown)}</View>").values())) for shown in MAKERS}
    met = 0
    for number in range(10_000):
        shown = ("Text", "Text", "HyperText", "Paragraphs")[number % 4]
        case = case_of(draw, *kinds[shown], MAKERS[shown](draw))
        items = case.written
        assert case.kind.target(case.control, items, case.example) == case.spans, case.value
        assert [item.get("score") for item in items] == [span.score for span in case.spans.items]
        assert len({item["id"] for item in items}) == len(items) == len(case.spans.items)
        met += len(items)
    assert met > 20_000


def test_the_words_of_a_page_are_the_same_however_it_is_read() -> None:
    draw = random.Random(1)
    for _ in range(200):
        html = page(draw)
        passage = read_html(html)
        assert " ".join(passage.text.split()) == visible_text(html)
        inside = [passage.text[piece.start : piece.end] for piece in passage.pieces]
        assert all(len(text) == piece.end - piece.start for text, piece in zip(inside, passage.pieces, strict=True))


class TestText:
    TEXT = f"Zoë {FAMILY} met\r\nBob e\u0301"

    def test_counts_code_points_and_both_characters_of_a_crlf(self) -> None:
        assert marked("Text", self.TEXT, start=4, end=9, text=FAMILY) == [FAMILY]
        assert marked("Text", self.TEXT, start=15, end=18, text="Bob") == ["Bob"]

    def test_is_written_as_the_editor_writes_it(self) -> None:
        control, kind, example = prepared("Text", self.TEXT)
        (item,) = kind.result(control, Prediction(1, Spans((Span(10, 18, "B", 0.12345),)), CHANCES), example)
        value = {"start": 10, "end": 18, "text": "met\\n\\nBob", "labels": ["B"]}
        common = {"id": "lsal-in_x-0", "from_name": "in_x", "to_name": "x", "type": "labels"}
        assert item == {**common, "value": value, "score": 0.1235}

    def test_keeps_no_text_where_the_text_stays_elsewhere(self, tmp_path: Path) -> None:
        (tmp_path / "t.txt").write_text("Bob", "utf-8")
        for more, kept in (('valueType="url"', False), ('valueType="url" saveTextResult="yes"', True)):
            control, kind, example = prepared("Text", str(tmp_path / "t.txt"), more)
            (item,) = kind.result(control, Prediction(1, Spans((Span(0, 3, "A"),)), CHANCES), example)
            assert ("text" in item["value"]) == kept
            assert kind.target(control, [item], example) == Spans((Span(0, 3, "A"),))

    @pytest.mark.parametrize("bounds", [(0, 99), (5, 5), (-1, 3), (7, 2), (None, 3), ("0", "3"), (True, 3)])
    def test_a_place_outside_is_named(self, bounds: tuple[Any, Any]) -> None:
        with pytest.raises(BadData, match="Region 'r1' of 'in_x': it stands outside of its text") as error:
            marked("Text", self.TEXT, start=bounds[0], end=bounds[1])
        assert "Mark it again" in error.value.fix

    def test_a_region_of_an_older_text_is_named(self) -> None:
        with pytest.raises(BadData, match="was made of 'Ann', where 'Zoë' stands now"):
            marked("Text", self.TEXT, start=0, end=3, text="Ann")

    @pytest.mark.parametrize("told", ["", None, "met\\n\\nBob", "met Bob", "met", "MET\nbob"])
    def test_what_the_editor_leaves_out_of_a_regions_text_does_not_matter(self, told: str | None) -> None:
        assert marked("Text", self.TEXT, start=10, end=18, text=told) == ["met\r\nBob"]

    def test_several_labels_of_one_region_are_spans_of_their_own(self) -> None:
        control, kind, example = prepared("Text", self.TEXT)
        item = region("Text", start=0, end=3, labels=["B", "A"])
        assert kind.target(control, [item, item], example) == Spans((Span(0, 3, "A"), Span(0, 3, "B")))

    def test_labels_are_right_without_the_text(self) -> None:
        control, kind, _ = prepared("Text", self.TEXT)
        result = [region("Text", start=0, end=3), region("Text", start=4, end=5, labels=["B"])]
        unread = Example(1, None, problem="gone")
        for given in (None, unread):
            assert kind.target(control, result, given).names == ("A", "B")

    def test_nothing_marked_is_an_answer_and_other_controls_do_not_count(self) -> None:
        control, kind, example = prepared("Text", self.TEXT)
        other = {"id": "r1", "from_name": "rel", "to_name": "x", "type": "choices", "value": {"choices": ["x"]}}
        relation: dict[str, Any] = {"type": "relation", "from_id": "r1", "to_id": "r2"}
        assert kind.target(control, [other, relation], example) == Spans()

    @pytest.mark.parametrize("value", [None, {}, {"labels": "A"}, {"labels": ["gone"], "start": 0, "end": 1}])
    def test_regions_that_make_no_sense(self, value: Any) -> None:
        control, kind, example = prepared("Text", self.TEXT)
        with pytest.raises(BadData, match="in_x"):
            kind.target(control, [{**region("Text"), "value": value}], example)

    def test_a_span_outside_of_the_text_is_not_shown(self) -> None:
        control, kind, example = prepared("Text", "short")
        assert kind.result(control, Prediction(1, Spans((Span(0, 99, "A"),)), CHANCES), example) == []


class TestHyperText:
    HTML = (
        "<style>x {}</style><div>a😀b <b>Bob</b><!-- no --> it<br>end</div> <p hidden>off</p><table><tr><td>in</table>"
    )

    def test_stands_at_text_nodes(self) -> None:
        passage = read_html(self.HTML)
        assert [(passage.text[one.start : one.end], one.place) for one in passage.pieces] == [
            ("a😀b ", "/div[1]/text()[1]"),
            ("Bob", "/div[1]/b[1]/text()[1]"),
            (" it", "/div[1]/text()[2]"),
            ("\n", "/div[1]/br[1]"),
            ("end", "/div[1]/text()[3]"),
            (" ", "/text()[1]"),
            ("off", "/p[1]/text()[1]"),
            ("in", "/table[1]/tbody[1]/tr[1]/td[1]/text()[1]"),
        ]
        assert read_html(self.HTML, inline=True).pieces[0].skipped == 4

    def test_is_written_with_xpaths_and_offsets_of_the_page(self) -> None:
        control, kind, example = prepared("HyperText", self.HTML)
        (item,) = kind.result(control, Prediction(1, Spans((Span(2, 10, "A"),)), CHANCES), example)
        assert item["value"] == {
            "start": "/div[1]/text()[1]/.",  # an emoji before it: see lsal.kinds.places
            "startOffset": 3,
            "end": "/div[1]/text()[2]/.",
            "endOffset": 3,
            "globalOffsets": {"start": 2, "end": 10},
            "text": "b Bob it",
            "hypertextlabels": ["A"],
        }
        del item["value"]["globalOffsets"]
        assert kind.target(control, [item], example) == Spans((Span(2, 10, "A"),))
        (item,) = kind.result(control, Prediction(1, Spans((Span(4, 7, "A"),)), CHANCES), example)
        assert (item["value"]["start"], item["value"]["endOffset"]) == ("/div[1]/b[1]/text()[1]", 3)

    def test_what_is_hidden_in_the_page_is_counted_too(self) -> None:
        control, kind, example = prepared("HyperText", self.HTML, 'inline="true"')
        (item,) = kind.result(control, Prediction(1, Spans((Span(4, 7, "A"),)), CHANCES), example)
        assert item["value"]["globalOffsets"] == {"start": 8, "end": 11}

    def test_a_tag_may_stand_for_the_text_in_it(self) -> None:
        where = {"start": "/div[1]/b[1]", "end": "/div[1]/b[1]/text()[1]", "startOffset": 0, "endOffset": 3}
        assert marked("HyperText", self.HTML, **where) == ["Bob"]

    def test_offsets_of_the_page_serve_where_the_xpath_does_not(self) -> None:
        gone = {"start": "/div[9]/text()[1]", "end": "/div[9]/text()[1]", "startOffset": 0, "endOffset": 1}
        assert marked("HyperText", self.HTML, **gone, globalOffsets={"start": 4, "end": 7}) == ["Bob"]
        other = {"start": "/div[1]/text()[1]", "end": "/div[1]/text()[1]", "startOffset": 0, "endOffset": 3}
        there = {"globalOffsets": {"start": 4, "end": 7}}
        assert marked("HyperText", self.HTML, **other, **there) == ["Bob"]
        assert marked("HyperText", self.HTML, **other, **there, text="a😀") == ["a😀"]
        with pytest.raises(BadData, match="was made of 'Ann'"):
            marked("HyperText", self.HTML, **other, **there, text="Ann")

    def test_a_region_that_stands_nowhere_is_named(self) -> None:
        with pytest.raises(BadData, match="outside"):
            marked("HyperText", self.HTML, start="/p[7]/text()[1]", end="/p[7]/text()[1]", startOffset=0, endOffset=2)


class TestParagraphs:
    TURNS = ({"author": "Ann", "text": "a😀b"}, {"author": "", "text": "x"}, {"author": "Bo", "text": "see  you"})

    def test_counts_utf_16_within_a_turn(self) -> None:
        turns = [*self.TURNS]
        assert marked("Paragraphs", turns, start="0", end="0", startOffset=3, endOffset=4, text="b") == ["b"]
        assert marked("Paragraphs", turns, start=0, end=2, startOffset=3, endOffset=3) == ["b\nx\nBo: see"]

    def test_is_written_as_the_editor_writes_it(self) -> None:
        control, kind, example = prepared("Paragraphs", [*self.TURNS])
        told = Prediction(1, Spans((Span(0, 5, "C"), Span(7, 18, "A"))), CHANCES)
        assert str(example.input) == "Ann: a😀b\nx\nBo: see  you"
        (item,) = kind.result(control, told, example)  # a name alone cannot be marked
        where = {"start": "0", "end": "2", "startOffset": 3, "endOffset": 3}
        assert item["value"] == {**where, "text": "bxsee", "paragraphlabels": ["A"]}

    def test_a_turn_of_another_text_is_named_but_not_where_white_space_hides_it(self) -> None:
        turns, place = [*self.TURNS], {"startOffset": 0, "endOffset": 1}
        with pytest.raises(BadData, match="was made of 'z'"):
            marked("Paragraphs", turns, start="1", end="1", text="z", **place)
        assert marked("Paragraphs", turns, start="2", end="2", text="z", **place) == ["s"]
        with pytest.raises(BadData, match="outside"):
            marked("Paragraphs", turns, start="3", end="3", **place)

    def test_a_span_of_which_the_editor_would_store_half_a_character_is_not_shown(self) -> None:
        """Label Studio answers no request for tasks any more, once such a region was submitted."""
        control, kind, example = prepared("Paragraphs", [{"author": "", "text": "a  😀b"}])  # shown as: a 😀b
        for span, left_out in ((Span(3, 4, "A"), True), (Span(0, 5, "A"), False), (Span(4, 5, "A"), False)):
            told = kind.result(control, Prediction(1, Spans((span,)), CHANCES), example)
            assert (told == []) == left_out, span
        tidy = prepared("Paragraphs", [{"author": "", "text": "a 😀b"}])[2]
        assert kind.result(control, Prediction(1, Spans((Span(2, 3, "A"),)), CHANCES), tidy)

    def test_turns_are_numbered_in_time_where_the_editor_scrolls_along(self) -> None:
        turns = [{"author": "b", "text": "two", "start": 9}, {"author": "a", "text": "one", "start": 3}]
        _, _, example = prepared("Paragraphs", turns, 'contextScroll="true"')
        assert str(example.input) == "a: one\nb: two"
        assert isinstance(example.input, Passage)


ON_TEXT = '<Text name="x" value="$t"/>'


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (f'{ON_TEXT}<Labels name="c" toName="x"/>', "no labels to learn"),
        (f'{ON_TEXT}<Labels name="c" toName="x" value="$own"/>', "come from each task"),
        (f'{ON_TEXT}<Text name="y" value="$u"/><Labels name="c" toName="x,y"><Label value="A"/></Labels>', "several"),
        ('<Text name="x" value="same"/><Labels name="c" toName="x"><Label value="A"/></Labels>', "in every task"),
        ('<Paragraphs name="x" value="$t"/><Labels name="c" toName="x"><Label value="A"/></Labels>', "ParagraphLabels"),
        (f'{ON_TEXT}<Choices name="c" toName="x" perRegion="true"><Choice value="A"/></Choices>', "perRegion"),
        ('<Audio name="x" value="$t"/><Labels name="c" toName="x"><Label value="A"/></Labels>', "no kind handles"),
    ],
)
def test_what_cannot_be_learnt_is_named(config: str, words: str) -> None:
    found, unhandled = match(read_config(f"<View>{config}</View>").controls)
    assert not found
    assert words in unhandled["c"]


def test_labels_of_an_image_are_none_of_its_business() -> None:
    config = '<View><Image name="x" value="$i"/><Rectangle name="r" toName="x"/><Labels name="c" toName="x">'
    found, _ = match(read_config(f'{config}<Label value="A"/></Labels></View>').controls)
    assert {name: kind.name for name, (_, kind) in found.items()} == {"c": "image_boxes"}


def test_relations_of_a_text_do_not_hinder() -> None:
    inside = "".join(f'<Label value="{label}"/>' for label in LABELS)
    relations = '<Relations><Relation value="of"/></Relations>'
    config = f'<View>{relations}<Labels name="c" toName="x">{inside}</Labels>{ON_TEXT}</View>'
    assert list(handled(config)) == ["c"]
