"""Puts the writing side together from the settings; the one place that knows its adapters."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from shared.catalog.open import open_catalog
from shared.embedding.load import load_embedder
from shared.embedding.service import EmbeddingService
from shared.images.decoder import Decoder
from shared.images.limits import Limits
from shared.protocols import Catalog, VectorIndex
from shared.settings import Settings
from shared.storage.open import Store
from shared.vectors.open import open_index
from streams.bisection import Bisection
from streams.intake import Intake
from streams.pipeline import Pipeline
from streams.reconcile import Reconciler


@dataclass(frozen=True, slots=True)
class Parts:
    """All that turns changes into known pictures."""

    store: Store
    catalog: Catalog
    index: VectorIndex
    decoder: Decoder
    embedding: EmbeddingService
    intake: Intake
    reconciler: Reconciler


@asynccontextmanager
async def open_parts(settings: Settings, store: Store) -> AsyncIterator[Parts]:
    """Open everything around a store, and close it in reverse order.

    Raises:
        ConfigurationError: a part refuses its setting, or the catalog holds another model's work.
    """
    embedder = await asyncio.to_thread(load_embedder, settings)
    catalog = await open_catalog(settings.resolved_catalog_url, embedder.model_id)
    try:
        url = settings.resolved_index_url
        index = await asyncio.to_thread(open_index, url, embedder.model_id, embedder.dimension)
        limits = Limits(settings.max_pixels, settings.decode_timeout_s, settings.decode_memory)
        processes = min(4, os.cpu_count() or 1)
        with (
            closing(index),
            closing(Decoder(processes, limits)) as decoder,
            closing(EmbeddingService(embedder)) as embedding,
            closing(
                Pipeline(store, catalog, index, decoder, embedding, max_bytes=settings.max_bytes)
            ) as pipeline,
        ):
            age = settings.batch_age_ms / 1000
            intake = Intake(Bisection(pipeline), batch_size=settings.batch_size, batch_age_s=age)
            reconciler = Reconciler(store, catalog, intake, guard=settings.removal_guard)
            yield Parts(store, catalog, index, decoder, embedding, intake, reconciler)
    finally:
        await catalog.close()
