"""Spans in Label Studio's own editor: a real browser shows predicted ones, and makes the same of people's selections.

A task holds many texts, each an object of its own, so that a page of the editor is enough for dozens of them.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from span_texts import CHANCES, MAKERS, Case, case_of, config_of, handled
from test_browser import CHROMIUM, FLAGS, WAIT_MS

from lsal.kinds.reading import read_labelled
from lsal.label_studio import queue, server
from lsal.label_studio.connection import Connection
from lsal.label_studio.mirror import Mirror
from lsal.label_studio.project import Project
from lsal.label_studio.sync import sync
from lsal.records import Entry, Prediction, Span, Spans

TASKS = 4
BY_HAND = 2
"""Of so many tasks the texts are marked once more, by hand."""
OPEN_MS = 180_000
"""Fifty texts, a dozen of them in frames, on a machine that has other work."""
SHOWN = ["Text"] * 24 + ["HyperText"] * 12 + ["Paragraphs"] * 14
NAMES = [f"x{number}" for number in range(len(SHOWN))]
MORE = {"HyperText": ("", 'inline="true"'), "Paragraphs": ("", 'layout="dialogue"'), "Text": ("",)}
CONFIG = "".join(
    config_of(shown, name, MORE[shown][number % len(MORE[shown])])
    for number, (shown, name) in enumerate(zip(SHOWN, NAMES, strict=True))
)
STORED_AT = re.compile(r"/api/(tasks/\d+/annotations|annotations/\d+)/?(\?|$)")

READY = """count => {
  const annotation = window.Htx && Htx.annotationStore && Htx.annotationStore.selected;
  if (!annotation || annotation.regions.length !== count) return false;
  const objects = [...annotation.names.values()].filter(tag => tag.isObjectTag);
  return objects.every(tag => tag.type === 'paragraphs' ? tag._value : tag.isReady);
}"""
SERIALISED = "() => JSON.stringify(Htx.annotationStore.selected.serializeAnnotation())"
SELECT = """([name, label, starts, ends]) => {
  const annotation = Htx.annotationStore.selected, tag = annotation.names.get(name);
  const control = annotation.names.get('in_' + name);
  annotation.unselectAll();
  control.children.filter(one => one.selected !== (one.value === label)).forEach(one => one.toggleSelected());
  const dialogue = tag.type === 'paragraphs';
  const mount = dialogue ? tag._viewRef.myRef.current : tag.mountNodeRef.current;
  const root = mount.contentDocument ? mount.contentDocument.body : mount, view = mount.contentWindow || window;
  // Counted here by characters seen in the page, whatever the editor thinks of them.
  const spot = ([turn, offset], isEnd) => {
    const within = dialogue ? root.getElementsByClassName(tag.layoutClasses.text)[turn] : root;
    const walker = root.ownerDocument.createTreeWalker(within, NodeFilter.SHOW_ALL);
    let left = offset, node;
    while ((node = walker.nextNode())) {
      if (node.nodeName === 'BR') left -= 1;
      if (node.nodeType !== Node.TEXT_NODE) continue;
      const chars = dialogue ? node.data.split('') : [...node.data];
      if (isEnd ? left > 0 && left <= chars.length : left >= 0 && left < chars.length)
        return [node, chars.slice(0, left).join('').length];
      left -= chars.length;
    }
    throw new Error(`${name}: no character ${offset}`);
  };
  const range = root.ownerDocument.createRange(), selection = view.getSelection();
  range.setStart(...spot(starts, false));
  range.setEnd(...spot(ends, true));
  selection.removeAllRanges();
  selection.addRange(range);
  const before = new Set(annotation.regions.map(region => region.id));
  range.startContainer.parentNode.dispatchEvent(new MouseEvent('mouseup', {bubbles: true, view}));
  const made = annotation.regions.filter(region => !before.has(region.id));
  return JSON.stringify(made.map(region => region.serialize().value));
}"""


@dataclass(frozen=True, slots=True)
class Made:
    """A project whose tasks' predictions are what models could say of the cases, by task and object."""

    project: Project
    cases: dict[int, dict[str, Case]]


@pytest.fixture(scope="module")
def page(label_studio: server.Server, root: Path) -> Iterator[Page]:
    """A browser in which the session's user is signed in."""
    email, password = server.login(root)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS.split(), "--no-first-run"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{label_studio.url}/user/login/")
        page.locator("input[name=email]").fill(email)
        page.locator("input[name=password]").fill(password)
        page.locator("button[type=submit]").click()
        page.wait_for_url(lambda url: "/user/login" not in url)
        yield page
        browser.close()


