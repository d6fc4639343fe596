"""A bucket as its owner fills it, and the command line of the Seenit that looks after it."""

import io
import json

from minio import Minio

from tests.system.running import verb


class Bucket:
    """The one bucket of a system that was set up, and its command line."""

    def __init__(self, settings: dict[str, str]) -> None:
        self._settings = settings
        self._name = settings["buckets"]
        address = settings["storage_url"].removeprefix("s3://").split("?")[0]
        keys = settings["s3_access_key"], settings["s3_secret_key"]
        self._client = Minio(address, *keys, secure=False)

    def put(self, key: str, data: bytes) -> None:
        self._client.put_object(self._name, key, io.BytesIO(data), len(data))

    def remove(self, key: str) -> None:
        self._client.remove_object(self._name, key)

    def run(self, *arguments: str, exit_code: int = 0):
        return verb(*arguments, exit_code=exit_code, **self._settings)

    def told(self, *arguments: str):
        return json.loads(self.run(*arguments, "--json").stdout)
