"""`/openapi.json` and `/docs`: the API described, for programs and for people."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from search_api.openapi import document

HERE = Path(__file__).parent


class Documents:
    """Endpoints that describe the API; built once, as they never change."""

    def __init__(self) -> None:
        described = document()
        self._json = described.model_dump_json(by_alias=True, exclude_none=True)
        templates = Environment(
            loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined
        )
        plain = described.model_dump(by_alias=True, exclude_none=True, mode="json")
        self._html = templates.get_template("docs.html").render(api=plain)
        self._css = (HERE / "docs.css").read_bytes()

    async def openapi(self, _: Request) -> Response:
        """Answer `GET /openapi.json`."""
        return Response(self._json, media_type="application/json")

    async def page(self, _: Request) -> Response:
        """Answer `GET /docs`."""
        return HTMLResponse(self._html)

    async def style(self, _: Request) -> Response:
        """Answer `GET /docs.css`."""
        return Response(self._css, media_type="text/css")
