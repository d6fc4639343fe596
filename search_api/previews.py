"""A small picture of what was asked about, for those who cannot show it themselves."""

import base64

from search_api.inputs import Source
from search_api.links import thumbnail_path
from search_api.parts import PictureDecoder
from shared.errors import Rejected


class Previews:
    """Makes previews of queries."""

    def __init__(self, decoder: PictureDecoder) -> None:
        self._decoder = decoder

    async def of(self, source: Source, stored: str | None, size: int) -> str | None:
        """Say where to find the query's picture, its longer side at most `size` pixels.

        Args:
            source: what was asked with.
            stored: the image that holds it, if any does.
            size: in pixels.

        Returns:
            the path of a thumbnail for a stored picture; else a data URI, made of pixels that were
            decoded and encoded anew. None where that fails, or a named picture has just gone.

        Raises:
            TransientError: no decoding process can be had now, or too many pictures wait.
        """
        if stored is not None:
            return f"{thumbnail_path(stored)}?size={size}"
        if not isinstance(source, bytes):
            return None
        try:
            encoded = await self._decoder.thumbnail(source, size=size)
        except Rejected:
            return None
        return f"data:image/webp;base64,{base64.b64encode(encoded).decode()}"
