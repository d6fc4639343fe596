"""One of several workers leads: it does what need not be done by all of them."""

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress

from shared.errors import TransientError
from shared.protocols import Catalog

log = logging.getLogger(__name__)

LEASE_S = 15.0  # after so long without a sign of life another one leads
RENEW_S = 5.0
SURE = 0.8  # of its lease; a leader that could not renew it by then stops
GIVE_UP_S = 1.0  # how long letting go of the lease may take at the end


class Leadership:
    """A lease in the catalog, and what is done while this process holds it.

    Attributes:
        leading: whether it does now.
    """

    def __init__(
        self, catalog: Catalog, name: str, *, lease_s: float = LEASE_S, renew_s: float = RENEW_S
    ) -> None:
        self._catalog = catalog
        self._name = name
        self._lease_s = lease_s
        self._renew_s = renew_s
        self._holder = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex[:8]}"
        self.leading = False

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Wait to lead, work as long as it lasts, and so on until cancelled.

        `work` is cancelled at once when the lease is another one's, and in time when it cannot be
        renewed. Raises what `work` raises.
        """
        clock = asyncio.get_running_loop().time
        while True:
            asked = clock()
            if await self._take(self._renew_s):
                await self._lead(work, asked + SURE * self._lease_s)
            await asyncio.sleep(self._renew_s)

    async def _lead(self, work: Callable[[], Awaitable[None]], until: float) -> None:
        clock = asyncio.get_running_loop().time
        log.info("leading: comparing with the store and collecting are this worker's")
        working = asyncio.ensure_future(work())
        self.leading = True
        try:
            while clock() < until:
                await asyncio.wait({working}, timeout=min(self._renew_s, until - clock()))
                if working.done():
                    break
                asked = clock()
                renewed = await self._take(until - asked)
                if renewed is False:
                    break
                if renewed:
                    until = asked + SURE * self._lease_s
            if not working.done():
                log.warning("no longer leading: the lease is another's, or could not be renewed")
        finally:
            working.cancel()
            try:
                await asyncio.wait({working})  # whoever awaits it itself would miss being cancelled
            finally:
                self.leading = False
                await self._let_go()
        if not working.cancelled():
            working.result()

    async def _take(self, within_s: float) -> bool | None:
        """Take or renew the lease; None if the catalog did not answer in time."""
        try:
            async with asyncio.timeout(max(0.0, within_s)):
                return await self._catalog.lead(self._name, self._holder, self._lease_s)
        except (TransientError, TimeoutError) as error:
            log.debug("could not ask who leads: %s", error)
            return None

    async def _let_go(self) -> None:
        """Let another one lead at once."""
        with suppress(TransientError, TimeoutError):
            async with asyncio.timeout(GIVE_UP_S):
                await self._catalog.lead(self._name, self._holder, 0)
