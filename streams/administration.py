"""A connection to administer Kafka with, and what its refusals mean."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient

from shared.errors import ConfigurationError, TransientError
from streams.kafka import OPTION, Kafka

ANSWERS_S = 10.0
"""How long one request may take; a cluster that is well answers in milliseconds."""

_REFUSED = (
    errors.TopicAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.AuthenticationFailedError,
    errors.AuthenticationMethodNotSupported,
)
_CLIENT = logging.getLogger("aiokafka")


@contextmanager
def kafka_faults() -> Iterator[None]:
    """Tell what waiting mends, as `TransientError`, from what it does not, `ConfigurationError`."""
    try:
        yield
    except _REFUSED as error:
        raise ConfigurationError(OPTION, f"Kafka refused: {_words(error)}") from None
    except errors.InvalidReplicationFactorError:
        problem = "the cluster has fewer brokers than the copies that are asked for"
        raise ConfigurationError("SEENIT_REPLICATION", problem) from None
    except (errors.KafkaError, TimeoutError, OSError) as error:
        raise TransientError("kafka", _words(error)) from error


@asynccontextmanager
async def open_admin(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    """Connect to administer.

    Raises:
        TransientError: the cluster does not answer, or not in this way of speaking to it.
    """
    async with connected(AIOKafkaAdminClient, kafka) as admin:
        yield admin


@asynccontextmanager
async def connected(kind: type[Any], kafka: Kafka, **options: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - aiokafka's
    """Start a client of aiokafka, and stop it at the end.

    Raises:
        TransientError: as `open_admin`.
    """
    client = kind(
        **kafka.client_options(),
        **options,
        client_id="seenit",
        request_timeout_ms=int(ANSWERS_S * 1000),
    )
    try:
        with kafka_faults(), _last_words() as told:
            try:
                async with asyncio.timeout(ANSWERS_S):
                    await client.start()
            except (errors.KafkaConnectionError, TimeoutError) as error:
                raise TransientError("kafka", told() or _words(error)) from error
        yield client
    finally:
        await (client.close() if kind is AIOKafkaAdminClient else client.stop())


@contextmanager
def _last_words() -> Iterator[Any]:
    """Listen to the client's log: why it could not connect it tells there only."""
    heard: list[str] = []
    listener = logging.Handler(logging.WARNING)
    listener.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    spoke_up, _CLIENT.propagate = _CLIENT.propagate, False
    _CLIENT.addHandler(listener)
    try:
        yield lambda: heard[-1].rstrip(": ") if heard else ""
    finally:
        _CLIENT.removeHandler(listener)
        _CLIENT.propagate = spoke_up


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWERS_S:.0f} seconds"
    return str(error) or type(error).__name__
