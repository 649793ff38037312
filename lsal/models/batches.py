"""How many images or texts a network sees at a time: of use for so few, and half as many when memory runs out."""

from __future__ import annotations

import logging

from lsal.errors import BadRequest

log = logging.getLogger(__name__)

CPU_BATCH = 8
LARGEST_BATCH = 64
STEPS = 8
"""As many batches an epoch has at least: fewer, larger ones would teach a small set too slowly."""
IMAGE, TEXT = "train on one image of {} pixels", "read one text of {} tokens"


def nominal_batch(images: int) -> int:
    """After how many images a step is taken."""
    return min(LARGEST_BATCH, max(4, images // STEPS))


def useful_batch(images: int) -> int:
    """No more images at a time than a step takes, or than there are."""
    return min(nominal_batch(images), max(1, images))


def halved(failed: int, size: int, device: str, error: BaseException, one: str = IMAGE) -> int:
    """With how many to go on after there was no memory for `failed`; raises BadRequest when one is too much."""
    if failed <= 1:
        what = f"There is no memory on {device} to {one.format(size)}"
        fix = f"Give a smaller {'size' if one == IMAGE else 'length'}, or a smaller model"
        raise BadRequest(what, fix) from error
    log.warning("out of memory with %d at a time: going on with %d", failed, failed // 2)
    return failed // 2
