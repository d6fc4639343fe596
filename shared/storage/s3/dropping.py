"""Removes a bucket with all it holds; for those that were made for a while only."""

from minio import Minio
from minio.deleteobjects import DeleteObject

from shared.settings import Settings
from shared.storage.s3.address import storage_address
from shared.storage.s3.client_faults import client_faults, patience
from shared.storage.s3.opening import credentials


def drop_bucket(settings: Settings, bucket: str) -> None:
    """Remove all objects of a bucket without versions, then the bucket. Blocks.

    Raises:
        ConfigurationError: the store refuses.
        TransientError: it does not answer.
    """
    address, keys = storage_address(settings.storage_url), credentials(settings)
    client = Minio(
        address.netloc,
        keys.access_key,
        keys.secret_key,
        secure=address.secure,
        region=address.region,
        http_client=patience(),
    )
    with client_faults():
        client.delete_bucket_notification(bucket)
        listed = client.list_objects(bucket, recursive=True)
        names = (DeleteObject(each.object_name or "") for each in listed)
        for _ in client.remove_objects(bucket, names):
            pass  # what could not be removed keeps the bucket from going, which is told
        client.remove_bucket(bucket)
