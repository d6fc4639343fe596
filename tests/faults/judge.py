"""The judge: what must hold between buckets and the state that Seenit keeps of them.

Lists and hashes the buckets by itself, reads the tables, the vectors and Kafka's offsets with
clients of its own; asks no part of Seenit, and none of its counters.
"""

import hashlib
import struct
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from pymilvus import MilvusClient

from tests.faults.places import Place
from tests.verdict import Expected, wrong_images, wrong_objects, wrong_vectors

MOST = 16_384
"""Rows that Milvus tells at once."""


@dataclass(frozen=True)
class Letter:
    """A record of the dead-letter topic: where it came from and why it is there."""

    value: bytes
    headers: dict[str, bytes]


class Judge:
    """Judges one place.

    Args:
        place: whose buckets, tables, vectors and offsets.
        reason: tells of an object's bytes why they must be rejected; None where they must not be.
    """

    def __init__(self, place: Place, reason: Callable[[bytes], str | None]) -> None:
        self._place = place
        self._reason = reason

    def disagreements(self, *, collected: bool = False, lag: bool = True) -> list[str]:
        """Say all that is wrong; empty when buckets, catalog, index and offsets agree.

        Args:
            collected: images without an object must be gone too.
            lag: every event must be acknowledged.
        """
        expected = self.truth()
        objects, images = self.tables()
        vectors, counted = self.vectors()
        live = {digest for kind, digest, _ in expected.values() if kind == "indexed"}
        held = {image_id for image_id, _ in images}
        return [
            *wrong_objects(expected, objects),
            *wrong_images(live, images, collected=collected),
            *wrong_vectors(live, held, vectors, collected=collected),
            *([] if counted == len(vectors) else [f"{counted} vectors of {len(vectors)} images"]),
            *(self.lagging() if lag else []),
        ]

    def truth(self) -> Expected:
        """List the buckets and read all that is in them."""
        client = self._place.s3()

        def look(found) -> tuple[tuple[bytes, bytes], tuple[str, str, int]]:
            reply = client.get_object(found.bucket_name, found.object_name)
            with closing(reply):
                data = reply.read()
            reason = self._reason(data)
            state = ("rejected", reason) if reason else ("indexed", self.digest(data))
            return (found.bucket_name.encode(), found.object_name.encode()), (*state, len(data))

        listed = [
            found
            for bucket in self._place.buckets
            for found in client.list_objects(bucket, recursive=True)
        ]
        with ThreadPoolExecutor(4) as threads:
            return dict(threads.map(look, listed))

    def tables(self) -> tuple[list[tuple], list[tuple]]:
        """Read the catalog's two tables; none where there are no tables yet."""
        with closing(self._place.mysql()) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW TABLES")
            if not {("objects",), ("images",)} <= set(cursor.fetchall()):
                return [], []
            cursor.execute("SELECT bucket, `key`, state, image_id, reason, size FROM objects")
            objects = list(cursor.fetchall())
            cursor.execute("SELECT image_id, state FROM images")
            return objects, list(cursor.fetchall())

    def vectors(self) -> tuple[list[tuple[str, bytes]], int]:
        """Read all vectors by primary key, and how many the index counts, doubles among them."""
        with closing(self._place.milvus()) as client:
            rows: list[tuple[str, bytes]] = []
            counted = 0
            for name in self._place.collections(client):
                found = _all(client, name)
                rows += [(row["image_id"], _packed(row["embedding"])) for row in found]
                (count,) = client.query(
                    name, filter="", output_fields=["count(*)"], consistency_level="Strong"
                )
                counted += count["count(*)"]
            return rows, counted

    def lagging(self) -> list[str]:
        """Name the partitions whose committed offset is before their end."""
        return [
            f"partition {number} is acknowledged to {committed} of {end}"
            for number, (committed, end) in sorted(self.offsets().items())
            if committed != end
        ]

    def lag(self) -> int:
        """Count the events not acknowledged."""
        return sum(end - committed for committed, end in self.offsets().values())

    def rows(self) -> int:
        """Count the objects recorded."""
        return len(self.tables()[0])

    def recorded(self) -> dict[tuple[bytes, bytes], object]:
        """Tell when each row was last written."""
        with closing(self._place.mysql()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT bucket, `key`, recorded_at FROM objects")
            return {(bucket, key): moment for bucket, key, moment in cursor.fetchall()}

    def offsets(self) -> dict[int, tuple[int, int]]:
        """Tell per partition the group's committed offset (else the beginning) and the end."""
        return self._place.topics.offsets(self._place.topic, self._place.group)

    def dead_letters(self) -> list[Letter]:
        """Read the dead-letter topic, as far as it names one of the place's buckets."""
        records = self._place.topics.records(self._place.dead_letters)
        letters = [Letter(record.value or b"", dict(record.headers)) for record in records]
        names = [bucket.encode() for bucket in self._place.buckets]
        return [letter for letter in letters if any(name in letter.value for name in names)]

    @staticmethod
    def digest(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()


def tally(wrong: Iterable[str]) -> tuple[int, int]:
    """Count, for the table of cases, what was lost and what is there twice or wrongly."""
    kinds = Counter("lost" if text.startswith(("no ", "image ")) else "wrong" for text in wrong)
    return kinds["lost"], kinds["wrong"]


def _all(client: MilvusClient, name: str) -> list[dict]:
    asked = {"output_fields": ["image_id", "embedding"], "consistency_level": "Strong"}
    rows = client.query(name, filter="image_id != ''", limit=MOST, **asked)
    if len(rows) < MOST:
        return rows
    pages = client.query_iterator(name, batch_size=1000, **asked)  # makes this server wait a second
    return [row for page in iter(pages.next, []) for row in page]


def _packed(embedding: list[float]) -> bytes:
    return struct.pack(f"<{len(embedding)}f", *embedding)
