"""Every refusal as `application/problem+json` (RFC 9457); the error tree meets HTTP here only."""

import asyncio
import math
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from search_api.schemas import ProblemReply
from search_api.security import SECURITY_HEADERS
from shared.errors import ObjectChanging, ObjectGone, Reason, Rejected, SeenitError, TransientError

LINGER_S = 1.0

TOO_LARGE = frozenset({Reason.TOO_MANY_BYTES, Reason.TOO_MANY_PIXELS})


class Problem(SeenitError):  # noqa: N818 - RFC 9457's own word
    """A request that cannot be answered as it is.

    Attributes:
        status: the HTTP status.
        detail: one sentence for a person.
        headers: sent with the answer.
    """

    def __init__(
        self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


class LastWord(Response):
    """An answer after which the connection ends, whatever the client still sends.

    It waits a moment before hanging up: closing on a client that is sending resets the connection,
    and the answer would be lost on its way.
    """

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Answer, let the client read, hang up."""
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": [*self.raw_headers, (b"connection", b"close")]})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while (await receive())["type"] != "http.disconnect":
                    pass
        await send({"type": "http.response.body", "body": b""})


def out_of_range(error: ValidationError) -> Problem:
    """Name the first parameter that pydantic refused, and why."""
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(str(step) for step in first["loc"]) or "parameters"
    message = first["msg"].removeprefix("Value error, ")
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{name}: {message}")


def respond(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    kind: type[Response] = Response,
    **more: str | list[str] | None,
) -> Response:
    """Build a problem+json answer; `more` are members beside the four standard ones."""
    body = ProblemReply(title=HTTPStatus(status).phrase, status=status, detail=detail, **more)
    return kind(
        body.model_dump_json(exclude_none=True),
        status_code=status,
        headers=headers,
        media_type="application/problem+json",
    )


async def seenit_problem(_: Request, error: Exception) -> Response:
    """Answer an error that Seenit raised on purpose."""
    match error:
        case Problem(status=HTTPStatus.REQUEST_TIMEOUT):
            return respond(error.status, error.detail, kind=LastWord)
        case Problem():
            return respond(error.status, error.detail, headers=error.headers)
        case TransientError():
            return _later(f"the {error.part} does not answer now", error.retry_after)
        case ObjectChanging():
            return _later("the object is being written right now", 1)
        case ObjectGone():
            return respond(404, "the object is no longer there")
        case Rejected():
            status = 413 if error.reason in TOO_LARGE else 415
            return respond(status, error.detail, reason=error.reason)
    raise error


async def http_problem(_: Request, error: Exception) -> Response:
    """Answer what the framework refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)
    return respond(error.status_code, error.detail, headers=error.headers)


async def nobody_listens(_: Request, error: Exception) -> Response:
    """End a request whose client has left; no one reads this."""
    assert isinstance(error, ClientDisconnect)
    return respond(400, "the client left before its request was whole")


async def unforeseen(_: Request, __: Exception) -> Response:
    """Answer a fault of Seenit's own without showing its inside; the server logs it.

    The framework answers this outside all middleware, so the headers are added here.
    """
    return respond(500, "Seenit failed; its log says why", headers=SECURITY_HEADERS)


def _later(detail: str, seconds: float) -> Response:
    return respond(503, detail, headers={"Retry-After": str(max(1, math.ceil(seconds)))})


HANDLERS = {
    SeenitError: seenit_problem,
    HTTPException: http_problem,
    ClientDisconnect: nobody_listens,
    Exception: unforeseen,
}
