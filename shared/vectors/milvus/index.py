"""The index on a Milvus server (2.3.5 and later), or in Milvus Lite inside this process."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymilvus.exceptions import MilvusException

from shared.protocols import Embeddings
from shared.records import Neighbour
from shared.vectors.milvus.collections import collection_name, load_collection, make_collection
from shared.vectors.milvus.connecting import connect, milvus_faults

_CHUNK = 1000
"""Images per request: 2 MiB of embeddings, well below the server's limit of 64 MiB."""

_FEW = 100
"""Images whose embeddings are fetched in a few milliseconds."""

_COLLECTION_NOT_FOUND = 100
_LEAST_EF = 128


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

    find_cost = 0.45  # 11 µs
    among_cost = 0.55  # 13 µs, mostly to read its name in the question

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
        self._kind = "HNSW" if "://" in url else "FLAT"
        self._alias = collection_name(model_id)
        with milvus_faults():
            self._client = connect(url, timeout_s)
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
        return [_best(hits, limit) for hits in found]

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
                with milvus_faults():
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
        return [_neighbours(hits.ids, hits.distances) for hits in found]

    def _call(self, operation: Callable[..., Any], **arguments: object) -> Any:  # noqa: ANN401 - as pymilvus answers
        """Do an operation on the collection; where it is gone, make it anew first."""
        with milvus_faults():
            try:
                return operation(self._alias, timeout=self._timeout_s, **arguments)
            except MilvusException as error:
                if error.code != _COLLECTION_NOT_FOUND or not self._makes:
                    raise
            self._prepare()
            return operation(self._alias, timeout=self._timeout_s, **arguments)

    def _prepare(self) -> None:
        """Have the collection made, where that is ours to do, and loaded."""
        if self._makes:
            make_collection(
                self._client, self._model_id, self._dimension, self._kind, self._timeout_s
            )
        elif not self._client.has_collection(self._alias, timeout=self._timeout_s):
            return  # each call says that it is missing
        load_collection(self._client, self._model_id, self._timeout_s)


def _compared(
    queries: Embeddings, vectors: Mapping[str, NDArray[np.float32]], limit: int
) -> list[list[Neighbour]]:
    """Find neighbours among these vectors by comparing with each."""
    cosines = [[float(np.dot(query, vector)) for vector in vectors.values()] for query in queries]
    return [_best(_neighbours(vectors, row), limit) for row in cosines]


def _neighbours(image_ids: Iterable[str], cosines: Iterable[float]) -> list[Neighbour]:
    pairs = zip(image_ids, cosines, strict=True)
    return [Neighbour(image_id, round(cosine, 5)) for image_id, cosine in pairs]


def _best(hits: list[Neighbour], limit: int) -> list[Neighbour]:
    return sorted(hits, key=lambda hit: (-hit.cosine, hit.image_id))[:limit]


def _chunks(items: list[Any]) -> Iterator[list[Any]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
