"""Choose the vector index by its URL."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from shared.addresses import sqlite_file
from shared.errors import ConfigurationError
from shared.protocols import VectorIndex
from shared.steps import Did, Step
from shared.vectors.exact import ExactIndex

_SEARCH_S = 3.0


def open_index(url: str, model_id: str, dimension: int) -> VectorIndex:
    """Open the index of one model, making it where it does not exist.

    Args:
        url: `sqlite:///file` (exact, in this process; the rest is taken literally, as the catalog
            takes it, so that both use one file), `http://host:19530` (a Milvus server), or anything
            else a path (Milvus Lite).
        model_id: whose embeddings; those of another model are never seen.
        dimension: length of an embedding.

    Raises:
        ConfigurationError: Milvus is asked for and its client is not installed.
        TransientError: the index does not answer.
    """
    if file := sqlite_file(url):
        return ExactIndex(file, model_id, dimension)
    index: VectorIndex = _milvus(url).MilvusIndex(url, model_id, dimension)
    return index


def open_index_to_read(url: str, model_id: str, dimension: int) -> VectorIndex:
    """Open the index for searches, as `open_index` does.

    A server is waited for no longer than a search should, and nothing is made there: a collection
    that is missing is, like a server that is away, a `TransientError` of each call.
    """
    if not _is_server(url):
        return open_index(url, model_id, dimension)
    index: VectorIndex = _milvus(url).MilvusIndex(
        url, model_id, dimension, timeout_s=_SEARCH_S, makes=False
    )
    return index


def make_collection(url: str, model_id: str, dimension: int) -> Step:
    """Make the index's collection, or file, for one model where it is missing; as `open_index`.

    On a server also the database that the address names.
    """
    if _is_server(url):
        _milvus(url).make_database(url)
        name = _milvus(url).collection_name(model_id)
        there = _milvus(url).has_collection(url, model_id)
    else:
        file = sqlite_file(url) or Path(url)
        name, there = str(file), file.exists()
    open_index(url, model_id, dimension).close()
    return Step("collection", name, Did.FOUND if there else Did.MADE, f"{dimension} dimensions")


def check_server(url: str) -> None:
    """See that the index's server answers; an index without one is always well.

    Raises:
        ConfigurationError: as `open_index`.
        TransientError: it does not answer.
    """
    if _is_server(url):
        _milvus(url).check_server(url)


def _is_server(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def _milvus(url: str) -> ModuleType:
    try:
        if not _is_server(url):
            import milvus_lite  # type: ignore[import-untyped] # noqa: F401, PLC0415 - an extra; only seen to be there
        return import_module("shared.vectors.milvus")  # pymilvus is an extra
    except ImportError as error:
        extra = "distributed" if _is_server(url) else "milvus-lite"
        problem = f"Milvus needs more packages: pip install 'seenit[{extra}]' ({error})"
        raise ConfigurationError("SEENIT_INDEX_URL", problem) from error
