"""Pages of a bucket's listing (ListObjectsV2): 9 core-us a key, where minio-py takes 25."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from shared.errors import TransientError
from shared.records import ObjectRef, ObjectStat

PAGE = 1000
_TAG = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass(frozen=True, slots=True)
class Page:
    """One page: what it lists and the token of the next; None ends the listing."""

    stats: list[ObjectStat]
    token: str | None


def query_for(prefix: str, token: str | None, most: int = PAGE) -> dict[str, str]:
    """Write the query of a page. Keys come URL-encoded: XML could not hold all of them."""
    query = {"encoding-type": "url", "list-type": "2", "max-keys": str(most), "prefix": prefix}
    return query if token is None else {"continuation-token": token, **query}


def parse_page(bucket: str, body: bytes) -> Page:
    """Read a page.

    Raises:
        TransientError: it is not a whole and valid one, so that the listing cannot be trusted.
    """
    try:
        root = ET.fromstring(body)  # noqa: S314 - the store's own answer; expat knows bombs
        if root.tag != f"{_TAG}ListBucketResult":
            raise TransientError("store", f"a listing was asked for, not {root.tag}")
        decode = unquote_plus if root.findtext(f"{_TAG}EncodingType") == "url" else str
        stats = [_stat(bucket, entry, decode) for entry in root.iterfind(f"{_TAG}Contents")]
        token = root.findtext(f"{_TAG}NextContinuationToken")
        if (root.findtext(f"{_TAG}IsTruncated"), token is None) not in _CONSISTENT:
            raise TransientError("store", "a listing does not say how it goes on")
    except (ET.ParseError, KeyError, ValueError) as error:
        raise TransientError("store", f"a listing cannot be read: {error}") from error
    return Page(stats, token)


_CONSISTENT = {("true", False), ("false", True)}


def _stat(bucket: str, entry: ET.Element, decode: Callable[[str], str]) -> ObjectStat:
    told = {child.tag.removeprefix(_TAG): child.text or "" for child in entry}
    # To the second, as the headers of the same object tell it.
    modified = datetime.fromisoformat(told["LastModified"]).astimezone(UTC).replace(microsecond=0)
    ref = ObjectRef(bucket, decode(told["Key"]))
    return ObjectStat(ref, int(told["Size"]), told["ETag"].strip('"'), modified)


def in_order(stats: Iterator[ObjectStat]) -> Iterator[ObjectStat]:
    """Pass a listing on while its keys are in byte order, each once.

    Raises:
        TransientError: they are not; compared with the catalog it would look like removals.
    """
    before = b""
    for stat in stats:
        if stat.ref.key_bytes <= before:
            raise TransientError("store", f"the listing of {stat.ref.bucket} is out of order")
        before = stat.ref.key_bytes
        yield stat
