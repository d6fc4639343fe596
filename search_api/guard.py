"""Lets in who carries a token, or a browser that was signed in with one."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from search_api.problems import Problem, respond
from search_api.tokens import SESSION_S, Tokens

COOKIE = "seenit_session"

OPEN = frozenset({"/", "/library", "/livez", "/readyz", "/docs.css"})
"""Beside the page's own files, all that anyone may ask for."""

_REFUSAL = "a token is missing, wrong or no longer good"
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="seenit"'}


def is_open(path: str) -> bool:
    """Tell whether a path asks for no token and counts towards no rate."""
    return path in OPEN or path.startswith("/static/")


class Guard:
    """Refuses whoever has no token; names who has, in `scope["state"]["caller"]`. Pure ASGI."""

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 401."""
        if not is_open(scope["path"]):
            holder = self._holder(Headers(scope=scope))
            if holder is None:
                refusal = respond(HTTPStatus.UNAUTHORIZED, _REFUSAL, headers=_CHALLENGE)
                await refusal(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = holder.hex()
        await self._app(scope, receive, send)

    def _holder(self, headers: Headers) -> bytes | None:
        """Read the header or else the cookie: a wrong token is not mended by an old session."""
        if "authorization" in headers:
            return self._tokens.holder(_bearer(headers))
        return self._tokens.in_session(cookie_parser(headers.get("cookie", "")).get(COOKIE, ""))


class Session:
    """The endpoint that signs a browser in and out.

    Pictures and links cannot carry a header, and a token that scripts can read can be stolen by
    one; so the page trades its token for a cookie that no script sees and no other site sends.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def answer(self, request: Request) -> Response:
        """Answer `POST` and `DELETE /v1/session`."""
        return self._begin(request) if request.method == "POST" else self._end()

    def _begin(self, request: Request) -> Response:
        """Give a cookie for a token; an old session makes no new one."""
        answer = Response(status_code=HTTPStatus.NO_CONTENT)
        if self._tokens:
            holder = self._tokens.holder(_bearer(request.headers))
            if holder is None:
                raise Problem(HTTPStatus.UNAUTHORIZED, _REFUSAL, _CHALLENGE)
            answer.set_cookie(
                COOKIE,
                self._tokens.session(holder),
                max_age=SESSION_S,
                secure=request.url.scheme == "https",
                httponly=True,
                samesite="strict",
            )
        return answer

    def _end(self) -> Response:
        answer = Response(status_code=HTTPStatus.NO_CONTENT)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer


def _bearer(headers: Headers) -> str:
    """Take the token out of `Authorization: Bearer TOKEN`; nothing where there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
