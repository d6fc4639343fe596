"""`seenit serve`: the search API as a process of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, closing
from functools import partial

from search_api.app import create_app
from search_api.leaving import Leaving
from search_api.parts import Parts
from shared.catalog.open import open_reader
from shared.embedding.load import load_embedder
from shared.embedding.service import EmbeddingService
from shared.errors import ConfigurationError
from shared.images.open import open_decoder
from shared.serving import address, listen, side_server_for
from shared.settings import Settings
from shared.storage.open import open_links, open_store
from shared.vectors.open import open_index_to_read
from shared.waiting import when_it_answers


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Open all that search reads from, and close it in reverse order.

    Parts that do not answer are waited for.

    Raises:
        ConfigurationError: a part refuses its setting, or holds another model's work.
    """
    embedder = await asyncio.to_thread(load_embedder, settings)
    model = embedder.model_id, embedder.dimension
    store = await when_it_answers(partial(asyncio.to_thread, open_store, settings))
    catalog = await when_it_answers(
        partial(open_reader, settings.resolved_catalog_url, embedder.model_id)
    )
    try:
        url = settings.resolved_index_url
        index = await when_it_answers(partial(asyncio.to_thread, open_index_to_read, url, *model))
        async with aclosing(open_decoder(settings)) as decoder:
            with closing(index), closing(EmbeddingService(embedder)) as embedding:
                await when_it_answers(partial(asyncio.to_thread, index.load))
                link = open_links(settings)
                yield Parts(store, catalog, index, decoder, embedding, link=link)
    finally:
        await catalog.close()


_SIGNING_IN = {"SEENIT_S3_ACCESS_KEY", "SEENIT_S3_SECRET_KEY", "SEENIT_CATALOG_URL"}


async def serve(settings: Settings, told: Callable[[str], None]) -> None:
    """Answer until SIGINT, or a while after SIGTERM; then finish what is under way and return.

    Signs in as the user who may only read, if one is set.

    Args:
        settings: what to read from and where to listen.
        told: called with the address once searches are answered there.

    Raises:
        ConfigurationError: as `open_parts`, or that user is refused.
    """
    try:
        await _serve(settings.for_search(), told)
    except ConfigurationError as refusal:
        if not settings.search_user or refusal.option not in _SIGNING_IN:
            raise
        problem = f"search signs in as {settings.search_user}, made by `seenit setup` ({refusal})"
        raise ConfigurationError("SEENIT_SEARCH_USER", problem) from None


async def _serve(settings: Settings, told: Callable[[str], None]) -> None:
    with listen(settings.host, settings.port) as listener:
        async with open_parts(settings) as parts:
            leaving = Leaving()
            app = create_app(parts, settings, leaving=leaving)
            server = side_server_for(app, settings.trusted_proxies)

            def end() -> None:
                server.should_exit = True

            leaving.on_signals(end, settings.leave_s)
            told(address(listener))
            await server.serve(sockets=[listener])
