"""Faust as a member of its consumer group: what it tells the delivery, and how it leaves."""

import asyncio
import logging
from typing import cast

import faust
from faust.transport.drivers import aiokafka
from faust.types import TP
from faust.types.transports import ConsumerT
from mode.threads import WorkerThread

from streams.delivery import Delivery

log = logging.getLogger(__name__)

COMMIT_PATIENCE_S = 2.0
STOP_S = 8.0  # joining lasts until all others are ready for it, and cannot be broken off


class App(faust.App):
    """Faust without its folders, with a delivery to tell of partitions that come and go."""

    logger = logging.getLogger("faust")  # else it would speak as this room
    delivery: Delivery
    drain_s: float
    membership: "Membership | None" = None

    async def on_first_start(self) -> None:
        """Make no directories: there are no tables to keep in them."""


class Thread(WorkerThread):
    """Ends with the process: one that waits for others to let it join keeps nobody from ending."""

    def __init__(self, service: "Membership") -> None:
        super().__init__(service)
        self.daemon = True

    def stop(self) -> None:
        """Wait until it has ended, but not for ever: the event loop stands still meanwhile."""
        self.join(STOP_S)


class Membership(aiokafka.AIOKafkaConsumerThread):
    """Kafka's client in a thread of its own: a member of the group as long as that lives."""

    logger = logging.getLogger("faust")
    Worker = Thread

    @property
    def lives(self) -> bool:
        """Whether it may still be a member, and keep partitions from others."""
        return self._thread is not None and self._thread.is_alive()


class Consumer(aiokafka.Consumer):
    """Tells the delivery of partitions that come and go, at the right moment."""

    logger = logging.getLogger("faust")

    def _new_consumer_thread(self) -> Membership:
        app = cast("App", self.app)
        app.membership = Membership(self, loop=self.loop, beacon=self.beacon)
        return app.membership

    def close(self) -> None:
        """Leave Kafka's client to its own thread, which closes it when it is stopped.

        Faust would close it from here where partitions come or go while it stops: from another
        event loop than the client's, so the member cannot leave its group and may hang in it.
        """

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish, acknowledge and commit before Faust forgets what was acknowledged."""
        app = cast("App", self.app)
        if not await app.delivery.revoked({tp.partition for tp in revoked}, app.drain_s):
            log.warning("could not finish all before partitions went; the rest comes again")
        await commit(self)
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Take up messages of this generation, and no others."""
        numbers = sorted(tp.partition for tp in assigned)
        log.info("partitions %s", ", ".join(map(str, numbers)) or "none: all are others'")
        cast("App", self.app).delivery.assigned(numbers, generation_id)
        await super().on_partitions_assigned(assigned, generation_id)

    async def begin_at(self, partition: TP, offset: int) -> None:
        """Commit where an idle partition begins, so that those who scale workers see no lag."""
        await self._commit({partition: offset})


class Transport(aiokafka.Transport):
    """Makes consumers of ours."""

    Consumer = Consumer


async def commit(consumer: ConsumerT) -> None:
    """Commit what was acknowledged, unless Kafka takes too long: then that comes again."""
    try:
        async with asyncio.timeout(COMMIT_PATIENCE_S):
            await consumer.commit()
    except TimeoutError:
        log.warning("could not commit all; the rest comes again")


async def stop(app: App) -> bool:
    """Stop an app; False where it may go on as a member of its group.

    What it waits for in there takes no notice of being cancelled, so it is given up, not cancelled.
    """
    stopping = asyncio.ensure_future(app.stop())
    await asyncio.wait({stopping}, timeout=STOP_S)
    return not (app.membership and app.membership.lives)
