"""An index."""

import numpy as np

from shared.errors import TransientError
from shared.records import Neighbour


class FakeIndex:
    """A `VectorIndex` in a dict; `asked` notes how deep each search went."""

    find_cost = 0.3
    among_cost = 0.0

    def __init__(self) -> None:
        self.vectors: dict[str, np.ndarray] = {}
        self.asked: list[int] = []
        self.broken: TransientError | None = None

    def upsert(self, image_ids, embeddings):
        self.vectors.update(zip(image_ids, embeddings, strict=True))

    def delete(self, image_ids):
        for image_id in image_ids:
            self.vectors.pop(image_id, None)

    def get(self, image_ids):
        if self.broken:
            raise self.broken
        return {i: self.vectors[i] for i in image_ids if i in self.vectors}

    def held(self, image_ids):
        return self.vectors.keys() & set(image_ids)

    def load(self):
        pass

    def quick(self):
        return False

    def nearest(self, queries, limit, among=None):
        if self.broken:
            raise self.broken
        self.asked.append(limit)
        ids = [i for i in self.vectors if among is None or i in among]
        scored = [[Neighbour(i, float(self.vectors[i] @ q)) for i in ids] for q in queries]
        return [sorted(row, key=lambda n: (-n.cosine, n.image_id))[:limit] for row in scored]

    def ids(self):
        return iter(sorted(self.vectors))

    def close(self):
        pass
