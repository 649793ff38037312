"""Keys and folders on a machine that other people use too: who can read them, and what lies where lsal looks."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from lsal import cli, settings
from lsal.errors import BadData, BadRequest
from lsal.files import keep_private, write_json, write_whole
from lsal.home import Home, create_home
from lsal.kinds import ocr
from lsal.project_settings import check_settings
from lsal.settings import cache_folder, keep_key, root_folder, root_secret
from lsal.workbench.exporting import _whole

LEGACY = "0123456789abcdef0123456789abcdef01234567"
PERSONAL = "eyJhbGciOiJIUzI1NiJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl"


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Who can read --------------------------------------------------------------------------


@pytest.mark.usefixtures("open_umask")
def test_the_root_and_the_cache_are_for_their_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = create_home(tmp_path / "root", "http://127.0.0.1:1", 7, "2026", "theirs")
    keep_key(tmp_path / "other", "http://127.0.0.1:1", "k")
    monkeypatch.setenv("LSAL_CACHE", str(tmp_path / "cache"))
    assert [mode(folder) for folder in (home.root, tmp_path / "other", cache_folder())] == [0o700] * 3


@pytest.mark.usefixtures("open_umask")
def test_a_file_with_a_key_is_closed_from_its_first_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened with its mode, not closed after it was written."""
    seen: list[int] = []
    real = os.fdopen

    def watched(descriptor: int, *given: str) -> object:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return real(descriptor, *given)

    monkeypatch.setattr(os, "fdopen", watched)
    keep_private(tmp_path / "root")
    seen.clear()
    keep_key(tmp_path / "root", "http://127.0.0.1:1", "k")
    root_secret(tmp_path / "root")
    assert seen == [0o600, 0o600]


def test_two_processes_make_one_secret(tmp_path: Path) -> None:
    code = "import pathlib, sys; from lsal import settings; print(settings.root_secret(pathlib.Path(sys.argv[1])))"
    with ThreadPoolExecutor(4) as pool:
        command = [sys.executable, "-c", code, str(tmp_path / "root")]
        told = {done.stdout for done in pool.map(lambda _: subprocess.run(command, capture_output=True), range(4))}
    assert told == {f"{root_secret(tmp_path / 'root')}\n".encode()}
    assert not list((tmp_path / "root").glob("*.tmp"))


