"""The vectors."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.protocols.embedder import Embeddings
from shared.records import Neighbour


class VectorIndex(Protocol):
    """Nearest neighbours by cosine among the embeddings of one model. Blocks; thread-safe.

    Attributes:
        find_cost: of finding a neighbour more, where that and joining it with its objects costs 1.
        among_cost: of an image more in `among`, likewise.
    """

    find_cost: float
    among_cost: float

    def upsert(self, image_ids: Sequence[str], embeddings: Embeddings) -> None:
        """Write embeddings, shape (n, dimension), replacing those of the same images.

        Returns once they are durable. This process finds them at once, another within a second.
        """

    def delete(self, image_ids: Collection[str]) -> None:
        """Remove embeddings; unknown images are no error."""

    def get(self, image_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """Return embeddings, each of shape (dimension,); the unknown are left out."""

    def held(self, image_ids: Collection[str]) -> set[str]:
        """Tell which of these images have an embedding, whichever process wrote it."""

    def nearest(
        self, queries: Embeddings, limit: int, among: Collection[str] | None = None
    ) -> list[list[Neighbour]]:
        """Find per query, shape (q, dimension), up to `limit` neighbours.

        Highest cosine first, ties in `image_id` order; only `among` these images, if given.
        """

    def load(self) -> None:
        """Read into memory what searches need there, so that the first waits no longer."""

    def quick(self) -> bool:
        """Whether a question takes no longer now than handing it to a thread; never waits.

        `get` and `nearest` may then be asked in place, on an event loop too.
        """

    def ids(self) -> Iterator[str]:
        """Name every image in the index; for verification and repair."""

    def close(self) -> None:
        """Let go of the store."""
