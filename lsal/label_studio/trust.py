"""Which certificates an https server may show: the usual ones, the environment's, those given when attaching."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from lsal.errors import BadRequest
from lsal.settings import certificates_of_environment


def context(given: Path | None = None) -> ssl.SSLContext:
    """What to check a server against: certifi's authorities, $SSL_CERT_FILE and $SSL_CERT_DIR, and `given`.

    Read from the environment here, because nothing else of it counts for a server on this machine.
    """
    file, folder = certificates_of_environment()
    return _context(given, given.stat().st_mtime_ns if given else 0, file, folder)


def read(path: Path) -> bytes:
    """The content of a PEM file with certificates. Raises BadRequest if it holds none."""
    fix = "Give the certificate, in PEM form, of the authority that signed the server's"
    try:
        content = path.expanduser().read_bytes()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode("ascii"))
    except OSError as error:  # an SSLError is one too
        raise BadRequest(f"{path} cannot be read as certificates ({error.strerror or error})", fix) from None
    except UnicodeDecodeError:
        raise BadRequest(f"{path} holds no certificate in PEM form", fix) from None
    return content


@lru_cache(maxsize=8)
def _context(given: Path | None, stamp: int, file: str | None, folder: str | None) -> ssl.SSLContext:
    """One context for each set of files; `stamp` is when the given one was written."""
    import certifi

    made = ssl.create_default_context(cafile=certifi.where())
    try:
        if file or folder:
            made.load_verify_locations(file, folder)
        if given:
            made.load_verify_locations(given)
    except OSError as error:
        what = f"The certificates in {given or file or folder} cannot be read ({error.strerror or error})"
        raise BadRequest(what, "Correct SSL_CERT_FILE, or attach again with --ca FILE") from None
    return made
