"""`seenit serve`: the search API as a process of its own."""

import asyncio
import errno
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing

import uvicorn
from starlette.types import ASGIApp

from search_api.app import create_app
from search_api.parts import Parts
from shared.catalog.open import open_reader
from shared.embedding.load import load_embedder
from shared.embedding.service import EmbeddingService
from shared.errors import ConfigurationError
from shared.images.decoder import Decoder
from shared.images.limits import Limits
from shared.settings import Settings
from shared.storage.open import open_links, open_store
from shared.vectors.open import open_index

GRACE_S = 10
"""How long requests under way may still take once the process was told to stop."""


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Open all that search reads from, and close it in reverse order.

    Raises:
        ConfigurationError: a part refuses its setting, or holds another model's work.
        TransientError: a part does not answer.
    """
    store = open_store(settings)
    embedder = await asyncio.to_thread(load_embedder, settings)
    catalog = await open_reader(settings.resolved_catalog_url, embedder.model_id)
    try:
        url = settings.resolved_index_url
        index = await asyncio.to_thread(open_index, url, embedder.model_id, embedder.dimension)
        limits = Limits(settings.max_pixels, settings.decode_timeout_s, settings.decode_memory)
        processes = min(4, os.cpu_count() or 1)
        with (
            closing(index),
            closing(Decoder(processes, limits)) as decoder,
            closing(EmbeddingService(embedder)) as embedding,
        ):
            link = open_links(settings)
            yield Parts(store, catalog, index, decoder, embedding, link=link)
    finally:
        await catalog.close()


def listen(host: str, port: int) -> socket.socket:
    """Take the address before anything slow is started; port 0 takes a free one.

    Raises:
        ConfigurationError: it cannot be had.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise ConfigurationError("SEENIT_HOST", f"{host} is no address") from None
    family, _, _, _, place = found[0]
    try:
        return socket.create_server(place[:2], family=family, backlog=2048)
    except OSError as error:
        option = "SEENIT_HOST" if error.errno == errno.EADDRNOTAVAIL else "SEENIT_PORT"
        problem = f"cannot listen at {host}:{port}: {os.strerror(error.errno or 0)}"
        raise ConfigurationError(option, problem) from None


def address(listener: socket.socket) -> str:
    """Name the address that a browser on this machine opens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def server_for(app: ASGIApp) -> uvicorn.Server:
    """Make the server of an app; whoever runs it hands it the listening socket."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=GRACE_S,
        )
    )


async def serve(settings: Settings, told: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM, then finish what is under way and return.

    Args:
        settings: what to read from and where to listen.
        told: called with the address once searches are answered there.
    """
    with listen(settings.host, settings.port) as listener:
        async with open_parts(settings) as parts:
            server = server_for(create_app(parts, settings))
            told(address(listener))
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                # uvicorn stops on these and raises them again afterwards; by then it is over.
                loop.add_signal_handler(number, lambda: None)
            await server.serve(sockets=[listener])
