"""Five S3 clients that users upload with, each by its own way."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import boto3
import s3fs
from botocore.config import Config
from minio import Minio  # noqa: TID251 - plays the user

from stack.programs import tool
from tests.system.running import PATIENCE_S


class Client:
    """One client.

    Args:
        address: `host:port` of the store.
        access_key: of its user.
        secret_key: the same.
        folder: for what the client needs on disk.
    """

    def __init__(self, address: str, access_key: str, secret_key: str, folder: Path) -> None:
        self._address = address
        self._keys = (access_key, secret_key)
        self._folder = folder

    def put(self, bucket: str, key: str, data: bytes, user_key: str) -> None:
        """Upload with the metadata `key`."""
        raise NotImplementedError

    def remove(self, bucket: str, key: str) -> None:
        raise NotImplementedError

    def _file(self, data: bytes) -> Path:
        path = self._folder / "upload.jpg"
        path.write_bytes(data)
        return path

    def _run(self, name: str, *arguments: object, env: Mapping[str, str]) -> None:
        done = subprocess.run(
            [tool(name), *map(str, arguments)],
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


class MinioPy(Client):
    def _client(self) -> Minio:
        return Minio(self._address, *self._keys, secure=False)

    def put(self, bucket, key, data, user_key):
        self._client().fput_object(bucket, key, self._file(data), metadata={"key": user_key})

    def remove(self, bucket, key):
        self._client().remove_object(bucket, key)


class Mc(Client):
    def put(self, bucket, key, data, user_key):
        self._mc("cp", "--attr", f"key={user_key}", self._file(data), f"seenit/{bucket}/{key}")

    def remove(self, bucket, key):
        self._mc("rm", f"seenit/{bucket}/{key}")

    def let_all_versions_expire(self, bucket: str, prefix: str) -> None:
        """Set a lifecycle that removes what is a day old with all its versions."""
        expire = ("--expire-days", 1, "--expire-all-object-versions")
        self._mc("ilm", "rule", "add", *expire, "--prefix", prefix, f"seenit/{bucket}")

    def _mc(self, *arguments: object) -> None:
        host = f"http://{':'.join(self._keys)}@{self._address}"
        own = ("--config-dir", self._folder / "mc", "--quiet")
        self._run("mc", *own, *arguments, env={"MC_HOST_seenit": host})


class Boto3(Client):
    def client(self):
        access_key, secret_key = self._keys
        return boto3.client(
            "s3",
            endpoint_url=f"http://{self._address}",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name="us-east-1",
            config=Config(signature_version="s3v4"),
        )

    def put(self, bucket, key, data, user_key):
        extra = {"Metadata": {"key": user_key}}
        self.client().upload_file(str(self._file(data)), bucket, key, ExtraArgs=extra)

    def remove(self, bucket, key):
        self.client().delete_object(Bucket=bucket, Key=key)


class S3fs(Client):
    def _files(self) -> s3fs.S3FileSystem:
        access_key, secret_key = self._keys
        url = f"http://{self._address}"
        return s3fs.S3FileSystem(key=access_key, secret=secret_key, endpoint_url=url)

    def put(self, bucket, key, data, user_key):
        self._files().pipe_file(f"{bucket}/{key}", data, Metadata={"key": user_key})

    def remove(self, bucket, key):
        self._files().rm_file(f"{bucket}/{key}")


class Rclone(Client):
    def put(self, bucket, key, data, user_key):
        tell = ("--metadata", "--metadata-set", f"key={user_key}")
        self._rclone("copyto", *tell, self._file(data), f"seenit:{bucket}/{key}")

    def remove(self, bucket, key):
        self._rclone("deletefile", f"seenit:{bucket}/{key}")

    def _rclone(self, *arguments: object) -> None:
        access_key, secret_key = self._keys
        remote = {
            "TYPE": "s3",
            "PROVIDER": "Minio",
            "ENDPOINT": f"http://{self._address}",
            "ACCESS_KEY_ID": access_key,
            "SECRET_ACCESS_KEY": secret_key,
        }
        env = {f"RCLONE_CONFIG_SEENIT_{name}": value for name, value in remote.items()}
        self._run("rclone", *arguments, env=env | {"RCLONE_CONFIG": "/dev/null"})


CLIENTS = {"minio-py": MinioPy, "mc": Mc, "boto3": Boto3, "s3fs": S3fs, "rclone": Rclone}
