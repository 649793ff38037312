"""The errors of lsal: each states what is wrong and the next step.

LsalError
├── BadConfig          a label config, or a control in it, that lsal cannot use
├── BadData            a task, file or field that cannot be read
├── BadRequest         arguments that make no sense together
├── BadPlugin          a kind, model or strategy from elsewhere that cannot be loaded
├── EmptyPool          nothing is left to rank
├── NoVersion          a model is asked for before one was trained
├── NotADemo           the simulated annotator met a project that people own
├── Busy               another round of the same project is running
├── Cancelled          the user stopped this work
├── JobFailed          a worker ended with an error
├── NotWritten         the disk is full, or does not let a file be written
├── TrackingError      MLflow did not take a version, or not at all
└── LabelStudioError   Label Studio answered no, or not at all
    ├── Unreachable    nobody listens there, or too slowly
    ├── Refused        the key is not accepted, or has no right to this
    └── NotInstalled   lsal's own Label Studio could not be set up
"""

from __future__ import annotations

from lsal.phrases import printable


class LsalError(Exception):
    """Something the user can act on: `what` is wrong, and the `fix`, both one line."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what, fix)
        self.what = what
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.what}. {self.fix}" if self.fix else self.what

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback: two lines."""
        lines = [f"{type(self).__name__}: {self.what}", *([f"Next: {self.fix}"] if self.fix else [])]
        return [printable(line) for line in lines]


class BadConfig(LsalError):
    """A label config, or a control in it, that lsal cannot use."""


class BadData(LsalError):
    """A task, file or field that cannot be read."""


class BadRequest(LsalError):
    """Arguments that make no sense together."""


class BadPlugin(LsalError):
    """A kind, model or strategy from elsewhere that cannot be loaded."""


class EmptyPool(LsalError):
    """Nothing is left to rank."""


class NoVersion(LsalError):
    """A model is asked for before one was trained."""


class NotADemo(LsalError):
    """The simulated annotator met a project that people own."""


class Busy(LsalError):
    """Another round of the same project is running."""


class Cancelled(LsalError):
    """The user stopped this work."""

    def __init__(self, what: str = "Cancelled", fix: str = "") -> None:
        super().__init__(what, fix)


class JobFailed(LsalError):
    """A worker ended with an error."""


class NotWritten(LsalError):
    """The disk is full, or does not let a file be written."""


class TrackingError(LsalError):
    """MLflow did not take a version, or not at all."""


class LabelStudioError(LsalError):
    """Label Studio answered no, or not at all; `status` is the HTTP status, 0 without one.

    `passes` says that it may go well another time, `unsent` that the server surely did nothing, and `after_s` is
    how many seconds it asks to be left alone.
    """

    def __init__(
        self,
        what: str,
        fix: str = "",
        status: int = 0,
        passes: bool = False,
        unsent: bool = False,
        after_s: float | None = None,
    ) -> None:
        super().__init__(what, fix)
        self.status, self.passes, self.unsent, self.after_s = status, passes, unsent, after_s

    @property
    def doubtful(self) -> bool:
        """Whether nobody knows if the server did what it was asked: it may have, and only the answer is missing."""
        return not self.unsent and (self.status == 0 or 200 <= self.status < 300 or self.status >= 500)


class Unreachable(LabelStudioError):
    """Nobody listens there, or too slowly."""


class Refused(LabelStudioError):
    """The key is not accepted, or has no right to this."""


class NotInstalled(LabelStudioError):
    """lsal's own Label Studio could not be set up."""
