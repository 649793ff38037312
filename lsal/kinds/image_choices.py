"""Classes of a whole image: Choices or a Taxonomy on Image."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from lsal.errors import BadData
from lsal.kinds import Sample
from lsal.kinds.choices import Choices
from lsal.opening import open_image
from lsal.protocols import Fetch
from lsal.records import Control, Labels

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class ImageChoices(Choices):
    """Input: the path of the image's file."""

    name: ClassVar[str] = "image_choices"
    families: ClassVar[tuple[str, ...]] = ("image_features", "yolo", "transformers_image", "random")
    objects: ClassVar[tuple[str, ...]] = ("Image",)

    @classmethod
    def samples(cls) -> tuple[Sample, ...]:
        """A single choice and a multiple one."""
        choices = '<Choice value="cat"/><Choice value="dog" alias="d"/></Choices></View>'
        start = '<View><Image name="x" value="$image"/><Choices name="c" toName="x"'
        cat, dog = Labels(("cat",)), Labels(("d",))
        return (
            Sample(f"{start}>{choices}", {"image": PIXEL}, (cat, dog)),
            Sample(f'{start} choice="multiple">{choices}', {"image": PIXEL}, (Labels(), cat, Labels(("cat", "d")))),
        )

    def read(self, control: Control, value: Any, fetch: Fetch) -> Path:
        """The file behind the image's URL; raises BadData, also for a file that holds no image."""
        return image_file(value, fetch)


def image_file(value: Any, fetch: Fetch) -> Path:
    """The file behind an image's URL; raises BadData, also for a file that holds no image."""
    if not isinstance(value, str) or not value:
        raise BadData("The URL of an image was expected", "Correct the task, and import it again")
    path = fetch(value)
    _refuse_broken(path)
    return path


def _refuse_broken(path: Path) -> None:
    """Look at the file without decoding it: a header and, where the format has them, checksums."""
    try:
        with open_image(path) as image:
            image.verify()
    except (OSError, SyntaxError, ValueError) as error:
        raise BadData(f"'{path.name}' holds no image that can be read ({error})", "Replace it, and sync") from None
