"""The bytes of known images, read from the objects that hold them now."""

import asyncio
from http import HTTPStatus

from search_api.problems import Problem
from shared.errors import ObjectChanging, ObjectGone, Rejected
from shared.protocols import CatalogReader, ObjectStore
from shared.records import ObjectFilter, ObjectRef


class Originals:
    """Reads originals and hands out only the bytes that the catalog speaks of."""

    def __init__(self, store: ObjectStore, catalog: CatalogReader, max_bytes: int) -> None:
        self._store = store
        self._catalog = catalog
        self._max_bytes = max_bytes

    async def of_image(self, image_id: str) -> bytes:
        """Read an image from the first of its objects that still holds it.

        Raises:
            Problem: 404, none does.
            ObjectChanging: one may, but is being written right now.
            TransientError: catalog or store do not answer.
        """
        held = await self._catalog.find([image_id], ObjectFilter())
        changing: ObjectChanging | None = None
        for live in held.get(image_id, ()):
            try:
                data = await self.of_object(live.ref, image_id)
            except ObjectChanging as error:
                changing = error
            else:
                if data is not None:
                    return data
        raise changing or Problem(HTTPStatus.NOT_FOUND, "no such image")

    async def of_object(self, ref: ObjectRef, image_id: str) -> bytes | None:
        """Read an object; None when it does not hold this image any more.

        Raises:
            ObjectChanging: it is being written right now.
            TransientError: the store does not answer.
        """
        try:
            found = await asyncio.to_thread(self._store.read, ref, self._max_bytes)
        except (ObjectGone, Rejected):
            return None
        return found.data if found.image_id == image_id else None
