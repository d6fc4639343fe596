"""The web pages and their files: compressed, and asked after each time.

A browser that may guess how long a file stays fresh mixes the modules of two versions after an
update; an answer of `304 Not Modified` costs little.
"""

from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
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


async def _search(_: Request) -> Response:
    return FileResponse(FILES / "index.html", headers=FRESH)


async def _library(_: Request) -> Response:
    return FileResponse(FILES / "library.html", headers=FRESH)


def page_routes() -> list[BaseRoute]:
    """Route `/`, `/library` and `/static`, which need no token."""
    compressed = [Middleware(GZipMiddleware)]
    return [
        Route("/", _search, middleware=compressed),
        Route("/library", _library, middleware=compressed),
        Mount("/static", Files(directory=FILES), middleware=compressed),
    ]
