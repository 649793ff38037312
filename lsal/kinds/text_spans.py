"""Spans of a text: Labels on Text, HyperText and Paragraphs, with HyperTextLabels and ParagraphLabels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from lsal.errors import BadData
from lsal.kinds import Sample
from lsal.kinds.choices import example_of, known_label, setting
from lsal.kinds.html_places import read_html
from lsal.kinds.places import DRAW_AGAIN, Stretch, read_place, write_place
from lsal.kinds.regions import SCORE_DIGITS
from lsal.kinds.shown import shown_dialogue, shown_text
from lsal.protocols import Fetch
from lsal.records import Control, Example, Passage, Prediction, Span, Spans

Item = Mapping[str, Any]


class TextSpans:
    """Input: the text as the task has it; of HTML and of a dialogue a `Passage`, whose pieces say what stands where."""

    name: ClassVar[str] = "text_spans"
    families: ClassVar[tuple[str, ...]] = ("crf_tokens", "transformers_tokens")
    metric: ClassVar[str] = "entity F1"

    @classmethod
    def samples(cls) -> tuple[Sample, ...]:
        """Plain text with emoji and a CRLF, several labels for one region, HTML, and a dialogue."""
        labels = '<Label value="A"/><Label value="B" alias="b" predicted_values="2"/>'
        text = "Zoë 👩‍👩‍👧 met\r\nBob 🇫🇷 in Paris"
        html = "<style>p {x: y}</style>\n<div> <p>Zoë 👩‍👩‍👧 &amp; <b>Bob</b> met<br>in <i>Pa<u>ris</u></i></p></div>"
        turns = [{"author": "Ann", "text": "Zoë 👩‍👩‍👧?"}, {"author": "Bo", "text": "In Paris"}]
        one, other = Span(0, 3, "A"), Span(15, 18, "b")
        targets = (Spans(), Spans.of((one, other)), Spans.of((one, Span(0, 3, "b"), Span(4, 17, "A"), other)))
        marked = (Spans(), Spans.of((Span(1, 4, "A"), Span(1, 13, "b"), Span(24, 29, "A"))))
        said = (Spans(), Spans.of((Span(5, 8, "A"),)), Spans.of((Span(5, 28, "A"), Span(23, 28, "b"))))
        return (
            _sample("Text", "Labels", labels, text, targets),
            _sample("Text", 'Labels choice="multiple"', labels, text, targets),
            _sample("HyperText", "HyperTextLabels", labels, html, marked),
            _sample("HyperText", "Labels", labels, html, marked),
            _sample("Paragraphs", "ParagraphLabels", labels, turns, said),
        )

    def refusal(self, control: Control) -> str | None:
        """None if people mark texts with the control, by labels known beforehand."""
        if not control.marks:
            return ""
        return next((why for why, applies in _obstacles(control) if applies), None)

    def example(self, control: Control, task_id: int, data: Item, fetch: Fetch) -> Example:
        """The task's text; an unreadable task has a `problem` that names the field."""
        return example_of(control, task_id, data, lambda value: _read(control, value, fetch))

    def target(self, control: Control, result: Sequence[Item], example: Example | None = None) -> Spans:
        """All that one annotation marks; nothing is an answer too.

        Call it for submitted annotations only: a skipped one looks just as empty. Without the
        task's text the labels are right, and the places are not.
        """
        mine = [item for item in result if item.get("from_name") == control.name]
        text = example.input if example is not None and isinstance(example.input, str | Passage) else None
        return Spans.of(span for place, item in enumerate(mine) for span in _spans(control, item, text, place))

    def result(self, control: Control, prediction: Prediction, example: Example | None = None) -> list[dict[str, Any]]:
        """One region for each span, with the model's confidence, for a person to correct."""
        spans = prediction.target
        if not isinstance(spans, Spans):
            raise TypeError(f"'{control.name}' marks spans, not {type(spans).__name__}")
        if not spans.items:
            return []
        if example is None or not isinstance(example.input, str | Passage):
            raise ValueError(f"places for '{control.name}' cannot be told without the text")
        # The editor takes items of one id for one region: two labels of one stretch are two regions.
        named = f"lsal-{quote(control.name, safe='')}"
        written = (_written(control, span, example.input, f"{named}-{n}") for n, span in enumerate(spans.items))
        return [item for item in written if item]


