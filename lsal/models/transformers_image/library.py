"""transformers behind one door: silent, and without a look at the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lsal.errors import BadRequest
from lsal.settings import silence

HERE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""How everything is read: from what is on this machine, and executing nothing that lies beside the weights."""


@contextmanager
def quiet() -> Iterator[Any]:
    """The package; its bars and warnings are off meanwhile. Raises BadRequest where it is not installed."""
    silence()
    try:
        import transformers
        from transformers.utils import logging
    except ImportError as error:
        what = f"transformers_image needs torch and transformers ({error})"
        raise BadRequest(what, "Install them: pip install 'lsal[vision]'") from error
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield transformers
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
