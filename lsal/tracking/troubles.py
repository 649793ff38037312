"""What keeps an MLflow from taking a version, as a person can act on it."""

from __future__ import annotations

import re

from lsal.errors import LsalError, TrackingError
from lsal.tracking.place import Place, masked

AGAIN = "It is tried again by itself while the backend runs, or at once by: lsal track"
KEY = "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN. Then: lsal track"
REFUSED = re.compile(r"error code (401|403)\b|\b(UNAUTHENTICATED|PERMISSION_DENIED|CUSTOMER_UNAUTHORIZED)\b")
LONGEST = 200


def told(error: Exception, place: Place) -> TrackingError:
    """The error of lsal that stands for one of mlflow, of what it is built on, or of the system."""
    if isinstance(error, TrackingError):
        return error
    if isinstance(error, LsalError):
        return TrackingError(error.what, error.fix)
    if isinstance(error, ImportError):
        return _missing(error)
    why, said = {type(one).__name__ for one in _chain(error)}, _sentence(error, place)
    if why & {"Timeout", "ReadTimeout", "ConnectTimeout", "TimeoutError"}:
        return TrackingError(f"MLflow at {place.shown} takes too long to answer", f"Look what it does. {AGAIN}")
    if "ConnectionError" in why:
        return TrackingError(f"No MLflow answers at {place.shown}", f"Start it. {AGAIN}")
    if REFUSED.search(f"{error} {getattr(error, 'error_code', '')}"):
        return TrackingError(f"MLflow at {place.shown} refuses: {said}", KEY)
    if "out-of-date database schema" in str(error):
        return TrackingError(f"{place.shown} is of another MLflow", f"Run: mlflow db upgrade {place.shown}")
    return TrackingError(f"MLflow at {place.shown} failed: {said}", f"Put that right. {AGAIN}")


def _missing(error: ImportError) -> TrackingError:
    """Mlflow itself, or what it needs for the place where it writes files."""
    name = (error.name or "").partition(".")[0]
    if name in ("", "mlflow", "sqlalchemy", "alembic", "sqlparse"):
        return TrackingError("MLflow is not installed here", "pip install 'lsal[mlflow]', then lsal track")
    return TrackingError(f"MLflow needs {name} for where it writes", f"pip install {name}, then lsal track")


def _chain(error: BaseException) -> list[BaseException]:
    """An error, and those that it came of."""
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or one.__context__
    return found


def _sentence(error: Exception, place: Place) -> str:
    """The beginning of what it says, without what the address holds of names and passwords."""
    line = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    return masked(line.replace(place.uri, place.shown))[:LONGEST].rstrip(". ")
