"""What is stored: objects one by one, page by page, counted; and an object's own bytes."""

from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote_from_bytes, unquote

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from search_api.cursors import ObjectCursor, write_object_cursor
from search_api.facts import Facts
from search_api.fields import from_query
from search_api.inputs import object_named
from search_api.limits import Gate, Limits
from search_api.links import as_text, content_path
from search_api.originals import Originals
from search_api.parameters import ListParameters, RejectionParameters
from search_api.parts import Parts
from search_api.problems import Problem
from search_api.replies import reply, unchanged
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
from shared.images.formats import MEDIA_TYPES
from shared.records import Folder, ObjectRef, ObjectState, StoredObject


class KeyConvertor(Convertor[str]):
    """Any key: Starlette's own `path` stops at a newline."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        """Keep it; `addressed` reads the raw path."""
        return value

    def to_string(self, value: str) -> str:
        """Keep it."""
        return value


register_url_convertor("key", KeyConvertor())


def addressed(request: Request, call: str) -> ObjectRef:
    """Read the bucket and key behind `call` from the raw path, so that they keep every byte."""
    raw: bytes = request.scope["raw_path"]
    bucket, _, key = raw.partition(f"/v1/{call}/".encode())[2].partition(b"/")
    return object_named(
        *(unquote(part.decode("latin-1"), errors="surrogateescape") for part in (bucket, key))
    )


class Objects:
    """Endpoints over the catalog's rows."""

    def __init__(
        self, parts: Parts, facts: Facts, originals: Originals, limits: Limits, *, url_search: bool
    ) -> None:
        self._parts = parts
        self._facts = facts
        self._originals = originals
        self._link = parts.link or content_path
        self._url_search = url_search
        self._gate = Gate(limits.thumbnails, limits.waiting)

    async def page(self, request: Request) -> Response:
        """Answer `GET /v1/objects`."""
        query = from_query(request.scope["query_string"])
        names = ListParameters.names()
        asked = ListParameters.check({k: v[-1] for k, v in query.items() if k in names})
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
        return reply(self._entry(await self._known(addressed(request, "objects"))))

    async def content(self, request: Request) -> Response:
        """Answer `GET /v1/content/{bucket}/{key}`: the picture, exactly as the catalog knows it."""
        ref = addressed(request, "content")
        image_id = (await self._known(ref)).image_id
        facts = await self._facts.of([image_id]) if image_id else {}
        if image_id is None or image_id not in facts:
            raise Problem(HTTPStatus.NOT_FOUND, "no such picture")
        headers = {"ETag": f'"{image_id}"', "Cache-Control": "private, no-cache"}
        if (known := unchanged(request, headers)) is not None:
            return known
        async with self._gate.enter():
            data = await self._originals.of_object(ref, image_id)
        if data is None:
            raise Problem(HTTPStatus.NOT_FOUND, "the object holds another picture by now")
        media_type = MEDIA_TYPES.get(facts[image_id].format)
        headers["Content-Disposition"] = _disposition(ref, inline=media_type is not None)
        return Response(data, headers=headers, media_type=media_type or "application/octet-stream")

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
        asked = RejectionParameters.in_query(from_query(request.scope["query_string"]))
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

    async def _known(self, ref: ObjectRef) -> StoredObject:
        stored = (await self._parts.catalog.known([ref])).get(ref)
        if stored is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such object")
        return stored

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


def _disposition(ref: ObjectRef, *, inline: bool) -> str:
    name = quote_from_bytes(ref.key_bytes.rpartition(b"/")[2], safe="")
    return f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{name}"
