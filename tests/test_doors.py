"""Both doors, the shell's `lsal` and the notebook's `%lsal`, over the one table of commands."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from lsal import cli, jobs
from lsal.commands import COMMANDS, build_parser
from lsal.errors import BadRequest
from lsal.home import Home, activate, create_home
from lsal.magics import candidates
from lsal.settings import root_folder
from lsal.strategies import STRATEGIES

WORDS = {
    "new": ["digits", "--demo"],
    "attach": ["http://127.0.0.1:8080", "7"],
    "use": ["7"],
    "rehearse": ["data.csv", "--strategies", "auto,random", "--json"],
    "set": ["batch=50", "strategy=margin"],
    "train": ["--again", "20260101", "--wait"],
    "round": ["--strategy", "margin", "--batch", "20"],
    "label": ["10"],
    "promote": ["7", "--wait"],
    "rollback": ["--wait"],
    "compare": ["6", "7"],
    "queue": ["5"],
    "why": ["12"],
    "pin": ["12", "17"],
    "push-last": ["12"],
    "exclude": ["12"],
    "give-back": ["--all"],
}
NO_PROJECT = "Make one: lsal new digits  or  lsal attach URL PROJECT. Have you one? Go to its folder, or set LSAL_ROOT"
PROMISED = {"status", "up", "down", "new", "attach", "serve", "label", "train", "rank", "round", "versions", "verify"}
PROMISED |= {"promote", "rollback", "compare", "plot", "rehearse", "stop", "demo"}


@pytest.fixture(scope="module")
def one_shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "lsal")
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(one_shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> InteractiveShell:
    """A real IPython with lsal loaded; what it printed before is forgotten."""
    capsys.readouterr()
    return one_shell


def test_the_nearest_root_above_is_the_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LSAL_ROOT")
    below = tmp_path / "notebooks" / "old"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert root_folder() == below / ".lsal", "none above: a new one here"
    create_home(tmp_path / ".lsal", "http://127.0.0.1:1", 7, "2026", "Cats")
    (below / ".lsal").mkdir()  # nothing in it: somebody typed a command here
    assert root_folder() == tmp_path / ".lsal"
    assert (tmp_path / ".lsal" / ".gitignore").read_text() == "*\n"


def test_two_projects_of_one_number_are_told_apart(
    home: Home, capsys: pytest.CaptureFixture[str], isolated_root: Path
) -> None:
    other = create_home(isolated_root, "http://127.0.0.1:2", 7, "2026-01-02T00:00:00Z", "Dogs")
    assert cli.main(["use"]) == 0
    assert {home.slug, other.slug, "Dogs"} <= {*capsys.readouterr().out.split()}
    (isolated_root / "active").unlink()
    assert cli.main(["versions"]) == 1
    assert f"lsal use {other.slug} (Dogs)" in capsys.readouterr().err
    assert cli.main(["use", "7"]) == 1
    assert f"lsal use {home.slug}, lsal use {other.slug}" in capsys.readouterr().err
    assert cli.main(["use", "Dogs"]) == 0
    assert (isolated_root / "active").read_text() == other.slug


@pytest.fixture
def home(isolated_root: Path) -> Home:
    """A project on a server that does not answer."""
    home = create_home(isolated_root, "http://127.0.0.1:1", 7, "2026-01-01T00:00:00Z", "Cats <b>")
    activate(home)
    return home


def lsal(*words: str) -> subprocess.CompletedProcess[str]:
    wide = {**os.environ, "COLUMNS": "200"}
    return subprocess.run([sys.executable, "-m", "lsal.cli", *words], capture_output=True, text=True, env=wide)


def test_every_promised_command_is_in_the_table() -> None:
    assert set(COMMANDS) >= PROMISED


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_parses_and_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser, parsers = build_parser()
    given = parser.parse_args([name, *WORDS.get(name, []), "--project", "7"])
    assert (given.command, given.project) == (name, "7")
    assert COMMANDS[name].help
    assert all(argument.options.get("help") for argument in COMMANDS[name].arguments if argument.names)
    with pytest.raises(SystemExit) as caught:
        parser.parse_args([name, "--help"])
    assert caught.value.code == 0
    assert "--json" in capsys.readouterr().out
    assert name in parsers


def test_the_shell_lists_every_command() -> None:
    done = lsal("--help")
    assert done.returncode == 0
    listed = " ".join(done.stdout.split())
    assert all(f" {name} {command.help} " in listed for name, command in COMMANDS.items())


def test_without_a_project_the_shell_says_two_lines_and_fails() -> None:
    done = lsal("status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"BadRequest: There is no project yet in {os.environ['LSAL_ROOT']}",
        f"Next: {NO_PROJECT}",
    ]


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, list[str]]:
    """Exit status, stdout and lines of stderr of the shell's command, in this process."""
    status = cli.main(words)
    out, err = capsys.readouterr()
    return status, out, err.splitlines()


