"""Databases on a Milvus server: collections that lie apart, named in its address.

`http://host:19530/NAME` leads to one; without a name it is the server's own.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import SplitResult, unquote, urlsplit

from pymilvus import MilvusClient
from pymilvus.exceptions import MilvusException

from shared.errors import TransientError

_WAITS_S = 10.0


def make_database(url: str) -> None:
    """Make the database that an address names.

    Raises:
        TransientError: the server does not answer, or refuses.
    """
    parts = urlsplit(url)
    with _client(parts._replace(path="")) as client:
        client.create_database(parts.path.strip("/"))


def drop_database(url: str) -> None:
    """Drop the database that an address names, with all it holds.

    Raises:
        TransientError: the server does not answer, or refuses.
    """
    parts = urlsplit(url)
    with _client(parts) as client:
        for collection in client.list_collections():
            for alias in client.describe_collection(collection)["aliases"]:
                client.drop_alias(alias)
            client.drop_collection(collection)
    with _client(parts._replace(path="")) as client:
        client.drop_database(parts.path.strip("/"))


@contextmanager
def _client(parts: SplitResult) -> Iterator[MilvusClient]:
    place = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    try:
        client = MilvusClient(uri=place, user=user, password=password, timeout=_WAITS_S)
        with closing(client):
            yield client
    except MilvusException as error:
        raise TransientError("index", str(error)) from error
