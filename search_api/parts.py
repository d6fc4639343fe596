"""What the API stands on, made by whoever starts it: `seenit serve`, `seenit up` or a test."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.images.boxes import Box
from shared.images.decoding import DecodedViews
from shared.images.views import Way
from shared.protocols import CatalogReader, Embedder, Embeddings, ObjectStore, Pixels, VectorIndex
from shared.records import ObjectRef

Progress = Mapping[str, int | float | str | bool | None]
"""How far ingest has come, in whatever numbers the ingesting process has."""


class PictureDecoder(Protocol):
    """Decodes untrusted bytes outside this process (`shared.images.decoder.Decoder`)."""

    async def views(
        self, data: bytes, *, box: Box | None = None, ways: Collection[Way] = ()
    ) -> DecodedViews:
        """Decode one picture, or the part of it in `box`, in several views; raises `Rejected`."""

    async def thumbnail(self, data: bytes, *, size: int) -> bytes:
        """Re-encode as WebP, the longer side at most `size` pixels; raises `Rejected`."""


class PictureEmbedding(Protocol):
    """Embeds for many callers at once (`shared.embedding.service.EmbeddingService`)."""

    @property
    def embedder(self) -> Embedder:
        """The model behind it."""

    async def embed(self, pixels: Pixels, *, urgent: bool = False) -> Embeddings:
        """Embed uint8 (n, 224, 224, 3) into float32 (n, 512)."""

    async def embed_alone(self, pixels: Pixels) -> Embeddings:
        """Embed uint8 (1, 224, 224, 3) for a search beside which there is no other."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything the API reads from; it writes nowhere.

    Attributes:
        progress: how far ingest has come, where it runs in this process; shown by `/v1/stats`.
        link: an object's address in replies; None serves it from this API.
    """

    store: ObjectStore
    catalog: CatalogReader
    index: VectorIndex
    decoder: PictureDecoder
    embedding: PictureEmbedding
    progress: Callable[[], Progress] | None = None
    link: Callable[[ObjectRef], str] | None = None
