"""A second chance, told: `--again=3` runs the files of failed tests once more, whole and with nothing beside them.

Two workers with their servers, browsers and trainings load a small machine until something is late that is never late
alone. What fails again has failed. What passes is counted as "passed alone", and how it failed at first is printed:
it is to be mended, not lived with. More files than that are no accident, and are not run again.
"""

import subprocess
import sys
from typing import Any

import pytest

ALONE = "passed alone"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Off unless it is given."""
    told = "run the files of failed tests once more, alone, if they are no more than so many"
    parser.addoption("--again", type=int, default=0, metavar="FILES", help=told)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Run them when all else is over, and before anything is counted."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(session.config, "workerinput") or reporter is None or exitstatus != pytest.ExitCode.TESTS_FAILED:
        return
    reports = [*reporter.stats.get("failed", ()), *reporter.stats.get("error", ())]
    files = sorted({report.nodeid.partition("::")[0] for report in reports})
    if len(files) > session.config.getoption("again") or any(report.when == "collect" for report in reports):
        return
    reporter.write_sep("=", f"once more, alone: {' '.join(files)}")
    reporter.flush()
    if run(session.config, files) == pytest.ExitCode.OK:
        reporter.stats[ALONE] = reports
        for kind in ("failed", "error"):
            reporter.stats.pop(kind, None)
        session.exitstatus = pytest.ExitCode.OK


def run(config: pytest.Config, files: list[str]) -> int:
    """The exit code of the files' tests, in a session of their own without workers."""
    drawn = [f"--draw={config.getoption('draw')}"] if config.getoption("draw", None) else []
    words = [sys.executable, "-m", "pytest", "-n", "0", "--again", "0", *drawn, *files]
    return subprocess.run(words, cwd=config.rootpath, check=False).returncode


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how they failed at first."""
    reports = terminalreporter.stats.get(ALONE, ())
    if reports:
        terminalreporter.write_sep("=", "FAILED AT FIRST, PASSED ALONE")
    for report in reports:
        terminalreporter.write_sep("_", report.nodeid)
        terminalreporter.write_line(report.longreprtext)
        for name, said in report.sections:
            terminalreporter.write_sep("-", name)
            terminalreporter.write_line(said.rstrip())
