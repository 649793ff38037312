"""Classes of a whole text: Choices or a Taxonomy on Text, HyperText or Paragraphs."""

from __future__ import annotations

from typing import Any, ClassVar

from lsal.kinds import Sample
from lsal.kinds.choices import Choices
from lsal.kinds.html_places import read_html
from lsal.kinds.shown import shown_dialogue, shown_text
from lsal.protocols import Fetch
from lsal.records import Control, Labels


class TextChoices(Choices):
    """Input: the text that people see."""

    name: ClassVar[str] = "text_choices"
    families: ClassVar[tuple[str, ...]] = ("sklearn_text", "embedded_text", "transformers_text", "random")
    with_model: ClassVar[str] = "embedded_text"
    objects: ClassVar[tuple[str, ...]] = ("Text", "HyperText", "Paragraphs")

    @classmethod
    def samples(cls) -> tuple[Sample, ...]:
        """A single choice with aliases, a multiple one on HTML, and a dialogue."""
        single = '<Choices name="c" toName="x"><Choice value="A"/><Choice value="B" alias="b" predicted_values="2"/>'
        several = '<Choices name="c" toName="x" choice="multiple"><Choice value="A"/><Choice value="B"/>'
        tree = '<Choice value="A"><Choice value="B"/><Choice value="C" alias="c"/></Choice><Choice value="B"/>'
        one, other = Labels(("A",)), Labels(("b",))
        return (
            Sample(f'<View><Text name="x" value="$t"/>{single}</Choices></View>', {"t": "Hello"}, (one, other)),
            Sample(
                f'<View><HyperText name="x" value="$t"/>{several}</Choices></View>',
                {"t": "<p>Hello</p>"},
                (Labels(), one, Labels(("A", "B"))),
            ),
            Sample(
                f'<View><Paragraphs name="x" value="$t"/>{single}</Choices></View>',
                {"t": [{"author": "Ann", "text": "Hello"}]},
                (one, other),
            ),
            Sample(
                f'<View><Text name="x" value="$t"/><Taxonomy name="c" toName="x">{tree}</Taxonomy></View>',
                {"t": "Hello"},
                (Labels(), one, Labels(("A / B", "B")), Labels(("A", "A / c"))),
            ),
            Sample(
                '<View><Text name="x" value="$t"/>'
                f'<Taxonomy name="c" toName="x" maxUsages="1">{tree}</Taxonomy></View>',
                {"t": "Hello"},
                (one, Labels(("A / c",))),
            ),
        )

    def read(self, control: Control, value: Any, fetch: Fetch) -> str:
        """The text, out of a file if the object has `valueType="url"`; raises BadData."""
        if control.object_tag == "Paragraphs":
            return str(shown_dialogue(control, value, fetch))
        text = shown_text(control, value, fetch)
        return visible_text(text) if control.object_tag == "HyperText" else text


def visible_text(html: str) -> str:
    """The words that a browser shows, separated by single spaces."""
    return " ".join(str(read_html(html)).split())
