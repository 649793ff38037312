"""Files in tasks that are small and want to become large, or are no image at all: each ends as bad data, cheaply."""

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from lsal.errors import BadData
from lsal.kinds import ocr
from lsal.models.pictures import PIXEL_LIMIT, read_picture
from lsal.models.pixels import read_image

HUGE = 100_000


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(side: int, *more: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def tiff(side: int) -> bytes:
    """A header that promises a picture, and nothing behind it."""
    entries = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1)]
    entries += [(278, 4, side), (279, 4, side)]
    listed = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + listed + bytes(4)


def bmp(side: int) -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHI", 54, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/><script>harmed()</script></svg>'
XXE = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'
PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>\nendobj\n%%EOF"
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90000 90000\n(/etc/passwd) (r) file\n%%EOF"
FILES = {
    "huge.png": png(HUGE),
    "huge.tiff": tiff(HUGE),
    "huge.bmp": bmp(HUGE),
    "text.png": png(10, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(200_000_000)))),
    "profile.png": png(10, chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(200_000_000)))),
    "drawing.svg": SVG,
    "entities.svg": XXE,
    "drawing.png": SVG,
    "page.pdf": PDF,
    "page.png": PDF,
    "page.eps": EPS,
    "nothing.png": b"",
    "cut.png": png(50)[:60],
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_picture_or_too_large_is_bad_data(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    for read in (lambda: read_picture(path, 64), lambda: read_image(path)):
        with pytest.raises(BadData) as error:
            read()
        assert error.value.fix
        assert "/etc/passwd" not in str(error.value)
        assert "root:" not in str(error.value)


def test_the_limit_is_looked_at_before_a_pixel_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one that says it is just too large for lsal, and not for Pillow."""
    from PIL import ImageFile

    side = int(PIXEL_LIMIT**0.5) + 1
    (tmp_path / "large.png").write_bytes(png(side))
    decoded: list[object] = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: decoded.append(self))
    with pytest.raises(BadData, match="pixels"):
        read_picture(tmp_path / "large.png", 64)
    assert decoded == []


def test_of_many_frames_the_first_is_read(tmp_path: Path) -> None:
    frames = [Image.new("P", (64, 64), n % 2) for n in range(300)]
    frames[0].save(tmp_path / "many.gif", save_all=True, append_images=frames[1:])
    frames[0].convert("L").save(
        tmp_path / "many.tiff", save_all=True, append_images=[f.convert("L") for f in frames[1:]]
    )
    for name in ("many.gif", "many.tiff"):
        assert read_picture(tmp_path / name, 64).image.size == (64, 64)


@pytest.mark.parametrize("name", ["huge.png", "huge.tiff", "drawing.svg", "page.pdf", "page.eps"])
def test_no_program_is_started_for_such_a_file(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither tesseract nor what Pillow would start for PostScript."""
    import subprocess

    started: list[object] = []
    for call in ("run", "Popen", "check_call", "call"):
        monkeypatch.setattr(subprocess, call, lambda *given, **_: started.append(given))
    monkeypatch.setattr(ocr, "which", lambda _: "/bin/true")
    path = tmp_path / name
    path.write_bytes(FILES[name])
    with pytest.raises((BadData, OSError, ValueError, SyntaxError)):
        ocr.read_page(path)
    with pytest.raises(BadData):
        read_picture(path, 64)
    assert started == []
