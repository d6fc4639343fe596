"""What is stored: objects one by one, page by page, counted."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from search_api.cursors import ObjectCursor, write_object_cursor
from search_api.links import as_text, content_path
from search_api.parameters import ListParameters, RejectionParameters
from search_api.parts import Parts
from search_api.paths import addressed, recorded
from search_api.replies import reply
from search_api.schemas import (
    BucketEntry,
    BucketsReply,
    ObjectEntry,
    ObjectPage,
    PrefixEntry,
    ReasonEntry,
    RejectionsReply,
    StatsReply,
)
from shared.records import Folder, ObjectRef, ObjectState, StoredObject


class Objects:
    """Endpoints over the catalog's rows."""

    def __init__(self, parts: Parts, *, url_search: bool) -> None:
        self._parts = parts
        self._link = parts.link or content_path
        self._url_search = url_search

    async def page(self, request: Request) -> Response:
        """Answer `GET /v1/objects`."""
        asked = ListParameters.in_query(request)
        found = await self._listed(asked, asked.limit + 1)
        shown = found[: asked.limit]
        more = len(found) > asked.limit
        return reply(
            ObjectPage(
                objects=[self._entry(each) for each in shown if isinstance(each, StoredObject)],
                prefixes=[_prefix(each) for each in shown if isinstance(each, Folder)],
                next_cursor=_cursor(asked, shown[-1]) if more else None,
            )
        )

    async def one(self, request: Request) -> Response:
        """Answer `GET /v1/objects/{bucket}/{key}`."""
        stored = await recorded(self._parts.catalog, addressed(request, "objects"))
        return reply(self._entry(stored))

    async def buckets(self, _: Request) -> Response:
        """Answer `GET /v1/buckets`."""
        counts = await self._parts.catalog.buckets()
        entries = [
            BucketEntry(
                bucket=as_text(count.bucket),
                objects=count.indexed + count.rejected,
                indexed=count.indexed,
                rejected=count.rejected,
            )
            for count in counts
        ]
        return reply(BucketsReply(buckets=entries))

    async def rejections(self, request: Request) -> Response:
        """Answer `GET /v1/rejections`."""
        asked = RejectionParameters.in_query(request)
        counts = await self._parts.catalog.reasons(asked.bucket, asked.prefix)
        entries = [ReasonEntry(reason=reason, objects=n) for reason, n in counts.items()]
        entries.sort(key=lambda entry: (-entry.objects, entry.reason))
        return reply(RejectionsReply(reasons=entries))

    async def stats(self, _: Request) -> Response:
        """Answer `GET /v1/stats`."""
        stats = await self._parts.catalog.stats()
        progress = self._parts.progress
        return reply(
            StatsReply(
                objects=stats.objects,
                images=stats.images,
                rejected=stats.rejected,
                newest=stats.newest,
                now=datetime.now(UTC),
                model_id=self._parts.embedding.embedder.model_id,
                url_search=self._url_search,
                progress=dict(progress()) if progress else None,
            )
        )

    async def _listed(self, asked: ListParameters, limit: int) -> list[StoredObject | Folder]:
        catalog = self._parts.catalog
        if asked.delimiter and asked.bucket is not None:
            folder = ObjectRef(asked.bucket, asked.prefix)
            return await catalog.level(folder, state=asked.state, after=asked.after, limit=limit)
        found = await catalog.page(
            bucket=asked.bucket,
            prefix=asked.prefix,
            state=asked.state,
            reason=asked.reason,
            after=asked.after,
            limit=limit,
        )
        return [*found]

    def _entry(self, stored: StoredObject) -> ObjectEntry:
        stat = stored.stat
        return ObjectEntry(
            bucket=as_text(stat.ref.bucket),
            key=as_text(stat.ref.key),
            state=stored.state,
            image_id=stored.image_id,
            reason=stored.reason,
            detail=stored.detail,
            bytes=stat.size,
            user_key=stat.user_key,
            last_modified=stat.last_modified,
            recorded_at=stored.recorded_at,
            url=self._link(stat.ref) if stored.state is ObjectState.INDEXED else None,
        )


def _place(listed: StoredObject | Folder) -> ObjectRef:
    return listed.ref if isinstance(listed, Folder) else listed.stat.ref


def _prefix(folder: Folder) -> PrefixEntry:
    return PrefixEntry(prefix=as_text(folder.ref.key), image_id=folder.first.image_id)


def _cursor(asked: ListParameters, last: StoredObject | Folder) -> str:
    return write_object_cursor(ObjectCursor(asked.binding(), _place(last)))
