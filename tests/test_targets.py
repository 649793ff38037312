"""Targets go through JSON and come back as they were."""

import orjson
import pytest

from lsal.records import Box, Brush, Labels, Layout, Polygon, Region, Regions, Span, Spans, Target
from lsal.targets import from_plain, to_plain

SHAPES = (Box(0.1, 0.2, 0.3, 0.4, 15.0), Polygon(((0.0, 0.5), (1.0, 0.5), (0.25, 1.0))), Brush(bytes(range(256)), 7, 9))


@pytest.mark.parametrize(
    "target",
    [
        None,
        Labels(),
        Labels(("a", "b")),
        Regions(),
        Regions((), (640, 480)),
        Regions(tuple(Region(label, shape, 0.5) for label, shape in zip(("a", "", "b"), SHAPES, strict=True)), (7, 9)),
        Layout((Region("a", SHAPES[0], 0.5),), (7, 9), ("a", "", "a")),
        Spans(),
        Spans.of((Span(4, 9, "b", 0.5), Span(0, 3, "a"), Span(4, 9, "a"), Span(4, 9, "a"))),
    ],
)
def test_what_is_read_is_what_was_written(target: Target | None) -> None:
    read = from_plain(orjson.loads(orjson.dumps(to_plain(target))))
    assert read == target
    if isinstance(target, Layout) and isinstance(read, Layout):
        assert read.words == target.words
    if isinstance(target, Regions) and isinstance(read, Regions):  # what equality leaves out
        assert read.size == target.size
        assert [region.score for region in read.items] == [region.score for region in target.items]
    if isinstance(target, Spans) and isinstance(read, Spans):
        assert [span.score for span in read.items] == [span.score for span in target.items]


def test_spans_stand_in_the_order_of_the_text_each_once() -> None:
    spans = Spans.of((Span(4, 9, "b"), Span(0, 3, "a"), Span(4, 6, "b"), Span(0, 3, "a")))
    assert [(one.start, one.end) for one in spans.items] == [(0, 3), (4, 6), (4, 9)]
    assert spans.names == ("a", "b")
    assert spans.text == "2 b, 1 a"
    assert Spans().text == "nothing"
