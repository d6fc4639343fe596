"""Asks a running API on behalf of the command line."""

from pathlib import Path
from typing import Any

import httpx

from shared.addresses import http_address
from shared.errors import ConfigurationError, SeenitError
from shared.settings import Settings
from shared.settings.group import address

TIMEOUT_S = 60.0
PROBLEM = "application/problem+json"


class ApiError(SeenitError):
    """The API refused, or does not answer."""


def api_url(settings: Settings, named: str | None = None) -> str:
    """Return the API's address: the one that was named, or that of the settings.

    Raises:
        ConfigurationError: what was named is no address of HTTP.
    """
    if named:
        try:
            return address(named, "http", "https").rstrip("/")
        except ValueError as error:
            raise ConfigurationError("--api", str(error)) from None
    return http_address(settings.host, settings.port)


def bearer(settings: Settings) -> dict[str, str]:
    """Return the header that signs in with the first token; none where there are no tokens."""
    tokens = settings.api_tokens
    return {"Authorization": f"Bearer {tokens[0].get_secret_value()}"} if tokens else {}


class Client:
    """A few calls of the HTTP API, with its problems told in one line."""

    def __init__(self, settings: Settings, url: str | None = None) -> None:
        self.url = api_url(settings, url)
        self._http = httpx.Client(base_url=self.url, headers=bearer(settings), timeout=TIMEOUT_S)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """GET a JSON document."""
        return self._json("GET", path)

    def search(self, image: str, limit: int, views: str) -> Any:  # noqa: ANN401 - JSON
        """Search with a file, a URL or `bucket/key`."""
        asked = {"limit": limit, "views": views}
        path = Path(image).expanduser()
        if path.is_file():
            with path.open("rb") as file:
                return self._json("POST", "/v1/search", files={"image": file}, data=asked)
        if image.startswith(("http://", "https://")):
            return self._json("POST", "/v1/search", json={"url": image, **asked})
        bucket, _, key = image.partition("/")
        if not (bucket and key):
            raise ApiError(f"there is no file {image}; an object is named as bucket/key")
        wanted = {"object": {"bucket": bucket, "key": key}, **asked}
        return self._json("POST", "/v1/search", json=wanted)

    def _json(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401 - httpx's own
        try:
            response = self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            problem = f"{self.url} does not answer ({error}); is `seenit up` running?"
            raise ApiError(problem) from None
        kind = response.headers.get("content-type", "").partition(";")[0]
        if kind == PROBLEM:
            told = response.json()
            if path == "/readyz" and response.status_code == 503:
                return told
            raise ApiError(f"{told['title']}: {told['detail']}")
        if kind == "application/json" and response.is_success:
            return response.json()
        raise ApiError(f"{self.url} answered {response.status_code}, and not as Seenit does")
