"""Bytes to pixels: what is read, what is refused and why. All pictures are drawn here."""

import base64
import io
import json
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from shared.errors import Reason, Rejected
from shared.images.boxes import Box
from shared.images.child import answer
from shared.images.decoding import SIDE, decode, decode_views, thumbnail
from shared.images.formats import PILLOWS_OWN
from shared.images.soundness import refuse_unsound

PIXELS = 1_000_000
ORIENTATION = ExifTags.Base.Orientation


def scene(width: int = 320, height: int = 200) -> Image.Image:
    """A smooth picture without any symmetry."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    bands = (x / width, y / height, (x * y) / (width * height))
    return Image.fromarray(np.stack([b * 255 for b in bands], -1).astype(np.uint8))


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def as_stored(picture: Image.Image, orientation: int) -> Image.Image:
    """What a camera held that way would store, so that `orientation` makes it upright."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return picture.transpose(undo[orientation]) if orientation in undo else picture


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags


def decoded(data: bytes, box: Box | None = None):
    return decode(data, max_pixels=PIXELS, box=box)


def difference(data: bytes, expected: bytes | Image.Image, box: Box | None = None) -> float:
    """The mean difference of two pictures as the model sees them, of 255."""
    reference = expected if isinstance(expected, bytes) else encoded(expected, "PNG")
    ours, theirs = decoded(data, box).pixels, decoded(reference, box).pixels
    return float(np.abs(ours.astype(int) - theirs.astype(int)).mean())


def refusal(data: bytes, max_pixels: int = PIXELS) -> Reason:
    """Why bytes are refused, as the decoding process tells it."""
    header, body = answer({"task": "decode", "max_pixels": max_pixels}, data)
    assert body == b"", "it was not refused"
    again, _ = answer({"task": "thumbnail", "max_pixels": max_pixels, "size": 64}, data)
    assert again == header
    assert header["detail"]
    return Reason(header["reason"])


