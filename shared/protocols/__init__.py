"""The four protocols, a page each: `ObjectStore`, `Catalog`, `VectorIndex` and `Embedder`.

Each has one contract suite in tests/contract, run on every adapter.

Those that block say so: call them from a worker thread. All raise `TransientError` when the part
behind them does not answer, and every write may be repeated without harm.
"""

from shared.protocols.catalog import Catalog, Delete, Present
from shared.protocols.catalog_reader import CatalogReader
from shared.protocols.embedder import Embedder, Embeddings, Pixels
from shared.protocols.index import VectorIndex
from shared.protocols.store import ObjectStore, ObjectWriter

__all__ = [
    "Catalog",
    "CatalogReader",
    "Delete",
    "Embedder",
    "Embeddings",
    "ObjectStore",
    "ObjectWriter",
    "Pixels",
    "Present",
    "VectorIndex",
]
