"""`seenit status`: counts, work under way, model, health of each part."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from typing import Annotated, Any

import typer
from rich.live import Live

from seenit import options
from seenit.client import Client, api_url
from seenit.console import out, print_json, print_table, told_plainly
from seenit.running import run
from seenit.status_table import table_of
from seenit.verbs.search import Api
from shared.errors import SeenitError
from shared.settings import Settings

EVERY_S = 1.0
PATIENCE_S = 3.0
FIRST_S = 10.0
"""The first look also loads what is needed for asking."""

PARTS = ("catalog", "index", "store")


Look = Callable[[float], Awaitable[dict[str, Any]]]
"""Asks all there is to ask, waiting at most so many seconds for any of it."""


def status(
    api: Api = None,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", metavar="", help="Show it until Ctrl-C.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show what is indexed, what is under way, and whether each part is well."""
    with told_plainly():
        settings = options.settings_for()
        run(_show(settings, api, watch=watch, as_json=as_json))


async def _show(settings: Settings, api: str | None, *, watch: bool, as_json: bool) -> None:
    async with _looks(settings, api) as look:
        first = await look(FIRST_S)
        if as_json:
            print_json(first)
        elif not watch:
            print_table(table_of(first))
        if watch:
            await _watch(look, first, as_json=as_json)
        elif not any(health.startswith("ok") for health in first["health"].values()):
            raise SeenitError("no part answers")


async def _watch(look: Look, first: dict[str, Any], *, as_json: bool) -> None:
    with Live(None if as_json else table_of(first), console=out, auto_refresh=False) as live:
        while True:
            await asyncio.sleep(EVERY_S)
            told = await look(PATIENCE_S)
            if as_json:
                print_json(told)
            else:
                live.update(table_of(told), refresh=True)


@asynccontextmanager
async def _looks(settings: Settings, api: str | None) -> AsyncIterator[Look]:
    """Look at all parts where there are several, else at the one process that has them all."""
    if not settings.kafka_url:
        with closing(Client(settings, api)) as client:
            yield lambda _: asyncio.to_thread(_ask, client)
        return
    from seenit.overview import Overview  # noqa: PLC0415 - its clients are an extra

    for noisy in ("shared", "streams", "aiokafka"):  # the table says it
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    async with Overview(settings, api_url(settings, api)) as overview:
        yield overview.look


def _ask(client: Client) -> dict[str, Any]:
    """Ask for health first: without its catalog the API has nothing to count."""
    missing = client.get("/readyz").get("missing", [])
    stats = {} if "catalog" in missing else client.get("/v1/stats")
    health = {part: "not answering" if part in missing else "ok" for part in PARTS}
    return {"api": client.url, **stats, "health": health}
