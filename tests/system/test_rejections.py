"""Files that are no pictures are told by name and reason; odd pictures are indexed."""

import io
import json
import os
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tests.system.judge import disagreements
from tests.system.running import eventually_nothing, verb

MAX_BYTES = 200_000


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims to be as large as that."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def bad_files(picture: Image.Image) -> dict[str, tuple[bytes, str]]:
    """Per name its bytes and the reason it must be rejected for."""
    jpeg, png = encoded(picture, "JPEG"), encoded(picture, "PNG")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "text")
    bomb = PngImagePlugin.PngInfo()
    bomb.add_text("comment", "x" * 60_000_000, zip=True)
    return {
        "empty.jpg": (b"", "empty"),
        "text.jpg": (b"just words\n", "not_a_picture"),
        "page.jpg": (b"<!doctype html><p>page", "not_a_picture"),
        "drawing.jpg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not_a_picture"),
        "paper.jpg": (b"%PDF-1.7\n%%EOF", "not_a_picture"),
        "script.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not_a_picture"),
        "archive.jpg": (packed.getvalue(), "not_a_picture"),
        "header only.jpg": (jpeg[:20], "broken"),
        "truncated.jpg": (jpeg[: len(jpeg) // 3], "broken"),
        "bad crc.png": (png[:40] + bytes([png[40] ^ 255]) + png[41:], "broken"),
        "huge.png": (png_of(60_000, 60_000), "too_many_pixels"),
        "thin.png": (png_of(1, 1_000_000), "too_many_pixels"),
        "text bomb.png": (encoded(picture, "PNG", pnginfo=bomb), "broken"),
        "too long.bmp": (encoded(picture, "BMP"), "too_many_bytes"),
        "photo.ppm": (encoded(picture.resize((9, 9)), "PPM"), "unsupported_format"),
    }


def odd_files(picture: Image.Image) -> dict[str, bytes]:
    jpeg = encoded(picture, "JPEG")
    turned = Image.Exif()
    turned[0x0112] = 6
    gray16 = Image.fromarray(np.arange(10_000, dtype=np.uint16).reshape(100, 100))
    packed = io.BytesIO(jpeg)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("a.txt", "text")
    frames = [picture.resize((50, 50)), picture.resize((50, 50)).rotate(90)]
    return {
        "turned.jpg": encoded(picture, "JPEG", exif=turned),
        "print.jpg": encoded(picture.convert("CMYK"), "JPEG"),
        "progressive.jpg": encoded(picture, "JPEG", progressive=True),
        "deep.png": encoded(gray16, "PNG"),
        "palette.png": encoded(picture.convert("RGBA").quantize(), "PNG", transparency=0),
        "black and white.png": encoded(picture.convert("1"), "PNG"),
        "gray and clear.png": encoded(picture.convert("LA"), "PNG"),
        "dot.png": encoded(picture.resize((1, 1)), "PNG"),
        "moving.gif": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "pages.tiff": encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
        "new.avif": encoded(picture, "AVIF"),
        "new.webp": encoded(picture, "WEBP"),
        "really a jpeg.png": encoded(picture, "JPEG", quality=60),
        "also a zip.jpg": packed.getvalue(),
        ".hidden name": encoded(picture, "JPEG", quality=61),
        "no extension": encoded(picture, "JPEG", quality=62),
        "50% + é & ?#.jpg": encoded(picture, "JPEG", quality=63),
        "e\u0301.jpg": encoded(picture, "JPEG", quality=64),
        "\u00e9.jpg": encoded(picture, "JPEG", quality=65),
        "new\nline.jpg": encoded(picture, "JPEG", quality=66),
        "<script>alert(1)</script".replace("/", "") + ".jpg": encoded(picture, "JPEG", quality=67),
    }


@pytest.fixture
def odd_folder(folder, pictures):
    """A folder of odd and bad files; returns it with the reasons to be told."""
    picture = pictures.originals[0].resize((300, 260))
    reasons = {}
    (folder / "bad").mkdir()
    for name, (data, reason) in bad_files(picture).items():
        (folder / "bad" / name).write_bytes(data)
        reasons[f"bad/{name}"] = reason
    (folder / "odd").mkdir()
    for name, data in odd_files(picture).items():
        (folder / "odd" / name).write_bytes(data)
    outside = folder.parent / "outside.jpg"
    outside.write_bytes(pictures.one())
    (folder / "bad" / "way out.jpg").symlink_to(outside)
    os.mkfifo(folder / "bad" / "pipe.jpg")
    (folder / "bad" / os.fsdecode(b"latin \xe9.jpg")).write_bytes(pictures.one())
    reasons["bad/way out.jpg"] = "outside_folder"
    reasons["bad/pipe.jpg"] = "not_a_file"
    reasons[os.fsdecode(b"bad/latin \xe9.jpg")] = "bad_key"
    return folder, reasons


def test_bad_files_are_told_with_their_reasons_odd_ones_indexed_and_none_looked_at_again(
    up, odd_folder, tmp_path
):
    folder, reasons = odd_folder
    running = up(max_bytes=MAX_BYTES)
    running.ready()
    eventually_nothing(lambda: disagreements(folder, reasons, collected=True))

    listed = json.loads(
        verb("rejections", "list", "--folder", folder, "--json", cwd=tmp_path).stdout
    )
    assert {f"{each['bucket']}/{each['key']}": each["reason"] for each in listed} == reasons
    assert all(each["detail"] for each in listed)

    told = running.get("/v1/objects", state="rejected", limit=1000).json()["objects"]
    shown = {
        name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        for name in reasons
    }
    assert {f"{each['bucket']}/{each['key']}" for each in told} == shown
    assert sorted(each["reason"] for each in told) == sorted(reasons.values())

    only = verb(
        "rejections", "list", "--folder", folder, "--reason", "empty", "--json", cwd=tmp_path
    )
    assert [each["key"] for each in json.loads(only.stdout)] == ["empty.jpg"]
    table = verb("rejections", "list", "--folder", folder, cwd=tmp_path).stdout.splitlines()
    assert len(table) == 1 + len(reasons)
    assert any("latin \\xe9.jpg" in line and "bad_key" in line for line in table)

    assert running.stop() == 0
    second = up(max_bytes=MAX_BYTES)
    assert second.ready()["unchanged"] == len(reasons) + len(odd_files(Image.new("RGB", (9, 9))))
    assert second.metric("seenit_outcomes_total") == 0
