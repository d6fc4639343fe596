"""Puts the writing side together from the settings; the one place that knows its adapters."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass

from shared.catalog.open import open_catalog
from shared.embedding.load import load_embedder
from shared.embedding.service import EmbeddingService
from shared.images.decoder import Decoder
from shared.images.open import open_decoder
from shared.protocols import Catalog, Embedder, VectorIndex
from shared.settings import Settings
from shared.storage.open import Store, open_store
from shared.vectors.open import open_index
from streams.bisection import Bisection
from streams.intake import Intake
from streams.pipeline import Pipeline
from streams.reconcile import Reconciler


@dataclass(frozen=True, slots=True)
class Adapters:
    """All that the writing side stands on; each may be another one behind the same protocol."""

    store: Store
    catalog: Catalog
    index: VectorIndex
    decoder: Decoder
    embedding: EmbeddingService


@dataclass(frozen=True, slots=True)
class Parts(Adapters):
    """All that turns changes into known pictures."""

    intake: Intake
    reconciler: Reconciler


@asynccontextmanager
async def open_adapters(
    settings: Settings,
    store: Store | None = None,
    load: Callable[[Settings], Embedder] = load_embedder,
) -> AsyncIterator[Adapters]:
    """Open everything the settings name, and close it in reverse order.

    Args:
        settings: what to open.
        store: one that is open already, in place of the settings' own.
        load: loads the model; blocks.

    Raises:
        ConfigurationError: a part refuses its setting, or the catalog holds another model's work.
        TransientError: a part does not answer.
    """
    if store is None:
        store = await asyncio.to_thread(open_store, settings)
    embedder = await asyncio.to_thread(load, settings)
    catalog = await open_catalog(settings.resolved_catalog_url, embedder.model_id)
    try:
        url = settings.resolved_index_url
        index = await asyncio.to_thread(open_index, url, embedder.model_id, embedder.dimension)
        async with aclosing(open_decoder(settings)) as decoder:
            with closing(index), closing(EmbeddingService(embedder)) as embedding:
                yield Adapters(store, catalog, index, decoder, embedding)
    finally:
        await catalog.close()


@contextmanager
def assemble(adapters: Adapters, settings: Settings) -> Iterator[Parts]:
    """Put the way of the data together on open adapters, and let go of its threads at the end."""
    store, catalog, index = adapters.store, adapters.catalog, adapters.index
    decoder, embedding = adapters.decoder, adapters.embedding
    pipeline = Pipeline(store, catalog, index, decoder, embedding, max_bytes=settings.max_bytes)
    with closing(pipeline):
        age = settings.batch_age_ms / 1000
        intake = Intake(Bisection(pipeline), batch_size=settings.batch_size, batch_age_s=age)
        reconciler = Reconciler(store, catalog, index, guard=settings.removal_guard)
        yield Parts(store, catalog, index, decoder, embedding, intake, reconciler)


@asynccontextmanager
async def open_parts(settings: Settings, store: Store) -> AsyncIterator[Parts]:
    """Open everything around a store and put it together; raises as `open_adapters`."""
    async with open_adapters(settings, store) as adapters:
        with assemble(adapters, settings) as parts:
            yield parts
