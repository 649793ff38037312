"""Texts of others (tasks, labels, names, errors) in everything that shows them: HTML, terminals, logs, tables."""

import io
import logging

import pytest

from lsal import cli
from lsal.dashboard.html import _html, to_text
from lsal.dashboard.tables import Sheet
from lsal.errors import BadData, LabelStudioError
from lsal.home import create_home
from lsal.phrases import PlainFormatter, printable
from lsal.workbench.cells import BEGINNINGS, neutral

TAG = "<script>harmed()</script><img src=x onerror=harmed()>\"'><a href=javascript:harmed()>"
ESCAPES = {
    "clears the screen": "\x1b[2J",
    "sets the title": "\x1b]0;mine\x07",
    "is a link to elsewhere": "\x1b]8;;http://evil.example\x07here\x1b]8;;\x07",
    "writes the clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "is the short form": "\x9b31m",
    "overwrites the line": "good\rbad",
    "goes back": "good\b\b\b\bbad",
    "reorders": "\u202egpj.exe",
    "isolates": "\u2066x\u2069",
    "hides": "a\u200bb\ufeffc",
}


def test_nothing_of_a_record_is_html() -> None:
    """Every place of a sheet, which is what every record is shown by."""
    below = Sheet(TAG, notes=(TAG,))
    shown = _html(Sheet(TAG, ((TAG, TAG),), (TAG,), ((TAG,),), (TAG,), {}, {TAG: "#000000"}, (below,)))
    assert shown.count("&lt;script&gt;") == 9
    for part in ("<script", "<img", "<a ", "onerror=harmed()>\"'>"):
        assert part not in shown


@pytest.mark.parametrize("text", ESCAPES.values(), ids=ESCAPES)
def test_no_text_moves_a_terminal(text: str) -> None:
    for shown in (printable(text), to_text(text), *BadData(text, text)._render_traceback_()):
        assert all(one.isprintable() for one in shown), repr(shown)


@pytest.mark.parametrize(
    "text", ["family \U0001f468\u200d\U0001f469\u200d\U0001f467", "می\u200cخواهم", "zwei\nZeilen", "日本語"]
)
def test_texts_of_people_stay_whole(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("text", ESCAPES.values(), ids=ESCAPES)
def test_no_line_of_a_log_moves_a_terminal_or_pretends_to_be_another(text: str) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(PlainFormatter("%(asctime)s %(name)s %(message)s"))
    log = logging.getLogger("hostile")
    log.addHandler(handler)
    log.propagate = False
    try:
        log.warning("%s", f"{text}\n2026-01-01 00:00:00,000 lsal.backend all is well")
    finally:
        log.removeHandler(handler)
    first, second = written.getvalue().splitlines()
    assert all(one.isprintable() for one in first + second)
    assert second.startswith("    ")


def test_an_error_of_the_shell_moves_no_terminal(
    isolated_root: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise LabelStudioError("http://x answered 400: \x1b[2J\x9b31m\u202e", "Look at \x1b]0;x\x07")

    monkeypatch.setattr(cli, "run", fails)
    assert cli.main(["status"]) == 1
    shown = capsys.readouterr().err
    assert all(one.isprintable() or one == "\n" for one in shown)
    assert "answered 400" in shown


def test_names_that_people_give_are_names_of_folders_below_the_root(isolated_root: object, tmp_path: object) -> None:
    home = create_home(tmp_path / "root", "http://x/../../..", 7, "../../../etc", "../..")  # type: ignore[operator]
    assert home.folder.resolve().is_relative_to(tmp_path / "root" / "projects")  # type: ignore[operator]
    assert home.folder.parent == tmp_path / "root" / "projects"  # type: ignore[operator]


@pytest.mark.parametrize("beginning", [*BEGINNINGS, "=cmd|'/C calc'!A0", "@SUM(1)", "+1+cmd", "-2+3", "\t=1", "\r=1"])
def test_no_cell_begins_as_a_formula(beginning: str) -> None:
    assert neutral(f"{beginning}x")[0] == "'"


@pytest.mark.parametrize("number", ["-2.5", "+1e9", "-.5", "3"])
def test_numbers_stay_numbers(number: str) -> None:
    assert neutral(number) == number
