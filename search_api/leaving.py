"""Going without anybody's search failing: first say so, then answer on for a while, then end."""

import asyncio
import signal
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Leaving:
    """Whether this process has been told to end.

    Attributes:
        begun: whoever sends searches here should send them elsewhere from now on.
    """

    def __init__(self) -> None:
        self.begun = False

    def on_signals(self, end: Callable[[], None], leave_s: float) -> None:
        """Call `end` at SIGINT or a second signal at once, at SIGTERM `leave_s` seconds later.

        SIGTERM is what supervisors send: in front of the process may be a load balancer, which
        sends searches here until it has looked at `/readyz` once more.
        """
        loop = asyncio.get_running_loop()

        def told(number: signal.Signals) -> None:
            if number is signal.SIGINT or self.begun or not leave_s:
                end()
                return
            self.begun = True
            loop.call_later(leave_s, end)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, told, number)


class LastAnswers:
    """Ends each connection with its next answer once the process is leaving. Pure ASGI.

    A request that comes on a connection just when that is closed fails, and may not be repeated by
    whoever sent it; a connection that both sides know to be over takes none.
    """

    def __init__(self, app: ASGIApp, leaving: Leaving) -> None:
        self._app = app
        self._leaving = leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start" and self._leaving.begun:
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, send_last)
