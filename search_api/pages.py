"""The web pages and their files: compressed, and asked after each time.

A browser that may guess how long a file stays fresh mixes the modules of two versions after an
update; an answer of `304 Not Modified` costs little.
"""

from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

FILES = Path(__file__).parent / "page"
FRESH = {"Cache-Control": "no-cache"}


class Files(StaticFiles):
    """The pages' scripts, styles and drawings."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - passed on
        """Answer a file, to be asked after the next time."""
        response = super().file_response(*args, **kwargs)
        response.headers.update(FRESH)
        return response


def page_routes() -> list[BaseRoute]:
    """Route `/`, `/library` and `/static`, which need no token."""
    files = Files(directory=FILES)
    compressed = [Middleware(GZipMiddleware)]

    async def search(request: Request) -> Response:
        return await files.get_response("index.html", request.scope)

    async def library(request: Request) -> Response:
        return await files.get_response("library.html", request.scope)

    return [
        Route("/", search, middleware=compressed),
        Route("/library", library, middleware=compressed),
        Mount("/static", files, middleware=compressed),
    ]
