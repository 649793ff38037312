"""What a server's answer means: JSON, or an error in two lines that says what to do."""

from __future__ import annotations

import html
import re
import time
from typing import Any

import httpx

from lsal.errors import LabelStudioError, Refused, Unreachable
from lsal.label_studio.patience import retry_after
from lsal.phrases import counted

RIGHT_ADDRESS = "Is this the address of Label Studio itself, with its sub-path if it has one?"
CHECK_KEY = "Check the key and its rights in Label Studio under Account & Settings"
RENEW = "Make a personal access token in Label Studio under Account & Settings, then: lsal attach URL PROJECT --ask"
BUSY = (408, 429, 502, 503, 504)
"""Statuses of a server, or of a proxy before it, that has no time now."""
NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "PACKET_LENGTH", "EOF occurred")


def read(url: str, request: str, answer: httpx.Response) -> Any:
    """The JSON of an answer, None for an empty one. Raises Refused or LabelStudioError."""
    status = answer.status_code
    if status in (401, 403):
        said = detail(answer)
        fix = RENEW if "legacy token" in said else CHECK_KEY
        raise Refused(f"{url} refused {request} ({status}): {said}", fix, status=status)
    if 300 <= status < 400:
        to = answer.headers.get("Location", "nowhere")
        fix = "Use the address it leads to, if that is Label Studio's: lsal attach URL PROJECT"
        raise LabelStudioError(f"{url} sends {request} on to {to} ({status})", fix, status=status)
    if status >= 400:
        raise _no(url, request, answer)
    if not answer.content:
        if status == 204 or request.startswith("DELETE "):
            return None
        raise _broken_off(url, request, status, "nothing")
    try:
        return answer.json()
    except ValueError:
        if not _is_page(answer):
            raise _broken_off(url, request, status, "JSON that breaks off, or is none") from None
        what = f"{url} answered {request} with something that is not JSON: {detail(answer)}"
        raise LabelStudioError(what, RIGHT_ADDRESS, status=status) from None


def _no(url: str, request: str, answer: httpx.Response) -> LabelStudioError:
    """The error for a status of 400 and more."""
    status, after = answer.status_code, retry_after(answer.headers, time.time())
    asks = f", and asks to wait {counted(round(after), 'second', 'seconds')}" if after is not None else ""
    fix = _other_scheme(url, answer.text)
    fix = fix or (RIGHT_ADDRESS if _is_page(answer) and status < 429 else _after(status))
    return LabelStudioError(
        f"{url} answered {status} to {request}: {detail(answer)}{asks}",
        fix,
        status=status,
        passes=status in BUSY or status == 500,
        unsent=status == 429 or (status == 503 and after is not None),
        after_s=after,
    )


def _broken_off(url: str, request: str, status: int, got: str) -> LabelStudioError:
    """The error for an answer that says yes, and then not what."""
    fix = "Is a proxy between that cuts answers short? Try again; if it stays so: lsal doctor"
    return LabelStudioError(f"{url} answered {request} with {got}", fix, status=status, passes=True)


def unreachable(url: str, error: Exception) -> Unreachable:
    """The error for a server that gave no answer at all: what stood in the way."""
    said = _line(str(error))
    if "CERTIFICATE_VERIFY_FAILED" in said:
        reason = re.sub(r".*certificate verify failed:? ?|\s*\(_ssl.*", "", said)
        what = f"The certificate of {url} is not trusted ({reason})"
        if "mismatch" in reason or "not valid for" in reason:
            return Unreachable(what, "Use the name that the certificate is for, in the address")
        return Unreachable(what, "Give the one that signed it: lsal attach URL PROJECT --ca FILE")
    if url.startswith("https:") and any(sign in said for sign in NOT_TLS):
        return Unreachable(f"{url} does not speak https ({said})", f"Try http:{url.partition(':')[2]}")
    if isinstance(error, httpx.RemoteProtocolError) and ("disconnected" in said or "closed" in said):
        return _lost(url, said)  # a server that only speaks https does so too
    if url.startswith("http:") and isinstance(error, httpx.RemoteProtocolError):
        return Unreachable(f"{url} does not speak plain http ({said})", f"Try https:{url.partition(':')[2]}")
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return Unreachable(f"'{url}' is no address ({said})", "Give one that begins with http:// or https://")
    if isinstance(error, httpx.ReadError | httpx.WriteError | httpx.CloseError | httpx.DecodingError):
        return _lost(url, said)
    begun = not isinstance(error, httpx.ConnectError)
    return Unreachable(
        f"{url} cannot be reached ({said})", "Start it (lsal up), or check the URL", passes=True, unsent=not begun
    )


def _lost(url: str, said: str) -> Unreachable:
    what, fix = f"{url} broke the connection off ({said})", "Is it running, and the way to it? lsal doctor"
    if url.startswith("http:") and "without sending" in said:
        what, fix = f"{what}, or it does not speak plain http", f"{fix}. Try https:{url.partition(':')[2]}"
    return Unreachable(what, fix, passes=True)


def detail(answer: httpx.Response) -> str:
    """What an answer says went wrong, in one line."""
    try:
        said = answer.json()
    except ValueError:
        title = re.search(r"<title[^>]*>(.*?)</title>", answer.text, re.S | re.I)
        page = f"a web page, '{html.unescape(_line(title[1]))[:80]}'" if title else "a web page"
        return page if _is_page(answer) else _line(answer.text)[:200]
    if isinstance(said, dict):
        parts = [said.get("detail"), said.get("validation_errors")]
        return _line("; ".join(str(part) for part in parts if part)[:500] or str(said)[:500])
    return _line(str(said)[:500])


def _is_page(answer: httpx.Response) -> bool:
    return "html" in answer.headers.get("Content-Type", "") or answer.text.lstrip()[:1] == "<"


def _other_scheme(url: str, text: str) -> str:
    """The fix where a proxy says that http came in where https is spoken."""
    spoken = "plain HTTP request was sent to HTTPS port" in text or "HTTP request to an HTTPS server" in text
    return f"Try the address https:{url.partition(':')[2]}" if spoken and url.startswith("http:") else ""


def _after(status: int) -> str:
    """The next step after a status of 400 and more."""
    if status == 404:
        return "It is gone there, or this key may not see it. Look: lsal doctor"
    if status == 409:
        return "Somebody changed it at the same moment: lsal sync, then try again"
    if status in BUSY:
        return "It, or a proxy before it, is busy: try again later, or look: lsal doctor"
    if status >= 500:
        return "Look into the log of Label Studio, then try again"
    return "Check the project in Label Studio, then try again"


def _line(text: str) -> str:
    return " ".join(text.split())