KINDS = [
    ("JPEG", {"quality": 95}),
    ("PNG", {}),
    ("WEBP", {"lossless": True}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("AVIF", {"quality": 95}),
]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_every_exif_orientation_gives_the_upright_picture(kind, options, orientation):
    data = encoded(as_stored(scene(), orientation), kind, exif=exif(orientation), **options)
    found = decoded(data)
    assert (found.width, found.height, found.format) == (320, 200, kind)
    assert difference(data, scene()) < 2.5


def test_what_else_pillow_opens_in_the_process_keeps_its_own_limit():
    before = Image.MAX_IMAGE_PIXELS
    data = encoded(halves("RGB"), "PNG")
    decode(data, max_pixels=PIXELS)
    decode_views(data, max_pixels=PIXELS, ways=["auto"])
    thumbnail(data, max_pixels=PIXELS, size=16)
    with pytest.raises(Rejected):
        decode(data, max_pixels=1)
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_is_of_the_picture_as_seen(orientation):
    data = encoded(as_stored(scene(), orientation), "JPEG", quality=95, exif=exif(orientation))
    part = scene().crop((160, 0, 320, 50))
    found = decoded(data, Box(0.5, 0.0, 0.5, 0.25))
    assert (found.width, found.height) == (320, 200), "the facts are those of the whole"
    expected = decoded(encoded(part, "PNG")).pixels
    assert np.abs(found.pixels.astype(int) - expected.astype(int)).mean() < 2.5


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_wrong_orientation_or_corrupt_exif_leaves_the_picture_as_it_is():
    assert difference(encoded(scene(), "JPEG", quality=95, exif=exif(9)), scene()) < 2.5
    corrupt = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12" * 9
    assert difference(encoded(scene(), "JPEG", quality=95, exif=corrupt), scene()) < 2.5


def test_a_large_jpeg_decoded_at_reduced_scale_looks_like_the_whole():
    large = scene(2400, 1600)
    found = decode(encoded(large, "JPEG", quality=95), max_pixels=2400 * 1600)
    assert (found.width, found.height) == (2400, 1600)
    whole = np.asarray(large.resize((SIDE, SIDE), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(found.pixels.astype(int) - whole).mean() < 2.5


def test_pixels_are_rgb_bytes_of_the_models_size():
    pixels = decoded(encoded(Image.new("RGB", (50, 500), (200, 100, 50)), "PNG")).pixels
    assert pixels.shape == (SIDE, SIDE, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == (200, 100, 50)).all()


@pytest.mark.parametrize("width_height", [(1, 1), (1, 65_535), (65_535, 1), (3, 2)])
def test_tiny_and_thin_pictures_are_read(width_height):
    found = decoded(encoded(Image.new("L", width_height, 77), "PNG"))
    assert (found.width, found.height) == width_height
    assert (found.pixels == 77).all()


def gray16(picture: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(kind):
    assert difference(encoded(gray16(scene()), kind), scene().convert("L")) < 1


def test_thirty_two_bit_and_float_tiffs_are_read():
    gray = np.asarray(scene().convert("L"))
    integers = Image.fromarray(gray.astype(np.int32) * 257)
    assert difference(encoded(integers, "TIFF"), scene().convert("L")) < 1
    floats = gray.astype(np.float32) / 255
    floats[0, :5] = (np.nan, np.inf, -np.inf, 0, 1)
    assert difference(encoded(Image.fromarray(floats), "TIFF"), scene().convert("L")) < 3


def test_cmyk_is_read_in_its_colours():
    data = encoded(scene().convert("CMYK"), "JPEG", quality=95)
    assert difference(data, scene()) < 4
    assert difference(encoded(scene().convert("CMYK"), "TIFF"), scene()) < 1


def test_one_bit_pictures_are_black_and_white():
    chessboard = Image.fromarray(((np.indices((64, 64)) // 32).sum(0) % 2).astype(bool))
    pixels = decoded(encoded(chessboard, "PNG")).pixels
    assert set(np.unique(pixels[:100, :100])) == {0}
    assert set(np.unique(pixels[:100, 124:])) == {255}


def halves(mode: str) -> Image.Image:
    """Left: opaque and dark; right: wholly transparent, its hidden colour dark as well."""
    picture = Image.new("RGBA", (64, 64), (10, 20, 30, 255))
    picture.paste((10, 20, 30, 0), (32, 0, 64, 64))
    return picture.convert(mode)


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGBA", "PNG"), ("LA", "PNG"), ("RGBA", "WEBP"), ("RGBA", "TIFF")]
)
def test_transparent_parts_are_white(mode, kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    pixels = decoded(encoded(halves(mode), kind, **options)).pixels
    assert (pixels[:, 120:] == 255).all()
    assert (pixels[:, :104] < 40).all()


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_colour_of_a_palette_is_white(kind):
    picture = Image.new("P", (64, 64), 0)
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.paste(1, (32, 0, 64, 64))
    pixels = decoded(encoded(picture, kind, transparency=1)).pixels
    assert (pixels[:, 120:] == 255).all()
    assert (pixels[:, :104] == (10, 20, 30)).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_of_an_animation_and_of_many_pages_the_first_counts(kind):
    first, second = Image.new("RGB", (40, 30), "red"), Image.new("RGB", (40, 30), "blue")
    data = encoded(first, kind, save_all=True, append_images=[second])
    found = decoded(data)
    assert (found.width, found.height) == (40, 30)
    assert (found.pixels[..., 0] > 240).all()
    assert (found.pixels[..., 2] < 15).all()


def test_a_multi_picture_jpeg_is_a_jpeg():
    data = encoded(scene(), "MPO", save_all=True, append_images=[scene().rotate(180)], quality=95)
    assert decoded(data).format == "JPEG"
    assert difference(data, scene()) < 2.5


def test_progressive_jpegs_and_broken_colour_profiles_are_read():
    progressive = encoded(scene(), "JPEG", quality=95, progressive=True, icc_profile=b"nonsense")
    assert difference(progressive, scene()) < 2.5


def test_a_jpeg_that_is_also_a_zip_is_a_jpeg():
    target = io.BytesIO(encoded(scene(), "JPEG", quality=95))
    target.seek(0, io.SEEK_END)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("hidden.txt", "hello")
    assert zipfile.is_zipfile(target)
    assert difference(target.getvalue(), scene()) < 2.5


HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAA"
    "AAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABoQABAAAAAAAAACMAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAAB"
    "AABodmMxAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADw"
    "NgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAA"
    "AAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcA"
    "AAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWB"
    "AgMFhAAAACttZGF0AAAAHygBrwtg9eWDr//yyvfqKIOhWZV/78UD4P//vkCJ9OA="
)
"""Red beside blue, 64 x 48: nothing here can write one."""


def test_a_telephones_heic_is_read():
    picture = decode(HEIC, max_pixels=10_000)
    assert (picture.width, picture.height, picture.format) == (64, 48, "HEIF")
    left, right = picture.pixels[112, 56], picture.pixels[112, 168]
    assert left[0] > 150
    assert left[2] < 100
    assert right[2] > 150
    assert right[0] < 100


def test_a_thumbnail_fits_is_upright_and_carries_no_metadata():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    private = exif(6)
    private[ExifTags.Base.Artist] = "the secret author"
    data = encoded(
        as_stored(scene(), 6),
        "JPEG",
        quality=95,
        exif=private,
        icc_profile=profile,
        xmp=b"<x:xmpmeta>the secret author</x:xmpmeta>",
        comment=b"the secret author",
    )
    assert data.count(b"the secret author") == 3
    small = thumbnail(data, max_pixels=PIXELS, size=100)
    assert b"secret" not in small
    picture = Image.open(io.BytesIO(small))
    assert (picture.format, picture.size) == ("WEBP", (100, 63))
    assert not picture.info.keys() & {"exif", "icc_profile", "xmp", "comment"}
    assert difference(small, scene()) < 4


def test_a_thumbnail_is_never_larger_than_its_picture_and_white_where_transparent():
    small = Image.open(
        io.BytesIO(thumbnail(encoded(halves("RGBA"), "PNG"), max_pixels=PIXELS, size=999))
    )
    assert small.size == (64, 64)
    assert min(small.convert("RGB").getpixel((60, 30))) > 250


# What is refused


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"just words", Reason.NOT_A_PICTURE),
        (b"\0" * 1000, Reason.NOT_A_PICTURE),
        (b"<!doctype html><script>alert(1)</script>", Reason.NOT_A_PICTURE),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', Reason.NOT_A_PICTURE),
        (b"%PDF-1.7\n1 0 obj", Reason.NOT_A_PICTURE),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", Reason.NOT_A_PICTURE),
        (b"PK\x03\x04" + b"\0" * 30, Reason.NOT_A_PICTURE),
        (b"\xff\xd8\xff\xe0", Reason.BROKEN),
        (b"\x89PNG\r\n\x1a\n", Reason.BROKEN),
        (b"GIF89a", Reason.BROKEN),
        (b"BM", Reason.BROKEN),
        (b"II*\0", Reason.BROKEN),
        (b"MM\0+", Reason.BROKEN),
        (b"RIFF\x10\0\0\0WEBPVP8 ", Reason.BROKEN),
        (b"\0\0\0\x20ftypavif", Reason.BROKEN),
        (b"\0\0\x01\0\x01\0", Reason.UNSUPPORTED_FORMAT),
        (b"8BPS\0\x01", Reason.UNSUPPORTED_FORMAT),
        (b"P6\n1 1\n255\nabc", Reason.UNSUPPORTED_FORMAT),
        (b"\0\0\0\x18ftypheic", Reason.UNSUPPORTED_FORMAT),
    ],
)
def test_what_is_no_picture_is_refused_with_its_reason(data, reason):
    assert refusal(data) is reason


@pytest.mark.parametrize("kind", ["PPM", "ICO", "TGA", "JPEG2000", "SGI", "PCX", "EPS", "PDF"])
def test_only_formats_on_the_list_are_ever_tried(kind):
    assert refusal(encoded(scene(), kind)) in {Reason.UNSUPPORTED_FORMAT, Reason.NOT_A_PICTURE}
    assert kind not in PILLOWS_OWN


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_file_cut_off_is_refused_as_broken(kind, share):
    data = encoded(scene().convert("P") if kind == "GIF" else scene(), kind)
    assert refusal(data[: int(len(data) * share)]) in {Reason.BROKEN, Reason.NOT_A_PICTURE}


def chunk(name: bytes, body: bytes) -> bytes:
    check = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)


def png(width: int, height: int, *more: bytes, body: bytes = zlib.compress(b"\0\0")) -> bytes:
    """A gray PNG of that size, whatever its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    parts = (header, *more, chunk(b"IDAT", body), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("name", [b"IHDR", b"IDAT"])
def test_a_png_with_a_bad_check_sum_is_refused(name):
    data = bytearray(encoded(scene(), "PNG"))
    at = data.index(name)
    (length,) = struct.unpack_from(">I", data, at - 4)
    data[at + 4 + length] ^= 1
    assert refusal(bytes(data)) is Reason.BROKEN


@pytest.mark.parametrize(
    ("width", "height"), [(1001, 1000), (1500, 1000), (50_000, 50_000), (1, 1_000_000)]
)
def test_too_many_pixels_are_refused_before_one_is_decoded(width, height):
    assert refusal(png(width, height)) is Reason.TOO_MANY_PIXELS
    with pytest.raises(Rejected, match=r"than (1,000,000 pixels|65,535)"):  # read by people
        decode(png(width, height), max_pixels=1_000_000)


def test_the_most_pixels_are_still_read():
    assert decoded(encoded(Image.new("L", (1000, 1000)), "PNG")).width == 1000


def test_a_png_with_a_text_bomb_is_refused():
    bomb = chunk(b"zTXt", b"key\0\0" + zlib.compress(b"x" * (PngImagePlugin.MAX_TEXT_CHUNK + 1)))
    assert refusal(png(1, 1, bomb)) is Reason.BROKEN


def gif(*frames: tuple[int, int, int, int]) -> bytes:
    """A GIF of 8 x 8 with frames of 1 x 1, whatever place and size (x, y, w, h) each claims."""
    one = encoded(Image.new("P", (1, 1)), "GIF")
    picture = one[one.index(b",") + 10 : -1]
    screen = b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0x80, 0, 0) + bytes(6)
    bodies = [b"!\xf9\x04\0\0\0\0\0," + struct.pack("<4HB", *f, 0) + picture for f in frames]
    return screen + b"".join(bodies) + b";"


def test_a_gif_whose_later_frame_is_huge_is_refused():
    assert decoded(gif((0, 0, 1, 1), (7, 7, 1, 1))).width == 8
    assert (
        refusal(gif((0, 0, 1, 1), (0, 0, 1, 1), (60_000, 60_000, 1, 1))) is Reason.TOO_MANY_PIXELS
    )


def test_a_gif_cut_off_in_a_later_frame_is_read():
    whole = gif((0, 0, 1, 1), (7, 7, 1, 1))
    assert decoded(whole[:-5]).width == 8


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_whose_pages_form_a_loop_is_refused(order, big):
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    start = struct.pack(order + ("HHQ" if big else "I"), *((8, 0, 16) if big else (16,)))
    page = order + ("QQ" if big else "HI")
    size = struct.calcsize(page)
    # Pages without entries; the last leads back to the second.
    places = (16 + size, 16 + 2 * size, 16 + size)
    loop = (head + start).ljust(16, b"\0") + b"".join(struct.pack(page, 0, at) for at in places)
    with pytest.raises(Rejected, match="loop"):
        refuse_unsound(loop, "TIFF", PIXELS)
    refuse_unsound(loop[:-1], "TIFF", PIXELS)  # cut off before it says so


def test_a_real_tiff_that_leads_back_to_its_first_page_is_refused():
    pages = [Image.new("L", (4, 4), value) for value in (10, 20)]
    data = bytearray(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    (first,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, first)
    (second,) = struct.unpack_from("<I", data, first + 2 + 12 * entries)
    (entries,) = struct.unpack_from("<H", data, second)
    struct.pack_into("<I", data, second + 2 + 12 * entries, first)
    assert refusal(bytes(data)) is Reason.BROKEN


def test_whatever_the_bytes_are_the_answer_fits_into_json():
    header, _ = answer({"task": "decode", "max_pixels": PIXELS}, b"GIF89a" + b"\xff" * 99)
    assert Reason(json.loads(json.dumps(header))["reason"])


# Boxes


@pytest.mark.parametrize(
    "text",
    [
        *("", "0,0,1", "0,0,1,1,1", "a,b,c,d", "nan,0,1,1", "0,0,inf,1", "0,0,0,1", "0,0,1,0"),
        *("-0.1,0,1,1", "0,0,1.1,1", "0.6,0,0.5,1", "0,0.6,1,0.5", "1,0,0.1,0.1"),
    ],
)
def test_a_box_that_is_none_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - of float() or our own
        Box.parse(text)


@pytest.mark.parametrize(
    ("text", "pixels"),
    [
        ("0,0,1,1", (0, 0, 100, 50)),
        ("0.25, 0.5, 0.5, 0.5", (25, 25, 75, 50)),
        ("0.999,0.999,0.001,0.001", (99, 49, 100, 50)),
        ("0.333333,0,0.666667000001,1", (33, 0, 100, 50)),
    ],
)
def test_a_box_names_at_least_one_pixel_inside_the_picture(text, pixels):
    assert Box.parse(text).pixels(100, 50) == pixels
