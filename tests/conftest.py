"""The real services, each started once a session when first asked for.

They end with the session, even by `kill -9`. One that cannot be had is skipped by name, and fails
where `CI` is `true`.
"""

import os
import signal
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.daemon import Daemon
from stack.mysql import MySQL
from stack.registry import PORTS, Stack
from stack.toxiproxy import Proxy
from tests import observations

WAITING = {"browser", "faults", "monitoring", "pipeline", "system"}
"""Folders of tests that mostly wait for other processes."""


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(observations)
    # A shell makes its background jobs deaf to it, and they every process that a test interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread files that wait among those that compute, and have short ones be last.

    So of two processes one computes while the other waits, and neither is left with a long file.
    """
    files = list(dict.fromkeys(item.path for item in items))
    place: dict[Path, float] = {}
    for waiting, share in ((True, 0.6), (False, 1.0)):
        alike = [file for file in files if (file.parent.name in WAITING) is waiting]
        place |= {file: share * n / len(alike) for n, file in enumerate(alike)}
    items.sort(key=lambda item: place[item.path])


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All services, none of them started: ask for those below."""
    stack = Stack(tmp_path_factory.mktemp("stack"), bound=True)
    yield stack
    stack.stop(patience_s=2)  # what they would save is thrown away


def _have(services: Stack, *names: str) -> None:
    """Start what does not run yet, or end the test."""
    problems = services.start(names)
    said = "; ".join(
        f"{name.upper()} CANNOT BE HAD HERE: {reason}" for name, reason in problems.items()
    )
    if said and os.environ.get("CI") == "true":
        pytest.fail(said)
    if said:
        warnings.warn(said, stacklevel=1)
        pytest.skip(said)


@pytest.fixture(scope="session")
def kafka_url(services: Stack) -> str:
    """`kafka://host:port` of a Kafka without topics."""
    _have(services, "kafka")
    return services.settings["SEENIT_KAFKA_URL"]


@pytest.fixture(scope="session")
def minio(services: Stack) -> Daemon:
    """A MinIO; its `settings` lead to it."""
    _have(services, "minio")
    return services.daemons["minio"]


@pytest.fixture(scope="session")
def mysql_url(services: Stack) -> str:
    """`mysql://user:password@host:port`, as one who may do everything."""
    _have(services, "mysql")
    return services.mysql.url


@pytest.fixture
def mysql_database_url(services: Stack, mysql_url: str) -> Iterator[str]:
    """The address of an empty database that is gone after the test."""
    name = f"test_{uuid.uuid4().hex}"
    _sql(services.mysql, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield f"{mysql_url}/{name}"
    _sql(services.mysql, f"DROP DATABASE IF EXISTS {name}")


def _sql(mysql: MySQL, statement: str) -> None:
    connection = mysql.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture(scope="session")
def milvus_url(services: Stack) -> str:
    """`http://host:port` of a Milvus."""
    _have(services, "milvus")
    return services.milvus.url


@pytest.fixture
def stack(services: Stack) -> Stack:
    """All four services, running, however the last test left them."""
    _have(services, *PORTS)
    return services


@pytest.fixture
def stack_settings(stack: Stack) -> dict[str, str]:
    """The settings of a Seenit that works with the stack, by their names without `SEENIT_`."""
    return {name.removeprefix("SEENIT_").lower(): value for name, value in stack.settings.items()}


@pytest.fixture
def proxies(services: Stack, stack: Stack) -> Iterator[dict[str, Proxy]]:
    """A way to each service that can be made to fail; sound again after the test."""
    _have(services, "toxiproxy")
    ways = stack.proxies()
    yield ways
    for proxy in ways.values():
        proxy.mend()


@pytest.fixture
def proxied_settings(
    stack: Stack, stack_settings: dict[str, str], proxies: dict[str, Proxy]
) -> dict[str, str]:
    """Like `stack_settings`, and each service is reached through its proxy."""
    settings = stack_settings
    for name, proxy in proxies.items():
        address = stack.daemons[name].service.address
        settings = {key: value.replace(address, proxy.address) for key, value in settings.items()}
    return settings
