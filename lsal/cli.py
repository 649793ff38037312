"""The shell's `lsal`: the table of commands, in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from lsal.commands import as_json, build_parser, run, with_command
from lsal.errors import LsalError
from lsal.jobs import ENDED, Job
from lsal.settings import silence
from lsal.workbench import Workbench


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it went well, 1 with two lines on stderr if not."""
    silence()
    parser, _ = build_parser()
    arguments = parser.parse_args(with_command(sys.argv[1:] if words is None else words))
    bench = Workbench(project=arguments.project)
    try:
        shown = run(bench, arguments)
        if isinstance(shown, Job):
            shown = _follow(shown)
        print(as_json(shown) if arguments.json else _text(shown))
    except LsalError as error:
        print("\n".join(error._render_traceback_()), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. A job that was started goes on: lsal status, lsal cancel", file=sys.stderr)
        return 130
    return 0


def _follow(job: Job) -> Any:
    """Show a job's progress on stderr until it ends; its last state, or its error."""
    for state in job.follow(every_s=0.5):
        if sys.stderr.isatty() and state.state not in ENDED:
            eta = f", {state.eta_s:.0f} s left" if state.eta_s else ""
            print(f"\r{state.act}: {state.progress.message}{eta}".ljust(78), end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r".ljust(79) + "\r", end="", file=sys.stderr)
    job.wait()
    return job.state()


def _text(shown: Any) -> str:
    from lsal.dashboard.html import to_text

    return to_text(shown)


if __name__ == "__main__":
    sys.exit(main())
