"""`seenit worker`: from Kafka to known pictures, put together."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from typing import Any

from shared.errors import ConfigurationError, TransientError
from shared.metrics import tell_build
from shared.serving import address, listen, side_server_for
from shared.settings import Settings
from streams.app import Consumption
from streams.breaker import Breaker
from streams.client_log import hush_kafkas_client
from streams.dead_letters import DeadLetters
from streams.delivery import Delivery
from streams.health import create_health
from streams.housekeeping import Housekeeping
from streams.kafka import kafka_address
from streams.lag import Lag, open_lag
from streams.parts import Adapters, Parts, assemble
from streams.patience import waits
from streams.topics import dead_letters
from streams.vitals import Vitals
from streams.watchdog import Watchdog

log = logging.getLogger(__name__)

LOOK_S = 1.0
DROP_S = 1.0
BLOCKED_S = 300.0  # an event loop that does not turn for so long never will
END_S = 15.0  # after draining: to commit, to leave the group and to close all parts
PLACE = ("SEENIT_WORKER_HOST", "SEENIT_WORKER_PORT")


async def work(settings: Settings, adapters: Adapters, told: Callable[[str], None]) -> None:
    """Work until SIGINT or SIGTERM; then finish what is under way, commit it, and return.

    Whatever hangs, the process ends within `drain_s` + END_S of the signal.

    Args:
        settings: what to work on.
        adapters: the parts to work with, open; whoever opened them closes them.
        told: called with one line once it is at work.

    Raises:
        ConfigurationError: a setting of Kafka or of the worker cannot be.
        TooManyRejections: almost all that was read was bad; what is left is kept.
        Stalled: events wait and nothing moves, for no known reason.
    """
    hush_kafkas_client()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    with (
        listen(settings.worker_host, settings.worker_port, PLACE) as listener,
        assemble(adapters, settings) as parts,
    ):
        worker = Worker(settings, parts)
        tell_build(adapters.embedding.embedder.model_id)
        server = side_server_for(create_health(worker.vitals, adapters, worker.status))
        line = f"Working on {settings.topic}; health at {address(listener)}"
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(sockets=[listener]))
            working = tasks.create_task(worker.run(lambda: told(line)))
            await stopping.wait()
            log.info("told to stop; finishing what is under way")
            Watchdog(settings.drain_s + END_S, "told to stop, and not ended").watch()
            await worker.stop()
            working.cancel()
            server.should_exit = True
            await asyncio.wait({working, serving})


class Worker:
    """One worker: Faust, the delivery, and the intake that settles."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self._settings = settings
        self._intake = parts.intake
        self._kafka = kafka_address(settings.kafka_url)
        self._letters = DeadLetters(self._kafka, dead_letters(settings.topic))
        self._delivery = Delivery(
            parts.intake.offer,
            self._letters,
            buckets=settings.buckets,
            in_flight=settings.in_flight,
        )
        self._consumption = Consumption(settings, self._kafka, self._delivery)
        self._housekeeping = Housekeeping(parts, settings, self._kafka)
        self._watchdog = Watchdog(max(BLOCKED_S, settings.stall_s))
        self.vitals = Vitals(self._delivery, lambda: waits.parts, stall_s=settings.stall_s)
        parts.intake.on_settled(self.vitals.settled)
        parts.intake.on_settled(Breaker(settings.rejection_limit).count)

    def status(self) -> dict[str, Any]:
        """Say how it gets on."""
        return {
            "topic": self._settings.topic,
            "group": self._settings.consumer_group,
            **self.vitals.report(),
            "housekeeping": self._housekeeping.report(),
        }

    async def run(self, at_work: Callable[[], None]) -> None:
        """Work until cancelled, dropping then what is under way; `at_work` is called once.

        Raises only what no waiting can mend.
        """
        with self._watchdog:
            async with asyncio.TaskGroup() as tasks:
                await self._run(tasks, at_work)

    async def _run(self, tasks: asyncio.TaskGroup, at_work: Callable[[], None]) -> None:
        intake = tasks.create_task(self._intake.run())
        tasks.create_task(self._letters.run())
        tasks.create_task(self._consumption.run())
        tasks.create_task(self._watch(at_work))
        tasks.create_task(self._housekeeping.run())
        try:
            await asyncio.get_running_loop().create_future()  # for ever
        finally:
            intake.cancel()  # takes up nothing more
            await asyncio.wait({intake}, timeout=DROP_S)
            intake.cancel()  # drops the rest

    async def stop(self) -> None:
        """Finish what is under way, for a bounded time, and commit it."""
        await self._consumption.drain()

    async def _watch(self, at_work: Callable[[], None]) -> None:
        """Look at the lag every second, over a connection of its own."""
        place = self._kafka, self._settings.topic, self._settings.consumer_group
        told = False
        while True:
            try:
                async with open_lag(*place) as read:
                    while True:
                        began = time.monotonic()
                        await asyncio.sleep(LOOK_S)
                        await self._look(await read(), time.monotonic() - began)
                        if not told and self._delivery.joined:
                            at_work()
                            told = True
            except (TransientError, ConfigurationError) as error:
                self._watchdog.all_is_well()
                if not self.vitals.kafka:
                    log.warning("cannot tell the lag: %s", error)
                self.vitals.cannot_look(str(error))
                await asyncio.sleep(LOOK_S)

    async def _look(self, lag: Lag, elapsed_s: float) -> None:
        """Take note of the lag, and do what it calls for."""
        if self.vitals.kafka:
            log.info("Kafka answers")
        self.vitals.look(lag, elapsed_s)
        self._watchdog.all_is_well()
        if self.vitals.remade:
            self._consumption.rejoin("the topic was made anew")
        elif self.vitals.starved:
            self._consumption.rejoin("events wait and none comes")
        await self._begin_idle(lag)

    async def _begin_idle(self, lag: Lag) -> None:
        """Commit where empty partitions begin: whoever scales workers by lag then sees none."""
        mine = set(self._delivery.partitions)
        for told in lag.partitions:
            idle = told.lag == 0 and self._delivery.position(told.partition) is None
            if told.partition in mine and idle and told.committed is None:
                await self._consumption.begin_at(told.partition, told.end)