def _sample(shown: str, tag: str, labels: str, value: Any, targets: tuple[Spans, ...]) -> Sample:
    control = f'<{tag} name="c" toName="x">{labels}</{tag.split()[0]}>'
    return Sample(f'<View><{shown} name="x" value="$t"/>{control}</View>', {"t": value}, targets)


def _obstacles(control: Control) -> tuple[tuple[str, bool], ...]:
    dynamic = control.options.get("value", "").startswith("$") or any(name.startswith("$") for name in control.labels)
    turns = control.object_tag == "Paragraphs" and control.tag != "ParagraphLabels"
    return (
        ("it has no labels to learn", not control.labels and not dynamic),
        ("its labels come from each task", dynamic),
        ("people mark turns with ParagraphLabels; take that tag", turns),
        ("controls in a Repeater are not handled yet", "Repeater.on" in control.options),
        ("it speaks about several objects at once", "," in control.to_name),
        ("its object shows the same in every task; give it a value such as $text", not control.data_key),
    )


def _read(control: Control, value: Any, fetch: Fetch) -> str | Passage:
    if control.object_tag == "Paragraphs":
        return shown_dialogue(control, value, fetch)
    text = shown_text(control, value, fetch)
    return read_html(text, setting(control, "inline") == "true") if control.object_tag == "HyperText" else text


def _spans(control: Control, item: Item, text: str | Passage | None, place: int) -> Iterator[Span]:
    value = item.get("value")
    region = f"Region {str(item.get('id', place))!r:.40} of '{control.name}'"
    if not isinstance(value, Mapping):
        raise BadData(f"{region} has no value: {value!r:.80}", DRAW_AGAIN)
    names = next((value[key] for key in (control.tag.lower(), str(item.get("type")), "labels") if value.get(key)), None)
    if not isinstance(names, list):
        raise BadData(f"{region} has no list of labels: {names!r:.80}", "Give it the right one")
    labels = [known_label(control, name) for name in names]
    start, end = (place, place) if text is None else _place(region, text, value)
    yield from (Span(start, end, label) for label in labels)


def _place(region: str, text: str | Passage, value: Item) -> Stretch:
    try:
        return read_place(text, value)
    except BadData as error:
        raise BadData(f"{region}: {error.what}", error.fix) from None


def _written(control: Control, span: Span, text: str | Passage, id: str) -> dict[str, Any] | None:
    value = write_place(text, (span.start, span.end))
    if value is None:
        return None
    if _keeps_text(control):
        value["text"] = _told(text, value, span)
    value[control.tag.lower()] = [known_label(control, span.label)]
    item = {
        "id": id,
        "from_name": control.name,
        "to_name": control.to_name,
        "type": control.tag.lower(),
        "value": value,
    }
    return item | ({"score": round(span.score, SCORE_DIGITS)} if span.score is not None else {})


def _keeps_text(control: Control) -> bool:
    """Whether a region holds its own text: not where that stays outside of Label Studio."""
    chosen = setting(control, "saveTextResult") or "none"
    outside = setting(control, "valueType") == "url" and control.object_tag != "Paragraphs"
    return chosen == "yes" or (chosen == "none" and not outside)


def _told(text: str | Passage, value: Item, span: Span) -> str:
    """The region's own text, as the editor writes it."""
    stretch = (span.start, span.end)
    if isinstance(text, str) or "globalOffsets" in value:
        return re.sub(r"[\r\n]", r"\\n", str(text)[slice(*stretch)])
    parts = ((max(piece.start, span.start), min(piece.end, span.end)) for piece in text.pieces)
    return "".join(text.text[start:end] for start, end in parts if start < end)
