"""Jobs in words: who wanted one, how long it took, and what came of it, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lsal.jobs import AUTO, LABEL_STUDIO, PERSON, State
from lsal.phrases import counted

WHO = {PERSON: "by a person", AUTO: "automatic", LABEL_STUDIO: "from Label Studio"}


def by(job: State) -> str:
    """Who started it, if nobody in a notebook or a shell did: the end of a phrase."""
    return "" if job.by == PERSON else f" ({WHO.get(job.by, job.by)})"


def clock(seconds: float) -> str:
    """Seconds as a clock that runs: 0:07, 12:30, 1:02:03."""
    whole = max(0, int(seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def outcome(job: State) -> str:
    """What came of a job, in a sentence: versions, what was published, or why not."""
    if job.state in ("failed", "lost"):
        return job.error or "It said nothing of why."
    if job.state == "cancelled":
        step = job.progress.message.partition(":")[0]
        return f"Stopped{f' in its step {step}' if step else ''}; the status above shows what is live."
    told = "; ".join(_results(job.result))
    return f"{told[:1].upper()}{told[1:]}." if told else "Done."


def switched(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a promotion or rollback made live, from the result of its job."""
    live, was = result.get("live", {}), result.get("was", {})
    return [
        (f"live for {control}", f"version {number}" + (f", before: {was[control]}" if control in was else ""))
        for control, number in live.items()
        if was.get(control) != number
    ]


def _results(result: Mapping[str, Any]) -> Iterator[str]:
    versions = result.get("versions", {})
    for control, one in versions.items():
        which = f"version {one['version']}{f' of {control}' if len(versions) > 1 else ''}"
        yield f"{which} {'is live' if one['promoted'] else 'was held back'} ({one['reason']})"
    for control, why in result.get("not_trained", {}).items():
        yield f"{control} was not trained: {why}"
    for _, live in switched(result):
        yield f"live is {live}"
    for control, told in result.get("suspects", {}).items():
        yield f"suspects of {control}: {told}"
    if result.get("verdict"):
        yield str(result["verdict"]).rstrip(".")
    if "published" in result:
        why = "" if result["published"] or not result.get("why") else f": {result['why']}"
        yield f"{counted(result['published'], 'task')} published{why}"
    elif result.get("why"):
        yield str(result["why"]).rstrip(".")
