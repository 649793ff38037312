"""Blocks of a page, learned by its words: RectangleLabels on the image of a document, or Rectangle with classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from lsal.errors import BadData
from lsal.kinds import Sample
from lsal.kinds.choices import field_value
from lsal.kinds.image_boxes import LABELS
from lsal.kinds.image_choices import image_file
from lsal.kinds.ocr import read_page
from lsal.kinds.regions import ImageRegions, Item
from lsal.kinds.words import given_page, has_words
from lsal.pages import layout_of
from lsal.protocols import Fetch
from lsal.records import Box, Control, Example, Layout, Page, Region

BLANK = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAGCAAAAADbboAnAAAAEElEQVR42mP8"
    "zwABTAwkMAA2RQELwWb2jwAAAABJRU5ErkJggg=="
)


class DocumentLayout(ImageRegions):
    """Input: the page with its words, which the task gives, or tesseract reads. See `words` for the fields."""

    name: ClassVar[str] = "document_layout"
    families: ClassVar[tuple[str, ...]] = ("layoutlmv3",)
    metric: ClassVar[str] = "word F1"
    tools: ClassVar[tuple[str, ...]] = ("Rectangle",)
    reads: ClassVar[str] = "words"

    @classmethod
    def samples(cls) -> tuple[Sample, ...]:
        """Blocks that are drawn and named at once, and ones that are named afterwards."""
        image = '<View><Image name="x" value="$image"/>'
        title = Region("cat", Box(0.1, 0.1, 0.5, 0.1))
        turned = Region("d", Box(0.5, 0.25, 0.25, 0.125, angle=10.0))
        targets = (Layout(), Layout((title,)), Layout((title, turned), (8, 6)))
        boxes = [[12.5, 12.5, 25, 6.25], [37.5, 12.5, 12.5, 6.25]]
        data = {"image": BLANK, "words": ["Dear", "cat"], "boxes": boxes}
        named = f'{image}<RectangleLabels name="c" toName="x">{LABELS}</RectangleLabels></View>'
        apart = f'{image}<Rectangle name="r" toName="x"/><Labels name="c" toName="x">{LABELS}</Labels></View>'
        return Sample(named, data, targets), Sample(apart, data, targets)

    def example(self, control: Control, task_id: int, data: Item, fetch: Fetch) -> Example:
        """The page; an unreadable task has a `problem` that names the field."""
        field = control.data_key
        try:
            image = image_file(field_value(control, data), fetch)
            field = "words"
            return Example(task_id, given_page(image, data) if has_words(data) else read_page(image))
        except BadData as error:
            problem = str(error)
        except Exception as error:  # whatever a task holds, one of them must not stop a pool
            problem = f"{type(error).__name__}: {error}"
        return Example(task_id, None, problem=f"task {task_id}: field '{field}': {problem}")

    def target(self, control: Control, result: Sequence[Item], example: Example | None = None) -> Layout | None:
        """The blocks that one annotation shows, and, by the page of `example`, the label of each word."""
        regions = super().target(control, result, example)
        if regions is None:
            return None
        page = example.input if example else None
        return layout_of(regions, page) if isinstance(page, Page) else Layout(regions.items, regions.size)
