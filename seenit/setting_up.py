"""What `seenit setup` does, step by step; each is tried, whatever became of those before."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.catalog import setting_up as catalog
from shared.embedding.load import load_embedder
from shared.errors import ConfigurationError, SeenitError
from shared.protocols import Embedder
from shared.settings import Settings
from shared.steps import Did, Step
from shared.storage.s3.administration import Administration
from shared.storage.s3.setting_up import Buckets
from shared.vectors.open import make_collection
from streams.administration import open_admin
from streams.kafka import kafka_address
from streams.topics import Topic, make_topic, topics_of


@dataclass(frozen=True, slots=True)
class Task:
    """A step to do, and what it is about."""

    part: str
    name: str
    do: Callable[[], Awaitable[Step]]

    async def attempt(self) -> Step:
        """Do it; what cannot be done is told, not raised."""
        try:
            return await self.do()
        except ConfigurationError as refusal:
            return Step(self.part, self.name, Did.REFUSED, str(refusal))
        except (SeenitError, OSError) as failure:
            return Step(self.part, self.name, Did.FAILED, str(failure))


class Setup:
    """The steps for these settings.

    Args:
        settings: with accounts that may administer.
        load: loads the model.

    Raises:
        ConfigurationError: there is nothing to set up with them, or one is malformed.
    """

    def __init__(
        self, settings: Settings, load: Callable[[Settings], Embedder] = load_embedder
    ) -> None:
        if not settings.storage_url.startswith("s3:"):
            problem = "setting up needs an S3 store; a folder needs no setting up: seenit up FOLDER"
            raise ConfigurationError("SEENIT_STORAGE_URL", problem)
        self._settings = settings
        self._kafka = kafka_address(settings.kafka_url)
        self._catalog_url = settings.resolved_catalog_url
        self._index_url = settings.resolved_index_url
        self._buckets = Buckets(settings)
        self._administration = Administration(settings)
        self._load = load
        self._loading: asyncio.Future[Embedder] | None = None

    def tasks(self) -> Iterator[Task]:
        """Tell what is to be done, in order."""
        settings, on_server = self._settings, self._catalog_url.startswith("mysql:")
        for topic in topics_of(settings.topic, settings.partitions, settings.replication):
            yield Task("topic", topic.name, lambda topic=topic: self._make_topic(topic))  # type: ignore[misc]
        for bucket in settings.buckets:
            yield _blocking("bucket", bucket, self._buckets.make, bucket)
        yield _blocking("target", settings.notify_arn, self._administration.check_target)
        for bucket in settings.buckets:
            tell = self._buckets.make_notifications
            yield _blocking("notifications", bucket, tell, bucket, self._kafka.servers)
        database = self._catalog_url.rpartition("/")[2].partition("?")[0]
        if on_server:
            yield Task("database", database, lambda: catalog.make_database(self._catalog_url))
        yield Task("model", settings.model, self._model)
        yield Task("tables", database, self._make_tables)
        yield Task("collection", settings.model, self._make_collection)
        yield from self._readers(on_server=on_server)

    def _readers(self, *, on_server: bool) -> Iterator[Task]:
        """Tell what makes the users that search signs in as."""
        user = self._settings.search_user
        password = self._settings.search_password.get_secret_value()
        if not user:
            why = "SEENIT_SEARCH_USER is not set, so search may do all that the worker may"
            yield _not_done("user who reads", "", why)
            return
        if on_server:
            make = catalog.make_reader
            yield Task(CATALOG_USER, user, lambda: make(self._catalog_url, user, password))
        yield _blocking(STORE_USER, user, self._administration.make_reader, user, password)
        if urlsplit(self._index_url).username:
            why = "search signs in to Milvus as the worker does, since it loads the collection"
            yield _not_done("user of the index", user, why)

    async def _make_topic(self, topic: Topic) -> Step:
        async with open_admin(self._kafka) as admin:
            return await make_topic(admin, topic)

    async def _embedder(self) -> Embedder:
        """Load the model, once: its name is that of the collection."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(self._load, self._settings))
        return await self._loading

    async def _model(self) -> Step:
        embedder = await self._embedder()
        return Step("model", self._settings.model, Did.FOUND, embedder.model_id)

    async def _make_tables(self) -> Step:
        return await catalog.make_tables(self._catalog_url, (await self._embedder()).model_id)

    async def _make_collection(self) -> Step:
        embedder = await self._embedder()
        return await asyncio.to_thread(
            make_collection, self._index_url, embedder.model_id, embedder.dimension
        )


CATALOG_USER, STORE_USER = "user of the catalog", "user of the store"


def _blocking(part: str, name: str, work: Callable[..., Step], *arguments: object) -> Task:
    return Task(part, name, lambda: asyncio.to_thread(work, *arguments))


def _not_done(part: str, name: str, why: str) -> Task:
    async def tell() -> Step:
        return Step(part, name, Did.SKIPPED, why)

    return Task(part, name, tell)
