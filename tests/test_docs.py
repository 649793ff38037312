"""What README, CONTRIBUTING and docs/ tell people to type exists, links lead somewhere, pains name real tests."""

import re
import shlex
from pathlib import Path

import pytest

from lsal.commands import COMMANDS, build_parser

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
PAINS = REPOSITORY / "docs" / "pains.md"
PLACEHOLDER = re.compile(r"^[A-Z][A-Z_]*$")


def commands_in(text: str) -> list[list[str]]:
    """The words of every `lsal ...` and `%lsal ...` in code, fenced or between backticks."""
    fenced = re.findall(r"```[a-z]*\n(.*?)```", text, re.S)
    lines = [line for block in fenced for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    # Only a command: `lsal` alone is the package's name, and `lsal.model` one of its parts.
    found = [re.match(r"\s*(?:\$ )?%?lsal( .*)$", line) for line in lines]
    return [shlex.split(match[1], comments=True) for match in found if match]


def each_command() -> list[object]:
    told = {(page.name, " ".join(words)): words for page in PAGES for words in commands_in(page.read_text())}
    return [pytest.param(words, id=f"{page}: lsal {line}") for (page, line), words in told.items() if words]


@pytest.mark.parametrize("words", each_command())
def test_every_command_in_the_pages_can_be_typed(words: list[str]) -> None:
    # A placeholder such as N or JOB stands for whatever fits there: a number fits everywhere.
    typed = ["1" if PLACEHOLDER.match(word) else word for word in words if word != "..."]
    assert words[0] in {*COMMANDS, "--help"}, f"there is no command '{words[0]}'"
    if len(words) == 1:  # spoken of by its name
        return
    parser = build_parser()[0]
    if {"-h", "--help"} & {*typed}:
        return
    assert parser.parse_args(typed).command == words[0]


def test_the_check_sees_what_does_not_exist() -> None:
    text = "Say `lsal fly --high`, or\n```\n%lsal round --batch 5  # why\n$ lsal status\n```\nfor `lsal`, `lsal.kind`."
    assert commands_in(text) == [["round", "--batch", "5"], ["status"], ["fly", "--high"]]
    with pytest.raises(SystemExit):
        build_parser()[0].parse_args(["round", "--high"])


def test_every_command_is_told_of() -> None:
    told = {words[0] for page in PAGES for words in commands_in(page.read_text()) if words}
    table = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\|.*\|", PAGES[0].read_text(), re.M))))
    assert not set(COMMANDS) - told - table


def test_every_option_is_told_of() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    ordinary = {"-h", "--help", "--json", "--project"}
    missing = {
        f"lsal {name} {flag}"
        for name, parser in build_parser()[1].items()
        for action in parser._actions
        for flag in action.option_strings
        if flag not in ordinary and flag not in text
    }
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_pain_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| *(\d+) *\|.*$", PAINS.read_text(), re.M)
    assert [int(number) for number in rows] == list(range(1, 18))
    for number, names in re.findall(r"^\| *(\d+) *\|[^|]*\|[^|]*\|([^|]*)\|$", PAINS.read_text(), re.M):
        tests = re.findall(r"`([\w/.]+)::(\w+)`", names)
        assert tests, f"pain {number} names no test"
        for file, name in tests:
            source = (REPOSITORY / "tests" / file).read_text()
            assert re.search(rf"^\s*def {name}\(", source, re.M), f"pain {number}: {file} has no {name}"