@pytest.fixture(scope="module")
def made(label_studio: server.Server) -> Made:
    draw, controls = random.Random(7), handled(f"<View>{CONFIG}</View>")
    project = Project.create(Connection(label_studio.url, label_studio.key), "spans", f"<View>{CONFIG}</View>")
    sets = [{name: MAKERS[shown](draw) for name, shown in zip(NAMES, SHOWN, strict=True)} for _ in range(TASKS)]
    tasks = project.add_tasks(sets)
    cases = {
        task: {name: case_of(draw, *controls[f"in_{name}"], value, 2, visible=True) for name, value in data.items()}
        for task, data in zip(tasks, sets, strict=True)
    }
    results = {task: {name: case.written for name, case in told.items()} for task, told in cases.items()}
    queue.write(project, "spans", [Entry(task, 1.0, result=result) for task, result in results.items()])
    queue.switch(project, "spans")
    return Made(project, cases)


def open_task(page: Page, made: Made, task: int) -> None:
    """Its prediction is then the annotation that is being made."""
    url = made.project.connection.url
    page.goto(f"{url}/projects/{made.project.number}/data?task={task}")
    regions = sum(len(case.spans.items) for case in made.cases[task].values())
    page.wait_for_function(READY, arg=regions, timeout=OPEN_MS)


def places(value: dict[str, Any], by: dict[str, Any]) -> dict[str, Any]:
    """What says where a region stands. Where `by` has XPaths that the editor does not know, because of what
    it makes of emoji behind some kinds of white space, its own count within a text node says nothing.
    """
    unknown = str(by["start"]).endswith("/.")
    keys = ("start", "end", "globalOffsets", *(() if unknown else ("startOffset", "endOffset")))
    return {
        key: value[key].removesuffix("/.") if unknown and key != "globalOffsets" else value[key]
        for key in keys
        if key in value
    }


def by_hand(case: Case, span: Span) -> tuple[list[int], list[int]]:
    """Where a person's selection begins and ends: turn and character."""
    (item,) = case.kind.result(case.control, Prediction(1, Spans((span,)), CHANCES), case.example)
    value = item["value"]
    if "globalOffsets" in value:
        return [0, value["globalOffsets"]["start"]], [0, value["globalOffsets"]["end"]]
    if "startOffset" in value:
        return [int(value["start"]), value["startOffset"]], [int(value["end"]), value["endOffset"]]
    return [0, value["start"]], [0, value["end"]]


def shown_as_written(page: Page, made: Made, task: int) -> None:
    """Open a task, and see the editor give back every region where it was written."""
    open_task(page, made, task)
    shown = {(item["from_name"], item["id"]): item for item in json.loads(page.evaluate(SERIALISED))}
    for name, case in made.cases[task].items():
        items = case.written
        assert {key for key in shown if key[0] == f"in_{name}"} == {(f"in_{name}", one["id"]) for one in items}
        for item in items:
            back = shown[f"in_{name}", item["id"]]
            assert back["type"] == item["type"]
            assert places(back["value"], item["value"]) == places(item["value"], item["value"]), case.value
        assert case.kind.target(case.control, [*shown.values()], case.example) == case.spans


def test_predicted_spans_come_back_as_they_were_written(page: Page, made: Made) -> None:
    """All but the last task; what people select with the browser's own selection becomes the same regions."""
    selected = 0
    for number, task in enumerate([*made.cases][:-1]):
        shown_as_written(page, made, task)
        for name, case in made.cases[task].items() if number < BY_HAND else ():
            if case.spans.items:
                span, item = case.spans.items[0], case.written[0]
                (region,) = json.loads(page.evaluate(SELECT, [name, span.label, *by_hand(case, span)]))
                assert places(region, item["value"]) == places(item["value"], item["value"]), case.value
                selected += 1
    assert selected > BY_HAND * 35


def test_what_is_submitted_is_read_from_the_mirror_as_it_was_predicted(page: Page, made: Made, tmp_path: Path) -> None:
    task = [*made.cases][-1]
    shown_as_written(page, made, task)
    with page.expect_response(lambda one: one.request.method == "POST" and bool(STORED_AT.search(one.url))):
        page.locator("button[name=submit]").click()
    mirror = Mirror(tmp_path / "mirror.sqlite", "00")
    sync(mirror, made.project)
    (labelled,) = mirror.labelled()
    for case in made.cases[task].values():
        (read,) = read_labelled(case.kind, case.control, [labelled], no_file)
        assert (read.problem, read.target) == (None, case.spans)


def no_file(url: str, task: int) -> Path:
    raise AssertionError(url)
