"""`seenit up`: everything in one process, on a folder."""

import asyncio
import signal
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from search_api.app import create_app
from search_api.parts import Parts as SearchParts
from seenit import bars, options
from seenit.console import notes, out, told_plainly
from seenit.running import at_work, run
from shared.errors import ConfigurationError
from shared.serving import address, listen, server_for
from shared.settings import Settings
from shared.storage.open import open_folder
from shared.waiting import when_it_answers
from streams.folder_ingest import FolderIngest
from streams.parts import open_parts
from streams.surveys import Report


def up(
    folder: Annotated[Path, typer.Argument(help="The folder of pictures.")],
    data: options.Data = None,
    host: options.Host = None,
    port: options.Port = None,
) -> None:
    """Index and watch FOLDER, and serve the API and the page, all in one process."""
    with told_plainly():
        if not folder.expanduser().is_dir():
            raise ConfigurationError("FOLDER", f"there is no folder {folder}")
        run(_up(options.settings_for(folder, data, host=host, port=port)))


async def _up(settings: Settings) -> None:
    store = open_folder(settings)
    with listen(settings.host, settings.port) as listener:
        async with AsyncExitStack() as stack:
            with notes.status("Loading the model"):
                parts = await stack.enter_async_context(open_parts(settings, store))
                await when_it_answers(partial(asyncio.to_thread, parts.index.load))
            ingest = FolderIngest(parts, store, settings)
            search = SearchParts(
                store=store,
                catalog=parts.catalog,
                index=parts.index,
                decoder=parts.decoder,
                embedding=parts.embedding,
                progress=ingest.report,
            )
            at_work(f"Seenit is at {address(listener)}")
            server = server_for(create_app(search, settings), settings.trusted_proxies)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            await _until_stopped(server, serving, asyncio.create_task(_ingest(ingest)))


async def _ingest(ingest: FolderIngest) -> None:
    """Show the bar until what was there at the start is done, then go on quietly."""
    caught_up: asyncio.Future[Report] = asyncio.get_running_loop().create_future()

    async def show() -> None:
        async with bars.shown(ingest.progress, "Indexing"):
            report = await caught_up
        counts = {name: report.total(name) for name in ("added", "changed", "removed", "unchanged")}
        out.print("Ready: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))

    showing = asyncio.create_task(show())
    try:
        await ingest.run(caught_up.set_result)
    finally:
        showing.cancel()


async def _until_stopped(
    server: uvicorn.Server, serving: asyncio.Task[None], ingesting: asyncio.Task[None]
) -> None:
    """Wait for Ctrl-C or a fault; then end both, letting what is under way finish."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn stops on these and raises them again afterwards; by then it is over.
        loop.add_signal_handler(number, lambda: None)
    await asyncio.wait({serving, ingesting}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    ingesting.cancel()
    results = await asyncio.gather(serving, ingesting, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result
