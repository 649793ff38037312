"""Why a task is asked for, drawn: what the kernel tells, what a real browser shows in a real JupyterLab."""

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from explained import answer, explained, kept_pool, open_entry
from jupyter_server import jupyterlab, write_notebook
from playwright.sync_api import Page, expect, sync_playwright
from prepared import HOSTILE
from shots import shot
from test_browser import CHROMIUM, FLAGS, WAIT_MS, run_first_cell

from lsal import scored
from lsal.dashboard.why import LETTERS, NAME, Reasons, why_of
from lsal.errors import BadRequest
from lsal.files import to_json
from lsal.workbench import Workbench

CELL = """
import asyncio
from lsal.dashboard.why import Reasons
from lsal.workbench import Workbench
class Live:
    bench = Workbench()
    async def apart(self, work, *given):
        return await asyncio.to_thread(work, *given)
reasons = Reasons(Live())
display(reasons.view)
await reasons.tell({task})
"""


class Live:
    """As much of a dashboard as the part asks for; `held` keeps what it does apart waiting."""

    def __init__(self, bench: Workbench) -> None:
        self.bench, self.held = bench, asyncio.Event()
        self.held.set()

    async def apart(self, work: Callable[..., Any], *given: Any) -> Any:
        told = await asyncio.to_thread(work, *given)
        await self.held.wait()
        return told


def test_what_is_told_is_plain_and_cut(isolated_root: Path) -> None:
    bench = explained(isolated_root)
    bench.configure(measuring_share=0)  # a text that changed is drawn again, and would measure now and then
    entry = open_entry(bench)
    [task] = bench.desk.mirror.tasks(ids=[entry.task_id])
    row = {"id": task.id, "updated_at": "2026-01-02T00:00:00.000000Z", "annotations": []}
    bench.desk.mirror.keep([row | {"data": {"text": "\x1b[2J" + "x" * 1_000_000}}])
    pool = kept_pool(bench)
    scored.keep(
        bench.home, type(pool)(**{f: getattr(pool, f) for f in pool.__slots__} | {"classes": ("y" * 9999, "b")})
    )
    told = why_of(bench.why(task.id))
    assert len(told["text"]) == LETTERS
    assert {len(one["label"]) for one in told["chances"]} == {1, NAME}
    assert len(to_json(told)) < 10_000
    assert [one["same"] for one in told["neighbours"]] == [False] * 5
    assert sum(one["chance"] for one in told["chances"]) == pytest.approx(1)


def test_a_measuring_task_is_told_without_anything_of_a_model(isolated_root: Path) -> None:
    bench = explained(isolated_root)
    task = next(bench.desk.mirror.tasks(state=0)).id
    told = why_of(bench.why(task))
    assert (told["role"], told["chances"], told["neighbours"], told["guess"], told["group"]) == (
        "measuring",
        [],
        [],
        "",
        "",
    )


def test_the_task_that_was_chosen_last_is_the_one_that_is_told_of(isolated_root: Path) -> None:
    bench = explained(isolated_root, images=True)
    one, two = kept_pool(bench).task_ids.tolist()[:2]

    async def play() -> None:
        live = Live(bench)
        reasons = Reasons(live)
        await reasons.tell(one)
        assert reasons.view.why["task"] == one
        assert reasons.view.pictures[str(one)]["image"].startswith("data:image/png")
        live.held.clear()
        late = asyncio.create_task(reasons.tell(one))
        await asyncio.sleep(0)
        later = asyncio.create_task(reasons.tell(two))
        await asyncio.sleep(0)
        live.held.set()
        await asyncio.gather(later, late)
        assert reasons.view.why["task"] == two
        assert str(two) in reasons.view.pictures
        await reasons.tell(0)
        assert reasons.view.why == {}
        with pytest.raises(BadRequest):
            await reasons.tell(99)
        reasons.close()

    asyncio.run(play())


# In a browser ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def bench(folder: Path) -> Workbench:
    """Task 26 is hostile, and open for picking; two people disagree on its nearest neighbour."""
    made = explained(folder / "root", classes=14)
    made.configure(measuring_share=0.0)
    scored.keep(made.home, kept_pool(made, classes=14))
    answer(made, 2, (1, HOSTILE), (2, "ham"))
    return made


@pytest.fixture(scope="module")
def page(folder: Path, bench: Workbench) -> Iterator[Page]:
    write_notebook(folder / "why.ipynb", CELL.replace("{task}", "26"))
    expect.set_options(timeout=WAIT_MS)
    with jupyterlab(folder, {"LSAL_ROOT": str(folder / "root")}) as (url, token), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS.split(), "--no-first-run"])
        page = browser.new_context(viewport={"width": 1250, "height": 1100}).new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{url}/lab/tree/why.ipynb?token={token}")
        run_first_cell(page)
        yield page
        browser.close()


def test_parts_chances_and_neighbours_are_drawn_and_hostile_text_is_text(page: Page, bench: Workbench) -> None:
    shown, why = page.locator(".lsal-why"), bench.why(26)
    expect(shown).to_contain_text("Task 26")
    expect(shown.locator(".lsal-why-head")).to_contain_text(HOSTILE)
    expect(shown.locator("caption").first).to_have_text(
        "Where it stands" if why.place is None else "What brought it here"
    )
    chances = shown.locator(".lsal-why-chances tbody tr")
    expect(chances).to_have_count(11)
    expect(chances.last).to_contain_text("4 other classes")
    widths = [chances.nth(k).locator(".lsal-why-bar").bounding_box()["width"] for k in (0, 9)]
    wanted = why.chances[0].chance / why.chances[9].chance
    assert widths[0] / widths[1] == pytest.approx(wanted, rel=0.15)
    likes = shown.locator(".lsal-why-alike tbody tr")
    expect(likes).to_have_count(5)
    for place, one in enumerate(why.neighbours):
        expect(likes.nth(place)).to_contain_text(f"{one.similarity:.2f}")
    expect(likes.first).to_contain_text("ben@example.org")
    expect(shown.locator(".lsal-why-parts")).to_contain_text("1 - the gap between its two likeliest classes")
    assert page.evaluate("window.harmed") is None
    assert shown.locator("img, script").count() == 0
    page.screenshot(path=shot("why-light"))


def test_axe_finds_no_serious_fault_in_light_dark_and_narrow(page: Page) -> None:
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        page.locator(".lm-MenuBar-itemLabel", has_text="Settings").click()
        page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Theme$")).click()
        page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{theme}$")).click()
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        found = Axe().run(page, ".lsal-why").response["violations"]
        serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
        assert not serious, theme
        page.screenshot(path=shot(f"why-{theme.split()[-1].lower()}"))
    page.set_viewport_size({"width": 900, "height": 1100})
    shown = page.locator(".lsal-why")
    overflow = shown.evaluate("root => root.scrollWidth - root.clientWidth")
    assert overflow <= 0, "nothing is cut off where there is little room"
    page.screenshot(path=shot("why-narrow"))