def test_the_status_is_the_default_and_needs_no_server(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    status, shown, _ = ran(capsys)
    assert status == 0
    assert "Cats <b>" in shown
    assert ran(capsys, "status")[1] == shown
    told = json.loads(ran(capsys, "status", "--json")[1])
    assert (told["project"], told["title"], told["tasks"], told["versions"]) == (7, "Cats <b>", 0, 0)


def test_options_alone_are_the_status(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(ran(capsys, "--json")[1])["project"] == 7
    assert json.loads(ran(capsys, "--project", home.slug, "--json")[1])["project"] == 7
    assert ran(capsys, "--project", "99")[0] == 1
    assert json.loads(lsal("--json").stdout)["project"] == 7


def test_what_was_not_done_is_said_in_words(
    home: Home, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(capsys, "cancel")[1] == "Nothing was running\n"
    assert json.loads(ran(capsys, "cancel", "--json")[1]) == {"asked": False}
    job = jobs.create(home, "round")
    assert f"Job {job.id} is being cancelled" in ran(capsys, "cancel")[1]
    assert json.loads(ran(capsys, "cancel", "--json")[1]) == {"asked": True, "job": job.id}
    assert (job.folder / "cancel").exists()
    assert ran(capsys, "stop")[1] == "No ML backend was running\n"
    assert "Neither Label Studio nor" in ran(capsys, "down")[1]
    told = "No round has trained a version yet"
    assert told in ran(capsys, "rounds")[1]
    assert json.loads(ran(capsys, "rounds", "--json")[1]) == []
    shown = shell.display_formatter.format(shell.run_cell("%lsal rounds").result)[0]
    assert told in shown["text/plain"]
    assert told in shown["text/html"]


def test_plot_writes_the_curve(home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert ran(capsys, "plot", "--out", str(tmp_path / "curve.png"))[0] == 0
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_settings_are_set_and_refused(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(ran(capsys, "set", "batch=50", "measuring_share=0.2", "--json")[1])["batch"] == 50
    assert (home.settings().batch, home.settings().measuring_share) == (50, 0.2)
    for wrong in ("batch", "bacth=50", "batch=many", "family=random", "family=3"):
        status, _, told = ran(capsys, "set", wrong)
        assert status == 1
        assert (told[0][:11], told[1][:5], len(told)) == ("BadRequest:", "Next:", 2)
    assert home.settings().batch == 50
    assert ran(capsys, "set", 'family={"label": "random"}', 'options={"label": {"strength": 2}}')[0] == 0
    assert (home.settings().family, home.settings().options) == ({"label": "random"}, {"label": {"strength": 2}})
    assert ran(capsys, "set", "family=null", "options=null")[0] == 0
    assert (home.settings().family, home.settings().options) == (None, None)


@pytest.mark.parametrize(
    "words",
    [
        ["sync"],
        ["verify"],
        ["train", "--again", "nothing"],
        ["status", "--project", "99"],
        ["attach", "http://127.0.0.1:1", "7"],
        ["attach", "http://127.0.0.1:1", "7", "--key-file", "no-such-file"],
        ["rehearse", "no-such-file.csv"],
        ["rehearse", "no-such-file.csv", "--options", "[]"],
        ["demo", "no-such-file.csv", "--options", "epochs=3"],
    ],
    ids=" ".join,
)
def test_every_failure_is_two_lines(home: Home, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    status, out, told = ran(capsys, *words)
    assert (status, out, len(told)) == (1, "", 2)
    assert told[1].startswith("Next: ")


def test_the_magic_shows_the_status(shell: InteractiveShell, home: Home) -> None:
    shown = shell.run_cell("%lsal")
    assert shown.success
    assert shown.result.title == "Cats <b>"
    data, _ = shell.display_formatter.format(shown.result)
    assert "Cats &lt;b&gt;" in data["text/html"]
    assert "Cats <b>" in data["text/plain"]


def test_the_magic_prints_json(shell: InteractiveShell, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    for line in ("%lsal status --json", "%lsal --json", "%lsal --project 7 --json"):
        assert shell.run_cell(line).result is None
        assert json.loads(capsys.readouterr().out)["project"] == 7


def test_an_error_in_the_notebook_is_two_lines(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    done = shell.run_cell("%lsal versions")
    assert isinstance(done.error_in_exec, BadRequest)
    said = capsys.readouterr()
    told = (said.out + said.err).strip().splitlines()
    assert told == [
        f"BadRequest: There is no project yet in {os.environ['LSAL_ROOT']}",
        f"Next: {NO_PROJECT}",
    ]


@pytest.mark.parametrize("line", ["nonsense", "new", "rank --batch many", "queue 'open", "status --nonsense"])
def test_a_mistake_is_told_and_the_kernel_lives(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    done = shell.run_cell(f"%lsal {line}")
    assert type(done.error_in_exec).__name__ == "UsageError"
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "UsageError" in said.out + said.err
    assert shell.run_cell("1 + 1").result == 2


@pytest.mark.parametrize(
    ("line", "wanted"), [("--help", "rehearse"), ("-h", "rehearse"), ("rank --help", "--strategy")]
)
def test_the_magic_explains_itself(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], line: str, wanted: str
) -> None:
    assert shell.run_cell(f"%lsal {line}").success
    assert wanted in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([""], list(COMMANDS)),
        (["ver"], ["versions", "verify"]),
        (["zzz"], []),
        (["rank", "--str"], ["--strategy"]),
        (["rank", "--strategy", ""], list(STRATEGIES)),
        (["rank", "--strategy", "mar"], ["margin", "margin_kmeans"]),
        (["rehearse", "d.csv", "--strategies", "auto,rand"], ["auto,random"]),
        (["nonsense", "--"], []),
        (["--js"], ["--json"]),
        (["--json", "--pro"], ["--project"]),
    ],
)
def test_candidates(words: list[str], wanted: list[str]) -> None:
    assert candidates(words) == wanted


def completions(shell: InteractiveShell, text: str) -> list[str]:
    """What a notebook offers at the end of `text`, as whole lines."""
    from IPython.core.completer import provisionalcompleter

    with provisionalcompleter():
        found = list(shell.Completer.completions(text, len(text)))
    return [text[: c.start] + c.text + text[c.end :] for c in found]


def test_the_notebook_completes(shell: InteractiveShell) -> None:
    assert completions(shell, "%lsal ro") == ["%lsal rollback", "%lsal round", "%lsal rounds"]
    assert completions(shell, "%lsal rank --str") == ["%lsal rank --strategy"]
    assert completions(shell, "%lsal rank --strategy mar") == [
        "%lsal rank --strategy margin",
        "%lsal rank --strategy margin_kmeans",
    ]
    assert set(completions(shell, "%lsal ")) == {f"%lsal {name}" for name in COMMANDS}
    assert completions(shell, "x = 1\n%lsal sta") == ["x = 1\n%lsal status"]


def test_other_lines_complete_as_before(shell: InteractiveShell) -> None:
    assert any("print" in line for line in completions(shell, "pri"))
    assert not any("status" in line for line in completions(shell, "%matplotlib sta"))


def test_loading_twice_is_loading_once(shell: InteractiveShell) -> None:
    before = len(shell.Completer.custom_matchers)
    shell.run_line_magic("reload_ext", "lsal")
    assert len(shell.Completer.custom_matchers) == before


def test_the_terminal_gets_no_control_characters(isolated_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    activate(create_home(isolated_root, "http://127.0.0.1:1", 7, "2026-01-01T00:00:00Z", "\x1b[2JCats"))
    status, shown, _ = ran(capsys, "status")
    assert status == 0
    assert "[2JCats" in shown
    assert "\x1b" not in shown
