"""What users do to a bucket: many small real pictures, and what is none. Noted only in the bucket.

What an object's bytes must lead to is written in the bytes themselves, see `reason`.
"""

import io
import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from minio import Minio
from minio.commonconfig import CopySource
from minio.deleteobjects import DeleteObject
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from tests.faults.places import Place
from tests.system.conftest import Pictures

POISON = b"words, whatever the name says "
CRASH = b" crash whoever decodes this "
HOG = b" takes more memory than is allowed "
THREADS = 4


def reason(data: bytes) -> str | None:
    """Tell why these bytes must be rejected; None where they are a picture."""
    if data.startswith(POISON):
        return "not_a_picture"
    if CRASH in data:
        return "decoder_crashed"
    if HOG in data:
        return "decoder_memory"
    return None if data else "empty"


class Load:
    """Puts, overwrites, copies and removes objects of one bucket, by a client of its own."""

    def __init__(self, place: Place, seed: int = 0, bucket: str | None = None) -> None:
        self.bucket = bucket or place.buckets[0]
        self.client: Minio = place.s3()
        self.pictures = Pictures(seed)
        self.die = random.Random(seed)

    def poison(self) -> bytes:
        return POISON + self.die.randbytes(8)

    def crash(self) -> bytes:
        return self.pictures.one() + CRASH + self.die.randbytes(8)

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(self.bucket, key, io.BytesIO(data), len(data))

    def tries_to_put(self, key: str, data: bytes) -> bool:
        """Put as a user does who looks whether it went well."""
        try:
            self.put(key, data)
        except (MinioException, HTTPError):
            return False
        return True

    def get(self, key: str) -> bytes:
        with closing(self.client.get_object(self.bucket, key)) as reply:
            return reply.read()

    def fill(self, count: int, prefix: str = "", make: Callable[[], bytes] | None = None) -> None:
        """Put `count` new objects, several at a time."""
        make = make or self.pictures.one
        data = [(f"{prefix}{number:05}.jpg", make()) for number in range(count)]
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(lambda one: self.put(*one), data))

    def overwrite(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.put(key, self.pictures.one())

    def copy(self, key: str, to: str) -> None:
        self.client.copy_object(self.bucket, to, CopySource(self.bucket, key))

    def remove(self, keys: Sequence[str]) -> None:
        errors = self.client.remove_objects(self.bucket, [DeleteObject(key) for key in keys])
        assert not list(errors)

    def listed(self, prefix: str = "") -> list[str]:
        listed = self.client.list_objects(self.bucket, prefix, recursive=True)
        return [found.object_name for found in listed]


class Mischief(threading.Thread):
    """Adds, overwrites, copies, doubles, poisons and removes objects until told to stop.

    Attributes:
        done: how many of these it did.
        refused: how many the store did not do; the judge sees what became of them.
        failed: what stopped it before its time.
    """

    def __init__(
        self, load: Load, pause_s: float = 0.02, most: int = 1000, spared: str | None = None
    ) -> None:
        super().__init__(daemon=True)
        self._load = load
        self._keys = [key for key in load.listed() if key != spared]
        self._pause_s = pause_s
        self._most = most
        self._enough = threading.Event()
        self.done = 0
        self.refused = 0
        self.failed: Exception | None = None

    def run(self) -> None:
        deeds = [self._add, self._add, self._overwrite, self._copy, self._double, self._remove]
        try:
            while not self._enough.wait(self._load.die.uniform(0, 2 * self._pause_s)):
                crowded = len(self._keys) > self._most
                deed = self._remove if crowded else self._load.die.choice([*deeds, self._poison])
                try:
                    deed()
                except (MinioException, HTTPError):
                    self.refused += 1
                self.done += 1
        except Exception as error:  # noqa: BLE001 - told by `stop`, in the test's own thread
            self.failed = error

    def stop(self) -> None:
        self._enough.set()
        self.join()
        if self.failed:
            raise self.failed

    def _one(self) -> str:
        return self._load.die.choice(self._keys) if self._keys else self._add()

    def _new(self) -> str:
        key = f"{self._load.die.randrange(5)}/{self.done:06} ü.jpg"
        self._keys.append(key)
        return key

    def _add(self) -> str:
        key = self._new()
        self._load.put(key, self._load.pictures.one())
        return key

    def _overwrite(self) -> None:
        self._load.overwrite([self._one()])

    def _copy(self) -> None:
        self._load.copy(self._one(), self._new())

    def _double(self) -> None:
        data = self._load.pictures.one()
        self._load.put(self._new(), data)
        self._load.put(self._new(), data)

    def _poison(self) -> None:
        self._load.put(self._one(), self._load.poison())

    def _remove(self) -> None:
        key = self._one()
        self._keys.remove(key)
        self._load.remove([key])
