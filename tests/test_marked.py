"""Marked words in the queue's table: which they are, in which colour; and whatever they say harms nobody."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import sync_playwright
from prepared import HOSTILE, STAMP
from test_browser import CHROMIUM, FLAGS

from lsal.dashboard import Dashboard
from lsal.dashboard.colours import PALETTE, colours_of
from lsal.dashboard.marked import Part, parts
from lsal.dashboard.previews import LETTERS, Previews
from lsal.dashboard.twins import QueueTable, script
from lsal.files import write_json
from lsal.home import activate, create_home
from lsal.kinds import match
from lsal.label_studio.config import read_config
from lsal.label_studio.mirror import Mirror
from lsal.records import Entry, Prediction, Publication, Ranking, Span, Spans
from lsal.workbench import Workbench
from lsal.workbench.status import Waiting

CONFIG = (
    '<View><HyperText name="text" value="$html"/><HyperTextLabels name="ner" toName="text">'
    '<Label value="person"/><Label value="place"/></HyperTextLabels></View>'
)
COLOURS = colours_of(("person", "place"))
HTML = "<p>Zoë <b>met</b> Bob</p>&lt;script&gt;window.harmed = 1&lt;/script&gt;&lt;img src=x onerror='harmed = 1'&gt;"
TEXT = "Zoë met Bob\n<script>window.harmed = 1</script><img src=x onerror='harmed = 1'>"
FOUND = Spans((Span(0, 3, "person", 0.9), Span(12, 60, "place", 0.5)))


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """A project with a published task and one to measure by, in both of which a model marked words."""
    home = create_home(tmp_path / "root", "http://127.0.0.1:1", 7, STAMP, "Names")
    activate(home)
    mirror = Mirror(home.path("mirror.sqlite"), home.order_key)
    mirror.keep([{"id": number, "data": {"html": HTML}, "updated_at": STAMP, "annotations": []} for number in (1, 2)])
    mirror.remember(label_config=CONFIG, watermark=STAMP)
    ((control, kind),) = match(read_config(CONFIG).controls)[0].values()
    example = kind.example(control, 1, {"html": HTML}, Path)
    result = {"ner": kind.result(control, Prediction(1, FOUND, np.zeros((0, 3), np.float32)), example)}
    entries = (Entry(1, 1.0, result=result), Entry(2, 0.0, measuring=True, result=result))
    write_json(home.path("rankings", "lsal-queue-test.json"), asdict(Ranking(entries, "margin", {}, 0.0)))
    write_json(home.path("publication.json"), asdict(Publication("lsal-queue-test", {}, (1, 2), (2,))))
    return Workbench.of(home)


def test_a_text_is_cut_where_marks_begin_and_end() -> None:
    spans = [Span(0, 7, "place"), Span(4, 7, "person"), Span(4, 7, "gone"), Span(9, 9, "person")]
    assert parts("Zoë met Bob", spans, COLOURS, 400) == [
        Part("Zoë ", "place", PALETTE[1]),
        Part("met", "person, gone, place", PALETTE[0]),
        Part(" B"),
        Part("ob"),
    ]
    assert parts("", [], COLOURS, 400) == []


def test_of_a_long_text_the_first_mark_is_seen() -> None:
    text = "x" * 1000 + "Zoë" + "y" * 1000
    shown = parts(text, [Span(1000, 1003, "person")], COLOURS, 100)
    assert [part.text for part in shown] == ["…", "x" * 60, "Zoë", "y" * 37, "…"]


def test_a_task_shows_what_was_marked_in_it_but_not_one_to_measure_by(bench: Workbench) -> None:
    rows = [Waiting(0, 1, {"html": HTML}, False), Waiting(1, 2, {"html": HTML}, True)]
    seen = Previews(bench).of(rows)
    assert seen["1"]["text"] == TEXT[:LETTERS]
    assert (seen["1"]["parts"][0]["text"], seen["1"]["parts"][0]["label"]) == ("Zoë", "person")
    assert seen["1"]["parts"][2]["label"] == "place"
    assert [mark["name"] for mark in seen["1"]["legend"]] == ["1 person", "1 place"]
    assert seen["1"]["regions"] == "person 90%\nplace 50%"
    assert [part["label"] for part in seen["2"]["parts"]] == [""]
    assert seen["2"]["legend"] == []


def test_marked_words_are_text_in_the_browser(bench: Workbench) -> None:
    section = Dashboard(bench).queue
    table, previews = section.table, dict(Previews(bench).of([Waiting(0, 1, {"html": HTML}, False)]))
    values = {name: getattr(table, name) for name in QueueTable.class_traits(sync=True) if not name.startswith("_")}
    del values["layout"], values["tabbable"], values["tooltip"]
    rows = [[*row[:2], HOSTILE, *row[3:]] for row in section.sight.rows(0, 2, ())]
    came = {"epoch": values["told"]["epoch"], "first": 0, "turn": 0, "rows": rows}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        page = browser.new_page()
        page.evaluate(
            """async ([code, values, came, previews]) => {
              const widget = await import(URL.createObjectURL(new Blob([code], {type: 'text/javascript'})));
              const heard = {};
              const model = {get: name => values[name], on: (name, told) => { heard[name] = told; }, send() {}};
              widget.default.render({model, el: document.body});
              heard['msg:custom'](came);
              heard['msg:custom']({previews});
            }""",
            [script("queue_table.js"), values, came, previews],
        )
        text, first = page.locator(".lsal-queue-text").first, page.locator(".lsal-queue-span").first
        assert text.inner_text() == TEXT.replace("\n", " ")
        assert first.inner_text() == "Zoë"
        assert first.get_attribute("title") == "person"
        assert first.evaluate("one => one.style.borderBottomColor") == "rgb(230, 25, 75)"
        assert page.locator(".lsal-queue-region").all_inner_texts()[0].startswith("1 person")
        assert page.locator("[aria-rowindex='3'] .lsal-queue-guess").inner_text() == "not shown"
        assert page.evaluate("window.harmed === undefined")
        browser.close()
