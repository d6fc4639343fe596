"""Connections to Milvus, and its faults as the index tells them."""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import unquote, urlsplit

import grpc  # type: ignore[import-untyped]
from pymilvus import MilvusClient
from pymilvus.exceptions import MilvusException, ParamError

from shared.errors import TransientError

# On import pymilvus sends its log to the terminal; what it logs it raises as well, but for warnings
# of every server before 2.4.
_LOG = logging.getLogger("pymilvus")
_LOG.handlers.clear()
_LOG.propagate = True
_LOG.setLevel(logging.CRITICAL)


def connect(url: str, timeout_s: float) -> MilvusClient:
    """Open a Lite file, or connect with the user and password that `url` may hold.

    Raises:
        MilvusException: nobody answers there within `timeout_s`, or refuses.
    """
    if "://" not in url:
        return MilvusClient(uri=url)
    parts = urlsplit(url)
    place = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MilvusClient(uri=place, user=user, password=password, timeout=timeout_s)


def check_server(url: str, timeout_s: float = 3.0) -> None:
    """See that a Milvus server answers, whatever it holds.

    Raises:
        TransientError: it does not.
    """
    with milvus_faults(), closing(connect(url, timeout_s)) as client:
        client.has_collection("seenit", timeout=timeout_s)


@contextmanager
def milvus_faults() -> Iterator[None]:
    """Raise what Milvus and the line to it raise as `TransientError`."""
    try:
        yield
    except ParamError:  # wrong use, and no fault of the server
        raise
    except (MilvusException, grpc.RpcError) as error:
        raise TransientError("index", str(error)) from error
