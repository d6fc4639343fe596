"""Which bytes Seenit reads, told from their first ones; names and extensions are never believed."""

from shared.errors import Reason, Rejected

PILLOWS_OWN = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What every installation reads; HEIF joins where its extra is installed."""

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
}

_READABLE_MAGIC = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
)
_OTHER_PICTURES = (
    (b"\0\0\x01\0", "ICO"),
    (b"\0\0\x02\0", "CUR"),
    (b"8BPS", "PSD"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x01\xda", "SGI"),
    (b"BLP", "BLP"),
    (b"DDS ", "DDS"),
    (b"qoif", "QOI"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    *((b"P%d" % digit + space, "Netpbm") for digit in range(1, 8) for space in (b"\n", b" ")),
)
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def refuse_unreadable(data: bytes, decoder_says: str) -> Rejected:
    """Say why no decoder took `data`: empty, broken, a picture of another kind, or none at all."""
    head = data[:32]
    if not data:
        return Rejected(Reason.EMPTY, "the file is empty")
    if head.startswith(_READABLE_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return Rejected(Reason.BROKEN, f"the file is damaged ({decoder_says})")
    if head[4:8] == b"ftyp" and head[8:12] in {b"avif", b"avis"}:
        return Rejected(Reason.BROKEN, f"the file is damaged ({decoder_says})")
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return Rejected(Reason.UNSUPPORTED_FORMAT, "HEIC needs `pip install seenit[heic]`")
    for magic, name in _OTHER_PICTURES:
        if head.startswith(magic):
            return Rejected(Reason.UNSUPPORTED_FORMAT, f"{name} is not a format that Seenit reads")
    return Rejected(Reason.NOT_A_PICTURE, "the bytes are not those of a picture that Seenit reads")
