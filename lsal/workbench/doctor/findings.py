"""What the doctor says: findings, each with its fix, and all of them as a diagnosis."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARN, FAULT = "ok", "warn", "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `fixable` says that `lsal doctor --fix` does it."""

    check: str
    level: str
    what: str
    fix: str = ""
    fixable: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings, and what was done about them; they are as of after that."""

    project: str
    findings: tuple[Finding, ...]
    done: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What keeps the loop from working as it should."""
        return tuple(found for found in self.findings if found.level == FAULT)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What a person should know."""
        return tuple(found for found in self.findings if found.level == WARN)


def ok(check: str, what: str) -> Finding:
    """Something that is as it should be."""
    return Finding(check, OK, what)


def warn(check: str, what: str, fix: str = "", fixable: bool = False) -> Finding:
    """Something that a person should know."""
    return Finding(check, WARN, what, fix, fixable)


def fault(check: str, what: str, fix: str = "", fixable: bool = False) -> Finding:
    """Something that keeps the loop from working."""
    return Finding(check, FAULT, what, fix, fixable)
