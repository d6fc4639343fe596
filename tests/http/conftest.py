"""The API over fakes, each of which a test can break or look into."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import numpy as np
import pytest

from search_api.app import create_app
from search_api.limits import Limits
from search_api.parts import Parts
from shared.digests import image_digest
from shared.records import ImageFacts, ObjectRef, ObjectStat, ObjectState, StoredObject
from shared.settings import Settings
from tests.fakes import FakeCatalog, FakeDecoder, FakeEmbedding, FakeIndex, FakeStore

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class World:
    """Fakes, and ways to fill them."""

    store: FakeStore = field(default_factory=FakeStore)
    catalog: FakeCatalog = field(default_factory=FakeCatalog)
    index: FakeIndex = field(default_factory=FakeIndex)
    decoder: FakeDecoder = field(default_factory=FakeDecoder)
    embedding: FakeEmbedding = field(default_factory=FakeEmbedding)

    def parts(self) -> Parts:
        return Parts(self.store, self.catalog, self.index, self.decoder, self.embedding)

    async def add(self, bucket: str, key: str, data: bytes) -> str:
        """Store a picture as ingest would; returns its image_id."""
        seen = await self.decoder.views(data)
        vector = (await self.embedding.embed(seen.pixels))[0]
        return self.add_vector(bucket, key, data, vector)

    def add_vector(self, bucket: str, key: str, data: bytes, vector: np.ndarray) -> str:
        image_id = image_digest(data)
        ref = ObjectRef(bucket, key)
        self.store.data[ref] = data
        self.index.upsert([image_id], vector[None])
        stat = ObjectStat(ref, len(data), "etag", WHEN)
        self.catalog.add(
            StoredObject(stat, ObjectState.INDEXED, WHEN, image_id=image_id),
            ImageFacts(image_id, 640, 480, "JPEG", len(data)),
        )
        return image_id

    def client(
        self, *, max_bytes: int = 4096, settings: Mapping[str, str] | None = None, **limits: float
    ) -> httpx.AsyncClient:
        configured = Settings(_env_file=None, max_bytes=max_bytes, **(settings or {}))
        app = create_app(self.parts(), configured, Limits(**limits))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as client:
        yield client
