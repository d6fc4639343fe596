"""Databases on a Milvus server: collections that lie apart, named in its address.

`http://host:19530/NAME` leads to one; without a name it is the server's own.
"""

from contextlib import closing
from urllib.parse import urlsplit

from shared.vectors.milvus.connecting import connect, milvus_faults

_WAITS_S = 10.0


def make_database(url: str) -> None:
    """Make the database that an address names, where it names one that is not there.

    Raises:
        TransientError: the server does not answer, or refuses.
    """
    server, name = _parted(url)
    with milvus_faults(), closing(connect(server, _WAITS_S)) as client:
        if name and name not in client.list_databases():
            client.create_database(name)


def drop_database(url: str) -> None:
    """Drop the database that an address names, with all it holds.

    Raises:
        TransientError: the server does not answer, or refuses.
    """
    with milvus_faults(), closing(connect(url, _WAITS_S)) as client:
        for collection in client.list_collections():
            for alias in client.describe_collection(collection)["aliases"]:
                client.drop_alias(alias)
            client.drop_collection(collection)
    server, name = _parted(url)
    with milvus_faults(), closing(connect(server, _WAITS_S)) as client:
        client.drop_database(name)


def _parted(url: str) -> tuple[str, str]:
    """Return the server's own address, and the database's name."""
    parts = urlsplit(url)
    return parts._replace(path="").geturl(), parts.path.strip("/")
