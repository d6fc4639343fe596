"""Objects that a path names: every byte of the key counts."""

from http import HTTPStatus
from urllib.parse import unquote

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request

from search_api.inputs import object_named
from search_api.problems import Problem
from shared.protocols import CatalogReader
from shared.records import ObjectRef, StoredObject


class KeyConvertor(Convertor[str]):
    """Any key: Starlette's own `path` stops at a newline."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        """Keep it; `addressed` reads the raw path."""
        return value

    def to_string(self, value: str) -> str:
        """Keep it."""
        return value


register_url_convertor("key", KeyConvertor())


def addressed(request: Request, call: str) -> ObjectRef:
    """Read the bucket and key behind `call` from the raw path, so that they keep every byte."""
    raw: bytes = request.scope["raw_path"]
    bucket, _, key = raw.partition(f"/v1/{call}/".encode())[2].partition(b"/")
    return object_named(
        *(unquote(part.decode("latin-1"), errors="surrogateescape") for part in (bucket, key))
    )


async def recorded(catalog: CatalogReader, ref: ObjectRef) -> StoredObject:
    """Look an object up.

    Raises:
        Problem: 404, the catalog holds no such object.
    """
    stored = (await catalog.known([ref])).get(ref)
    if stored is None:
        raise Problem(HTTPStatus.NOT_FOUND, "no such object")
    return stored
