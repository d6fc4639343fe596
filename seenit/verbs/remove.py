"""`seenit remove`: deletes objects from the bucket or the folder."""

from typing import Annotated

import typer

from seenit import options
from seenit.console import out, print_json, told_plainly
from seenit.running import run
from shared.catalog.open import open_reader
from shared.errors import ConfigurationError
from shared.records import ObjectFilter, ObjectRef
from shared.settings import Settings
from shared.storage.open import open_store
from shared.storage.places import TOP_BUCKET

MOST = 1_000_000


def remove(  # noqa: PLR0913 - a command's arguments are its options
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="KEY…", help="Keys of one bucket.")
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option(
            "--bucket",
            "-b",
            metavar="NAME",
            help="The bucket of KEY; else: only this bucket.",
            show_default="the store's first",
        ),
    ] = None,
    user_keys: Annotated[
        list[str] | None,
        typer.Option("--user-key", metavar="USER_KEY", help="Every object with this user key."),
    ] = None,
    image_ids: Annotated[
        list[str] | None,
        typer.Option("--image-id", metavar="IMAGE_ID", help="Every object that holds this image."),
    ] = None,
    folder: options.Folder = None,
    data: options.Data = None,
    *,
    as_json: options.AsJson = False,
) -> None:
    """Delete objects by key, by your own identifier, or all that hold an image."""
    with told_plainly():
        if not (keys or user_keys or image_ids):
            raise ConfigurationError("KEY", "name what to remove: KEY, --user-key or --image-id")
        settings = options.settings_for(folder, data)
        usual = TOP_BUCKET if settings.storage_url.startswith("file:") else settings.buckets[0]
        refs = {ObjectRef(bucket or usual, key) for key in keys or ()}
        if user_keys or image_ids:
            named = [image_id.lower() for image_id in image_ids or ()]  # some tools write capitals
            refs |= run(_held(settings, bucket, user_keys or [], named))
        store = open_store(settings)
        removed = sum(store.remove(ref) for ref in sorted(refs))
    if as_json:
        print_json({"removed": removed})
    else:
        out.print(f"{removed:,} removed")


async def _held(
    settings: Settings, bucket: str | None, user_keys: list[str], image_ids: list[str]
) -> set[ObjectRef]:
    where = ObjectFilter((bucket,) if bucket else ())
    catalog = await open_reader(settings.resolved_catalog_url)
    try:
        found = await catalog.find(image_ids, where, limit=MOST)
        refs = {live.ref for objects in found.values() for live in objects}
        refs |= {row.stat.ref for row in await catalog.objects_with_user_key(user_keys)}
    finally:
        await catalog.close()
    return {ref for ref in refs if bucket in {None, ref.bucket}}
