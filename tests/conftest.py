"""One real Label Studio for the whole session, and a fresh root for every test."""

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import again
import httpx
import pytest
from again import pytest_sessionfinish, pytest_terminal_summary  # noqa: F401  # hooks
from postgres import Foreign, label_studio_on_postgres

from lsal import home
from lsal.label_studio import server
from lsal.workbench import Workbench, serving

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


MINUTES = [
    "test_killed",
    "test_demos",
    "test_showcase",
    "test_postgres",
    "test_wire_faults",
    "test_offline",
    "test_boxes_notebook",
    "test_forecast",
    "test_automatic",
    "test_dashboard_live",
    "test_switches",
    "test_boxes_loop",
    "test_doctor",
    "test_faults",
    "test_serving",
    "test_backend",
    "test_queue",
    "test_jobs",
    "test_teams",
    "test_namespaces",
]
"""Files of tests, the longest first."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--draw=2` draws other measuring tasks than `--draw=1`, so that what holds by luck is found."""
    again.pytest_addoption(parser)
    parser.addoption("--draw", default="1", help="which measuring tasks are drawn: any word")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take minutes go first: begun last, one of them keeps a worker when the other has no more to do."""
    items.sort(key=lambda item: MINUTES.index(item.path.stem) if item.path.stem in MINUTES else len(MINUTES))


@pytest.fixture(scope="session", autouse=True)
def drawn(pytestconfig: pytest.Config) -> Iterator[None]:
    """A project's secret is drawn from the name of its test: without a server it does the same on every day."""
    homes: Counter[str] = Counter()

    def key() -> str:
        test = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")[0]
        homes[test] += 1
        return hashlib.sha256(f"{pytestconfig.getoption('draw')} {test} {homes[test]}".encode()).hexdigest()[:32]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home, "drawn_key", key)
        yield


@pytest.fixture(autouse=True)
def isolated_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh root that every door of lsal means by default; no key of the user is seen."""
    root = tmp_path / "root"
    monkeypatch.setenv("LSAL_ROOT", str(root))
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return root


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root in which the session's Label Studio lives."""
    return tmp_path_factory.mktemp("session") / "root"


@pytest.fixture(scope="module", autouse=True)
def alone(root: Path) -> None:
    """Each file begins without the backend and the projects of others.

    The one would refill queues under its hands; of the others every backend that it starts would load the models,
    and ask Label Studio about them again and again.
    """
    serving.stop(root)
    (root / "active").unlink(missing_ok=True)
    if (root / "projects").exists():
        (root / "projects").rename(root / f"projects-until-{time.time_ns()}")


@pytest.fixture(scope="session")
def label_studio(root: Path) -> Iterator[server.Server]:
    """A real Label Studio, started as users start theirs, ended with the session."""
    try:
        yield server.up(root)
    finally:
        Workbench(root).down()  # the backend too


@pytest.fixture(scope="session")
def on_postgres() -> Iterator[Foreign]:
    """A real Label Studio on a real PostgreSQL, which lsal did not start, ended with the session."""
    with label_studio_on_postgres() as running:
        yield running


@pytest.fixture(scope="session")
def client(label_studio: server.Server) -> Iterator[Callable[..., httpx.Response]]:
    """`client(method, path, **more)` asks the session's Label Studio as its first user.

    A connection for each request: kept alive, the development server adds 40 ms to each.
    """
    headers = {"Authorization": f"Token {label_studio.key}", "Connection": "close"}
    with httpx.Client(base_url=label_studio.url, headers=headers, timeout=120, trust_env=False) as http:
        yield http.request


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The labelled sets beside the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the labelled sets are not at ../shared/data")
    return SHARED_DATA
