"""What is wrong with the compose file: with each of its services, and with all of them together."""

from collections.abc import Iterator
from typing import Any

from shared.settings import Settings
from tests.deployment.compose.services import LISTENS, Service, unfit
from tests.deployment.rules import TELLING


def faults(loaded: dict[str, Any]) -> Iterator[str]:
    """Tell what is wrong with a file that conforms."""
    services, volumes = loaded["services"], loaded["volumes"]
    if services.keys() != {*LISTENS, "setup"}:
        yield f"the services are others: {sorted(services)}"
    for name in services:
        yield from (f"{name}: {fault}" for fault in unfit(name, services, volumes))
    yield from _agreement(services)
    used = {mount["source"] for each in services.values() for mount in each.get("volumes", ())}
    yield from (f"nobody uses the volume {name}" for name in volumes.keys() - used)


def _agreement(services: dict[str, Service]) -> Iterator[str]:
    """Tell where two services are told different things."""
    minio, setup = services["minio"]["environment"], services["setup"]["environment"]
    for told, wanted in (
        ("MINIO_NOTIFY_KAFKA_ENABLE_ingest", "on"),
        ("MINIO_NOTIFY_KAFKA_TOPIC_ingest", Settings.model_fields["topic"].default),
        ("MINIO_NOTIFY_KAFKA_BROKERS_ingest", "kafka:9092"),
        *TELLING.items(),
    ):
        if minio.get(told) != wanted:
            yield f"minio: {told} is not {wanted}"
    if not minio.get("MINIO_NOTIFY_KAFKA_QUEUE_DIR_ingest"):
        yield "minio: what it has yet to tell is lost"
    published = {port["target"]: port["published"] for port in services["minio"]["ports"]}
    linked = services["api"]["environment"]["SEENIT_PUBLIC_S3_URL"].rpartition(":")[2]
    if linked != published.get(9000):
        yield "links to pictures lead to another port than MinIO's"
    root = (minio["MINIO_ROOT_USER"], minio["MINIO_ROOT_PASSWORD"])
    if root != (setup["SEENIT_S3_ACCESS_KEY"], setup["SEENIT_S3_SECRET_KEY"]):
        yield "setup signs in to MinIO as somebody else"
    mysql = services["mysql"]["environment"]
    if f"root:{mysql['MYSQL_ROOT_PASSWORD']}@" not in setup["SEENIT_CATALOG_URL"]:
        yield "setup signs in to MySQL as somebody else"
    owner = f"{mysql['MYSQL_USER']}:{mysql['MYSQL_PASSWORD']}@mysql:3306/{mysql['MYSQL_DATABASE']}"
    reader = f"{setup['SEENIT_SEARCH_USER']}:{setup['SEENIT_SEARCH_PASSWORD']}@"
    for name, who in (("worker", owner), ("worker-gpu", owner), ("api", reader)):
        given = services[name]["environment"]
        if who not in given["SEENIT_CATALOG_URL"]:
            yield f"{name} signs in to MySQL as somebody else"
        if given["SEENIT_S3_ACCESS_KEY"] != setup["SEENIT_SEARCH_USER"]:
            yield f"{name} signs in to MinIO as somebody else"
