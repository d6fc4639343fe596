"""The one agent: hands each message of the topic over. Nothing leaves its loop by exception."""

from typing import Any, cast

import faust
from faust.types import EventT, StreamT
from mode.supervisors import CrashingSupervisor

from streams.delivery import Delivery
from streams.lanes import Message


def add_agents(app: faust.App, topic: str, delivery: Delivery) -> None:
    """Let an app hand the messages of a topic over to a delivery, which acknowledges them."""
    notifications = app.topic(
        topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
    )

    async def deliver(stream: StreamT[Any]) -> None:
        async for event in cast("faust.Stream[Any]", stream).noack().events():
            await delivery.take(_message(event))

    app.agent(notifications, name="deliver", supervisor_strategy=CrashingSupervisor)(deliver)


def _message(event: EventT[Any]) -> Message:
    told = event.message
    return Message(
        topic=told.topic,
        partition=told.partition,
        offset=told.offset,
        generation=told.generation_id or 0,
        key=told.key,
        value=told.value,
        acknowledge=event.ack,
    )
