"""The index on Milvus: the only room that speaks to it."""

from shared.vectors.milvus.collections import collection_name, has_collection
from shared.vectors.milvus.connecting import check_server
from shared.vectors.milvus.databases import make_database
from shared.vectors.milvus.index import MilvusIndex

__all__ = ["MilvusIndex", "check_server", "collection_name", "has_collection", "make_database"]
