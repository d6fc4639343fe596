"""The index on a Milvus server (2.3.5 and later), or in Milvus Lite inside this process."""

import hashlib
import json
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import grpc  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray
from pymilvus import DataType, MilvusClient
from pymilvus.exceptions import MilvusException, ParamError

from shared.errors import TransientError
from shared.protocols import Embeddings
from shared.records import Neighbour

# On import pymilvus sends its log to the terminal, and it warns of every server before 2.4.
_LOG = logging.getLogger("pymilvus")
_LOG.handlers.clear()
_LOG.propagate = True
_LOG.setLevel(logging.ERROR)

_CHUNK = 1000
"""Images per request: 2 MiB of embeddings, well below the server's limit of 64 MiB."""

_FEW = 100
"""Images whose embeddings are fetched in a few milliseconds."""

_COLLECTION_NOT_FOUND = 100
_LEAST_EF = 128
_HNSW = {"M": 16, "efConstruction": 200}


class MilvusIndex:
    """Approximate nearest neighbours for one model: HNSW on a server, exhaustive in Milvus Lite.

    Each model has a collection of its own, named from the `model_id` and its hash, and is spoken to
    through an alias, so that an operator can rebuild a collection beside the live one. Both are
    made where they are missing, also when someone emptied Milvus while this was running.

    Reads ask for Session consistency: the first ones after a write of this process wait for it, 0.2
    to 0.4 s, and a process that never writes, the search API, never waits. Strong would cost every
    read that much. So a process finds its own writes at once, and those of others, measured, after
    0.2 to 0.4 s.

    A write is durable when it returns, and nothing is flushed: that is the server's business. Until
    it has sealed and indexed a segment, it searches the newest vectors by a coarse index: copies
    are still found, the tail of a list of unlike pictures is less exact.

    Cosines are rounded to five digits, which all of Milvus's indexes agree on; where more vectors
    tie than the limit lets through, Milvus chooses among them.

    Args:
        url: `http://user:password@host:19530`, user and password if need be, or the path of a
            Milvus Lite file. Only one process at a time can open that.
        makes: whether to make what is missing; whoever only reads waits until another has done so.

    Raises:
        TransientError: from any method: Milvus is not reachable, not ready, over its limits, or
            does not answer within `timeout_s`.
    """

    def __init__(
        self,
        url: str,
        model_id: str,
        dimension: int,
        timeout_s: float = 10.0,
        *,
        makes: bool = True,
    ) -> None:
        self._model_id = model_id
        self._dimension = dimension
        self._timeout_s = timeout_s
        self._makes = makes
        self._lite = "://" not in url
        self._alias = collection_name(model_id)
        with _transient():
            self._client = _connect(url, timeout_s)
            self._prepare()

    def upsert(self, image_ids: Sequence[str], embeddings: Embeddings) -> None:
        """Write embeddings, shape (n, dimension); of doubles the last, else Milvus keeps both."""
        if embeddings.shape != (len(image_ids), self._dimension):
            raise ValueError(f"{len(image_ids)} images, embeddings of shape {embeddings.shape}")
        vectors = np.ascontiguousarray(embeddings, np.float32)
        latest = dict(zip(image_ids, vectors, strict=True))
        rows = [{"image_id": name, "embedding": vector} for name, vector in latest.items()]
        for some in _chunks(rows):
            self._call(self._client.upsert, data=some)

    def delete(self, image_ids: Collection[str]) -> None:
        """Remove embeddings; other processes may find them for about a second longer."""
        for some in _chunks(list(image_ids)):
            self._call(self._client.delete, ids=some)

    def get(self, image_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """Return embeddings as they were written."""
        found: dict[str, NDArray[np.float32]] = {}
        for some in _chunks(list(image_ids)):
            rows = self._call(
                self._client.get,
                ids=some,
                output_fields=["image_id", "embedding"],
                consistency_level="Session",
            )
            found |= {row["image_id"]: np.asarray(row["embedding"], np.float32) for row in rows}
        return found

    def held(self, image_ids: Collection[str]) -> set[str]:
        """Tell which of these images have an embedding; waits until all earlier writes show."""
        found: set[str] = set()
        for some in _chunks(sorted(image_ids)):
            rows = self._call(
                self._client.query,
                filter=f"image_id in {json.dumps(some)}",
                output_fields=["image_id"],
                consistency_level="Strong",
            )
            found |= {row["image_id"] for row in rows}
        return found

    def nearest(
        self, queries: Embeddings, limit: int, among: Collection[str] | None = None
    ) -> list[list[Neighbour]]:
        """Find neighbours; `limit` is at most 16,384, Milvus's own. `among` is asked in chunks.

        Among few images it compares here: a server searches its newest vectors in a few of their
        clusters only, and would miss most of the few.
        """
        if not len(queries) or limit < 1:
            return [[] for _ in queries]
        if among is not None and len(among) <= _FEW:
            return _compared(queries, self.get(list(among)), limit)
        filters = [""]
        if among is not None:
            filters = [f"image_id in {json.dumps(some)}" for some in _chunks(sorted(set(among)))]
        found: list[list[Neighbour]] = [[] for _ in queries]
        for one in filters:
            for hits, more in zip(found, self._search(queries, limit, one), strict=True):
                hits.extend(more)
        return [sorted(hits, key=lambda hit: (-hit.cosine, hit.image_id))[:limit] for hits in found]

    def load(self) -> None:
        """Leave that to the server, which loads a collection when it is made or started."""

    def quick(self) -> bool:
        """Never: a server is asked."""
        return False

    def ids(self) -> Iterator[str]:
        """Name every image, by the primary key; Milvus's own count includes what was deleted.

        Waits until all earlier writes show, those of other processes too.
        """
        pages = self._call(
            self._client.query_iterator,
            batch_size=_CHUNK,
            output_fields=["image_id"],
            consistency_level="Strong",
        )
        try:
            while True:
                with _transient():
                    page = pages.next()
                if not page:
                    return
                yield from (row["image_id"] for row in page)
        finally:
            pages.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _search(self, queries: Embeddings, limit: int, where: str) -> list[list[Neighbour]]:
        found = self._call(
            self._client.search,
            data=list(np.ascontiguousarray(queries, np.float32)),
            anns_field="embedding",
            limit=limit,
            filter=where,
            search_params={"metric_type": "COSINE", "params": {"ef": max(_LEAST_EF, limit)}},
            consistency_level="Session",
        )
        return [
            [
                Neighbour(name, round(cosine, 5))
                for name, cosine in zip(h.ids, h.distances, strict=True)
            ]
            for h in found
        ]

    def _call(self, operation: Callable[..., Any], **arguments: object) -> Any:  # noqa: ANN401 - as pymilvus answers
        """Do an operation on the collection; where it is gone, make it anew first."""
        with _transient():
            try:
                return operation(self._alias, timeout=self._timeout_s, **arguments)
            except MilvusException as error:
                if error.code != _COLLECTION_NOT_FOUND or not self._makes:
                    raise
            self._prepare()
            return operation(self._alias, timeout=self._timeout_s, **arguments)

    def _prepare(self) -> None:
        """Make collection, index and alias where they are missing, and load the collection."""
        if not self._client.has_collection(self._alias, timeout=self._timeout_s):
            if not self._makes:
                return  # each call says that it is missing
            collection = f"{self._alias}_1"
            self._create(collection)
            try:
                self._client.create_alias(collection, self._alias, timeout=self._timeout_s)
            except MilvusException:  # another process may have been faster
                if not self._client.has_collection(self._alias, timeout=self._timeout_s):
                    raise
        self._client.load_collection(self._alias, timeout=6 * self._timeout_s)

    def _create(self, collection: str) -> None:
        schema = MilvusClient.create_schema(
            auto_id=False, enable_dynamic_field=False, description=self._model_id
        )
        schema.add_field("image_id", DataType.VARCHAR, is_primary=True, max_length=64)
        schema.add_field("embedding", DataType.FLOAT_VECTOR, dim=self._dimension)
        index = MilvusClient.prepare_index_params()
        kind = {"index_type": "FLAT"} if self._lite else {"index_type": "HNSW", "params": _HNSW}
        index.add_index("embedding", metric_type="COSINE", **kind)
        self._client.create_collection(
            collection,
            schema=schema,
            index_params=index,
            consistency_level="Session",
            timeout=6 * self._timeout_s,
        )


def has_collection(url: str, model_id: str, timeout_s: float = 10.0) -> bool:
    """Tell whether a Milvus server has a collection for this model.

    Raises:
        TransientError: it does not answer.
    """
    with _transient(), closing(_connect(url, timeout_s)) as client:
        return bool(client.has_collection(collection_name(model_id), timeout=timeout_s))


def check_server(url: str, timeout_s: float = 3.0) -> None:
    """See that a Milvus server answers, whatever it holds.

    Raises:
        TransientError: it does not.
    """
    with _transient(), closing(_connect(url, timeout_s)) as client:
        client.has_collection("seenit", timeout=timeout_s)


def _connect(url: str, timeout_s: float) -> MilvusClient:
    """Open a Lite file, or connect with the user and password that `url` may hold."""
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it raises what it logs as well
    if "://" not in url:
        return MilvusClient(uri=url)
    parts = urlsplit(url)
    place = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MilvusClient(uri=place, user=user, password=password, timeout=timeout_s)


def collection_name(model_id: str) -> str:
    """Name the collection: readable, and distinct even where only the signs left out differ."""
    readable = re.sub(r"[^A-Za-z0-9]+", "_", model_id)[:100]
    return f"seenit_{readable}_{hashlib.sha256(model_id.encode()).hexdigest()[:8]}"


def _compared(
    queries: Embeddings, vectors: Mapping[str, NDArray[np.float32]], limit: int
) -> list[list[Neighbour]]:
    """Find neighbours among these vectors by comparing with each."""
    cosines = [[float(np.dot(query, vector)) for vector in vectors.values()] for query in queries]
    hits = [
        [Neighbour(name, round(cosine, 5)) for name, cosine in zip(vectors, row, strict=True)]
        for row in cosines
    ]
    return [sorted(row, key=lambda hit: (-hit.cosine, hit.image_id))[:limit] for row in hits]


def _chunks(items: list[Any]) -> Iterator[list[Any]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))


@contextmanager
def _transient() -> Iterator[None]:
    try:
        yield
    except ParamError:  # wrong use, and no fault of the server
        raise
    except (MilvusException, grpc.RpcError) as error:
        raise TransientError("index", str(error)) from error
