"""One home per project: found by name, locked by one, settings and keys kept; formats are numbered."""

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lsal.errors import BadData, BadRequest, Busy, Refused
from lsal.files import read_json, write_json
from lsal.home import Home, activate, create_home, find_home, homes, open_home
from lsal.settings import cache_folder, keep_key, label_studio_key, root_folder, root_secret, worker_threads

URL = "http://127.0.0.1:8080"
STAMP = "2026-01-02T03:04:05.678Z"


@pytest.fixture
def home(isolated_root: Path) -> Home:
    return create_home(isolated_root, URL, 7, STAMP, "Cats")


def test_a_home_opens_as_it_was_made(isolated_root: Path) -> None:
    made = create_home(isolated_root, URL, 7, STAMP, "Cats", demo=True)
    assert open_home(made.folder) == made
    assert made.root == isolated_root
    assert (made.url, made.project, made.title, made.demo, made.own_server) == (URL, 7, "Cats", True, False)
    assert len(bytes.fromhex(made.order_key)) == 16


def test_making_it_again_opens_it(home: Home) -> None:
    assert create_home(home.root, URL, 7, STAMP, "Dogs") == home


def test_a_deleted_projects_id_used_again_is_another_home(home: Home) -> None:
    again = create_home(home.root, URL, 7, "2026-02-02T00:00:00Z", "Cats")
    assert again.folder != home.folder
    assert again.order_key != home.order_key


def test_an_unknown_format_is_refused_by_its_number(home: Home) -> None:
    kept = read_json(home.path("home.json"))
    write_json(home.path("home.json"), kept | {"format": 99})
    with pytest.raises(BadData, match=r"format 99.*format 1"):
        open_home(home.folder)


def test_a_later_field_of_the_same_format_is_passed_over(home: Home) -> None:
    write_json(home.path("home.json"), read_json(home.path("home.json")) | {"colour": "red"})
    assert open_home(home.folder) == home


def test_a_folder_without_a_home_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="holds no lsal project") as caught:
        open_home(tmp_path)
    assert "lsal attach" in caught.value.fix


def test_the_active_home_is_meant_without_a_name(home: Home) -> None:
    other = create_home(home.root, URL, 8, STAMP, "Dogs")
    activate(other)
    assert find_home(home.root) == other
    activate(home)
    assert find_home(home.root) == home
    assert find_home(home.root, "8") == find_home(home.root, other.slug) == other
    assert homes(home.root) == [home, other]


def test_a_wrong_name_lists_the_choices(home: Home) -> None:
    create_home(home.root, URL, 8, STAMP, "Dogs")
    with pytest.raises(BadRequest, match="'9'") as caught:
        find_home(home.root, "9")
    assert "7 (Cats)" in caught.value.fix
    assert "8 (Dogs)" in caught.value.fix


def test_an_id_on_two_servers_is_not_guessed(home: Home) -> None:
    other = create_home(home.root, "http://127.0.0.1:9090", 7, STAMP, "Dogs")
    with pytest.raises(BadRequest, match="2 projects") as caught:
        find_home(home.root, "7")
    assert home.slug in caught.value.fix
    assert other.slug in caught.value.fix
    assert find_home(home.root, other.slug) == other


def test_without_any_project_the_first_step_is_told(isolated_root: Path) -> None:
    with pytest.raises(BadRequest, match="no project yet") as caught:
        find_home(isolated_root)
    assert "lsal new digits" in caught.value.fix


def test_settings_change_one_by_one_and_last(home: Home) -> None:
    assert home.settings().strategy == "auto"
    home.change_settings(batch=50)
    home.change_settings(measuring_share=0, options={"label": {"strength": 1.0}})
    kept = open_home(home.folder).settings()
    assert (kept.batch, kept.measuring_share, kept.strategy) == (50, 0, "auto")
    assert kept.options == {"label": {"strength": 1.0}}


def test_an_unknown_setting_is_refused_with_the_list(home: Home) -> None:
    with pytest.raises(BadRequest, match="'bacth'") as caught:
        home.change_settings(bacth=50)
    assert "batch" in caught.value.fix
    assert home.settings().batch == 25


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch": "many"},
        {"batch": 0},
        {"batch": 2.5},
        {"measuring_share": 1.5},
        {"measuring_share": "no"},
        {"refill_below": -1},
        {"strategy": 3},
        {"family": "sklearn_text"},
        {"options": {"label": 1}},
        {"seed": "x"},
        {"seed": True},
    ],
    ids=str,
)
def test_a_value_that_cannot_be_is_refused_and_nothing_changes(home: Home, wrong: dict[str, object]) -> None:
    before = home.settings()
    with pytest.raises(BadRequest, match=f"'{next(iter(wrong))}'") as caught:
        home.change_settings(**{"batch": 30} | wrong)
    assert caught.value.fix
    assert home.settings() == before


def lock_holder(home: Home) -> subprocess.Popen[str]:
    """Another process that holds the home's lock until it is ended."""
    code = (
        "import sys; from pathlib import Path; from lsal.home import open_home\n"
        "with open_home(Path(sys.argv[1])).lock():\n    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(home.folder)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    return holder


def test_one_process_holds_the_lock_and_its_death_frees_it(home: Home) -> None:
    with lock_holder(home) as holder:
        with pytest.raises(Busy, match="project 7"), home.lock():
            pytest.fail("two hold the lock")
        holder.send_signal(signal.SIGKILL)
        with home.lock(wait_s=60):
            assert holder.wait() == -signal.SIGKILL


def test_the_lock_is_free_after_its_block(home: Home) -> None:
    with pytest.raises(ZeroDivisionError), home.lock():
        raise ZeroDivisionError
    with home.lock():
        pass


def test_a_kept_key_is_for_its_owner_and_its_server(isolated_root: Path) -> None:
    keep_key(isolated_root, URL + "/", "mine")
    keep_key(isolated_root, "http://other:80", "theirs")
    assert label_studio_key(isolated_root, URL) == "mine"
    assert label_studio_key(isolated_root, "http://other:80/") == "theirs"
    assert stat.S_IMODE((isolated_root / "keys.json").stat().st_mode) == 0o600


def test_the_environments_key_is_for_the_server_it_names(isolated_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_key(isolated_root, URL, "kept")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "given")
    assert label_studio_key(isolated_root, URL) == "kept"
    assert label_studio_key(isolated_root, "http://other") == "given"
    monkeypatch.setenv("LABEL_STUDIO_URL", URL + "/")
    assert label_studio_key(isolated_root, URL) == "given"
    with pytest.raises(Refused, match="no key for http://other") as caught:
        label_studio_key(isolated_root, "http://other")
    assert "LABEL_STUDIO_API_KEY" in caught.value.fix
    assert "given" not in str(caught.value)


def test_the_roots_secret_is_made_once(isolated_root: Path) -> None:
    secret = root_secret(isolated_root)
    assert root_secret(isolated_root) == secret
    assert len(secret) >= 24
    assert stat.S_IMODE((isolated_root / "secret.json").stat().st_mode) == 0o600


def test_folders_come_from_the_environment(
    isolated_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert root_folder() == isolated_root
    monkeypatch.delenv("LSAL_ROOT")
    monkeypatch.chdir(tmp_path)
    assert root_folder() == tmp_path / ".lsal"
    monkeypatch.setenv("LSAL_CACHE", str(tmp_path / "c"))
    assert cache_folder() == tmp_path / "c"
    monkeypatch.setenv("LSAL_THREADS", "3")
    assert worker_threads() == 3
