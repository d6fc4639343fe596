"""Faust, kept at the edge: it joins the group, fetches, and commits what was acknowledged."""

import asyncio
import logging
from typing import Any, cast

import faust
from faust.types import TP, AppT
from faust.types.auth import CredentialsT
from mode.supervisors import CrashingSupervisor

from shared.errors import SeenitError, TransientError
from shared.settings import Settings
from streams.administration import kafka_faults
from streams.agents import add_agents
from streams.delivery import Delivery
from streams.kafka import Kafka
from streams.membership import App, Consumer, Transport, commit, stop

log = logging.getLogger(__name__)

SESSION_S = 10.0  # after so long without a sign of life others take over
COMMIT_S = 1.0  # what a kill may repeat beside what is in flight
REJOIN_S = 40.0  # on top of draining: how long others wait for this worker in a rebalance
RETRY_S = 2.0
METADATA_MS = 10_000  # how soon it is noticed that the topic has more partitions, or is a new one
BUFFERED = 1024  # messages that wait in memory to be taken up


class WillNotStop(SeenitError):  # noqa: N818 - names what is the case, as its message does
    """Faust could stay a member of the group and keep partitions that nobody consumes."""


class Consumption:
    """Faust at work for a delivery; made anew when it crashes, as it does when Kafka is away."""

    def __init__(self, settings: Settings, kafka: Kafka, delivery: Delivery) -> None:
        self._settings = settings
        self._kafka = kafka
        self._delivery = delivery
        self._app: App | None = None
        self._why_rejoin = ""
        self._rejoin = asyncio.Event()

    async def run(self) -> None:
        """Consume until cancelled.

        Raises:
            ConfigurationError: Kafka refuses this worker.
            WillNotStop: the process is to be started anew.
        """
        while True:
            log.warning("%s; joining anew in %.0f s", await self._consume(), RETRY_S)
            await asyncio.sleep(RETRY_S)

    def rejoin(self, why: str) -> None:
        """Join anew, as where Faust waits for the offsets of a topic that was made anew."""
        self._why_rejoin = why
        self._rejoin.set()

    async def drain(self) -> None:
        """Take up nothing more, finish what is under way, and commit that."""
        partitions = self._delivery.partitions
        if not await self._delivery.revoked(partitions, self._settings.drain_s):
            log.warning("could not finish all in time; the rest comes again")
        if partitions and self._app is not None:
            await commit(self._app.consumer)

    async def begin_at(self, partition: int, offset: int) -> None:
        """Commit the offset of a partition of which nothing was consumed or committed yet."""
        if self._app is not None:
            place = TP(self._settings.topic, partition)
            await cast("Consumer", self._app.consumer).begin_at(place, offset)

    async def _consume(self) -> str:
        """Run one Faust app until it crashes, or is to join anew; returns why."""
        app = self._app = create_app(self._settings, self._kafka, self._delivery)
        try:
            with kafka_faults():
                await app.start()
                await self._until_over(app)
            why = self._why_rejoin if self._rejoin.is_set() else repr(app.crash_reason)
        except TransientError as error:
            why = str(error)
        finally:
            self._rejoin.clear()
            self._app = None
            self._delivery.left()
            stopped = await stop(app)
        if not stopped:
            raise WillNotStop(f"Faust will not stop ({why}); start anew")
        return why

    async def _until_over(self, app: App) -> None:
        over = [app.wait_until_stopped(), self._rejoin.wait()]
        tasks = [asyncio.ensure_future(each) for each in over]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()


def create_app(settings: Settings, kafka: Kafka, delivery: Delivery) -> App:
    """Make a Faust app that hands the topic's messages to `delivery`."""
    app = App(
        settings.consumer_group,
        broker=[f"kafka://{server}" for server in kafka.servers],
        broker_credentials=_credentials(kafka),
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=SESSION_S / 4,
        broker_commit_interval=COMMIT_S,
        broker_rebalance_timeout=settings.drain_s + REJOIN_S,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=METADATA_MS,
        stream_wait_empty=False,  # the delivery drains, for a bounded time
        stream_buffer_maxsize=BUFFERED,
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        agent_supervisor=CrashingSupervisor,
    )
    app.delivery = delivery
    app.drain_s = settings.drain_s
    app.transport = Transport(app.conf.broker_consumer, cast("AppT", app))
    add_agents(app, settings.topic, delivery)
    return app


def _credentials(kafka: Kafka) -> CredentialsT | None:
    signs_in: dict[str, Any] = {"username": kafka.user, "password": kafka.password}
    if kafka.mechanism:
        return faust.SASLCredentials(mechanism=kafka.mechanism, ssl_context=kafka.tls, **signs_in)
    return faust.SSLCredentials(context=kafka.tls) if kafka.tls else None
