"""The shell's `lsal`: the table of commands, in a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from lsal.commands import as_json, build_parser, refuse_keys, run, with_command
from lsal.errors import LsalError
from lsal.jobs import ENDED, Job
from lsal.label_studio.queue import Verification
from lsal.phrases import printable
from lsal.settings import silence
from lsal.workbench import Workbench
from lsal.workbench.doctor import Diagnosis

CURVE = "learning_curve.png"


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it went well, 1 with two lines on stderr if not.

    1 also when `verify` finds another queue than the published one, and `doctor` a fault.
    """
    silence()
    parser, _ = build_parser()
    words = sys.argv[1:] if words is None else words
    try:
        refuse_keys(words)
        arguments = parser.parse_args(with_command(words))
        shown = run(Workbench(project=arguments.project), arguments)
        if isinstance(shown, Job):
            shown = _follow(shown)
        print(as_json(shown) if arguments.json else _text(shown, getattr(arguments, "force", False)))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except LsalError as error:
        print("\n".join(error._render_traceback_()), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. A job that was started goes on: lsal status, lsal cancel", file=sys.stderr)
        return 130
    return int(_unwell(shown))


def _unwell(shown: Any) -> bool:
    """Whether what was looked at is not as it should be."""
    if isinstance(shown, Verification):
        return not shown.exact
    return isinstance(shown, Diagnosis) and bool(shown.faults)


def _follow(job: Job) -> Any:
    """Show a job's progress on stderr until it ends; its last state, or its error."""
    for state in job.follow(every_s=0.5):
        if sys.stderr.isatty() and state.state not in ENDED:
            eta = f", {state.eta_s:.0f} s left" if state.eta_s else ""
            print(f"\r{printable(f'{state.act}: {state.progress.message}')}{eta}".ljust(78), end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r".ljust(79) + "\r", end="", file=sys.stderr)
    job.wait()
    return job.state()


def _text(shown: Any, force: bool) -> str:
    from lsal.dashboard.html import to_text

    if hasattr(shown, "savefig"):
        from lsal.workbench.papers import write_figure

        write_figure(shown, CURVE, force)
        return f"written to {CURVE}; another place: lsal plot --out FILE"
    if hasattr(shown, "_repr_mimebundle_"):
        return "The panel lives in a notebook: %load_ext lsal, then %lsal dashboard"
    return to_text(shown)


if __name__ == "__main__":
    sys.exit(main())
