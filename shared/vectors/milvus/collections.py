"""Collections: one a model, spoken to through an alias, so that it can be rebuilt beside itself."""

import hashlib
import re
from contextlib import closing

from pymilvus import DataType, MilvusClient
from pymilvus.exceptions import MilvusException

from shared.vectors.milvus.connecting import connect, milvus_faults

_HNSW = {"M": 16, "efConstruction": 200}
_SLOWLY = 6
"""Times as long as a question: making and loading a collection."""


def collection_name(model_id: str) -> str:
    """Name a model's alias: readable, and distinct even where only the signs left out differ."""
    readable = re.sub(r"[^A-Za-z0-9]+", "_", model_id)[:100]
    return f"seenit_{readable}_{hashlib.sha256(model_id.encode()).hexdigest()[:8]}"


def has_collection(url: str, model_id: str, timeout_s: float = 10.0) -> bool:
    """Tell whether a Milvus server has a collection for this model.

    Raises:
        TransientError: it does not answer.
    """
    with milvus_faults(), closing(connect(url, timeout_s)) as client:
        return bool(client.has_collection(collection_name(model_id), timeout=timeout_s))


def make_collection(
    client: MilvusClient, model_id: str, dimension: int, kind: str, timeout_s: float
) -> None:
    """Make a model's collection, its index and alias where they are missing.

    Args:
        client: connected.
        model_id: whose embeddings it will hold.
        dimension: their length.
        kind: `HNSW` (approximate) or `FLAT` (exhaustive).
        timeout_s: seconds that Milvus may take for a question; making takes longer.

    Raises:
        MilvusException: it could not be made.
    """
    alias = collection_name(model_id)
    if client.has_collection(alias, timeout=timeout_s):
        return
    collection = f"{alias}_1"
    schema = MilvusClient.create_schema(
        auto_id=False, enable_dynamic_field=False, description=model_id
    )
    schema.add_field("image_id", DataType.VARCHAR, is_primary=True, max_length=64)
    schema.add_field("embedding", DataType.FLOAT_VECTOR, dim=dimension)
    index = MilvusClient.prepare_index_params()
    params = {"params": _HNSW} if kind == "HNSW" else {}
    index.add_index("embedding", metric_type="COSINE", index_type=kind, **params)
    client.create_collection(
        collection,
        schema=schema,
        index_params=index,
        consistency_level="Session",
        timeout=_SLOWLY * timeout_s,
    )
    try:
        client.create_alias(collection, alias, timeout=timeout_s)
    except MilvusException:  # another process may have been faster
        if not client.has_collection(alias, timeout=timeout_s):
            raise


def load_collection(client: MilvusClient, model_id: str, timeout_s: float) -> None:
    """Have Milvus load a model's collection into its memory, where it is not yet.

    Raises:
        MilvusException: it is missing, or takes too long.
    """
    client.load_collection(collection_name(model_id), timeout=_SLOWLY * timeout_s)
