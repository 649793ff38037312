"""Targets go through JSON and come back as they were."""

import orjson
import pytest

from lsal.records import Box, Brush, Labels, Polygon, Region, Regions, Target
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
    ],
)
def test_what_is_read_is_what_was_written(target: Target | None) -> None:
    read = from_plain(orjson.loads(orjson.dumps(to_plain(target))))
    assert read == target
    if isinstance(target, Regions) and isinstance(read, Regions):  # what equality leaves out
        assert read.size == target.size
        assert [region.score for region in read.items] == [region.score for region in target.items]