@pytest.mark.parametrize("secret", ["", "short", "with spaces and more of it", "/" * 20])
def test_a_secret_that_could_be_guessed_serves_nothing(tmp_path: Path, secret: str) -> None:
    write_json(tmp_path / "secret.json", {"secret": secret}, mode=0o600)
    with pytest.raises(BadData, match="holds no secret"):
        root_secret(tmp_path)
    command = [sys.executable, "-m", "lsal.backend", str(tmp_path), "--host", "0.0.0.0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode
    assert "holds no secret" in done.stderr


def test_a_secret_that_others_could_read_is_closed_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root_secret(tmp_path)
    (tmp_path / "secret.json").chmod(0o644)
    root_secret(tmp_path)
    assert mode(tmp_path / "secret.json") == 0o600
    assert "could be read by other users" in caplog.text


# What lies where lsal looks ------------------------------------------------------------


def laid_out(folder: Path) -> Path:
    """A root that a stranger laid out above a folder of ours, so that our key goes to a server of theirs."""
    create_home(folder / ".lsal", "http://evil.example", 7, "2026", "theirs")
    if os.geteuid() == 0:
        os.chown(folder / ".lsal", 12345, 12345)
    work = folder / "work"
    work.mkdir()
    return work


@pytest.mark.parametrize(("user", "shared", "refused"), [(4242, False, True), (0, True, True), (0, False, False)])
def test_a_root_that_somebody_else_laid_out_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, shared: bool, refused: bool
) -> None:
    monkeypatch.delenv("LSAL_ROOT")
    monkeypatch.chdir(laid_out(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    tmp_path.chmod(0o1777 if shared else 0o755)
    if refused:
        with pytest.raises(BadRequest, match="belongs to another user") as error:
            root_folder()
        assert f"LSAL_ROOT='{tmp_path / '.lsal'}'" in error.value.fix
    else:
        assert root_folder() == tmp_path / ".lsal"
    monkeypatch.setenv("LSAL_ROOT", str(tmp_path / ".lsal"))
    assert root_folder() == tmp_path / ".lsal", "who names it trusts it"


def test_ones_own_root_is_found_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LSAL_ROOT")
    create_home(tmp_path / ".lsal", "http://127.0.0.1:1", 7, "2026", "mine")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert root_folder() == tmp_path / ".lsal"


def test_a_link_that_was_laid_out_is_not_written_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim, shared = tmp_path / "victim", tmp_path / "shared"
    victim.write_text("whole")
    shared.mkdir()
    monkeypatch.setattr("threading.get_ident", lambda: 1)
    for name in (f".out.csv.{os.getpid()}.tmp", f".out.csv.{os.getpid()}-1.tmp"):
        (shared / name).symlink_to(victim)
    write_whole(shared / "out.csv", b"ours")
    assert (victim.read_text(), (shared / "out.csv").read_text()) == ("whole", "ours")
    assert _whole(shared / "out.csv", True, lambda path: path.write_text("again")) == 5
    assert (victim.read_text(), (shared / "out.csv").read_text()) == ("whole", "again")
    assert not (shared / "out.csv").is_symlink()


def test_no_scratch_name_can_be_foreseen_and_none_is_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lsal.models.scratch import scratch

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with scratch() as first:
        assert mode(first) == 0o700
    with scratch() as second:
        assert first.name != second.name


def test_what_is_swept_is_no_folder_behind_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lsal.models.scratch import PREFIX, scratch

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "work").write_text("whole")
    (tmp_path / f"{PREFIX}x").symlink_to(victim)
    (tmp_path / f"{PREFIX}x.lock").touch()  # nobody holds it
    (tmp_path / f"{PREFIX}y.lock").symlink_to(victim / "work")
    with scratch():
        assert not (tmp_path / f"{PREFIX}x.lock").exists()
    assert (victim / "work").read_text() == "whole"


# A key in the wrong place --------------------------------------------------------------


@pytest.mark.parametrize("key", [LEGACY, PERSONAL])
@pytest.mark.parametrize(
    "line",
    [
        "set batch={}",
        "set {}=5",
        "set strategy={}",
        "set options={{'a':{{'b':'{}'}}}}",
        "attach http://x 7 {}",
        "{}",
        "why {}",
    ],
)
def test_a_key_on_a_line_is_not_repeated(home: Home, capsys: pytest.CaptureFixture[str], line: str, key: str) -> None:
    assert cli.main(line.format(key).split()) == 1
    out, err = capsys.readouterr()
    assert key not in out + err
    assert "There is a key on the line" in err
    assert not [path for path in home.root.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]


def test_nor_in_a_cell(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "lsal")
    shell.run_cell(f"%lsal set batch={LEGACY}")
    out, err = capsys.readouterr()
    assert "There is a key on the line" in out + err
    assert LEGACY not in out + err


@pytest.fixture
def home(isolated_root: Path) -> Home:
    from lsal.home import activate

    made = create_home(isolated_root, "http://127.0.0.1:1", 7, "2026", "mine")
    activate(made)
    return made


@pytest.mark.parametrize(
    "key", [LEGACY, PERSONAL, "hf_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345", "correct horse battery staple"]
)
@pytest.mark.parametrize("name", ["batch", "rank_by", "tracking", "options", "seed"])
def test_a_refused_value_is_not_shown_whole(name: str, key: str) -> None:
    with pytest.raises(BadRequest) as error:
        check_settings({name: key})
    assert key[4:] not in str(error.value)
    assert key[4:] not in repr(error.value)


@pytest.mark.parametrize("value", [LEGACY, {"label": LEGACY}, {"label": {"model": LEGACY}}, {LEGACY: "x"}])
def test_a_key_is_kept_as_no_setting(value: object) -> None:
    for name in ("strategy", "engine", "family", "options"):
        with pytest.raises(BadRequest, match="A key stands where a setting belongs"):
            check_settings({name: value})


def test_a_mistyped_value_is_still_shown() -> None:
    with pytest.raises(BadRequest, match="'batch' cannot be 'fifty'"):
        check_settings({"batch": "fifty"})


# Programs that need no key -------------------------------------------------------------


def test_programs_of_others_get_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in settings.KEYS:
        monkeypatch.setenv(name, LEGACY)
    assert LEGACY not in settings.without_keys().values()
    assert LEGACY not in settings.one_thread().values()
    assert set(os.environ) - set(settings.without_keys()) == set(settings.KEYS)
    given: list[dict[str, str]] = []
    monkeypatch.setattr(ocr, "which", lambda _: sys.executable)

    def run(command: list[str], **more: object) -> subprocess.CompletedProcess[bytes]:
        given.append(dict(more["env"]))  # type: ignore[call-overload]
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr(ocr.subprocess, "run", run)
    from PIL import Image

    Image.new("RGB", (20, 20)).save(tmp_path / "page.png")
    ocr.read_page(tmp_path / "page.png")
    assert given
    assert LEGACY not in given[0].values()
