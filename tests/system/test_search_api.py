"""`seenit serve` as a process of its own, on a real catalog, index, folder, decoder and model."""

import asyncio
import io
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx
import pytest
import skimage
from PIL import Image

from search_api.app import create_app
from search_api.serve import open_parts, serve
from seenit.evaluation.edits import EDITS
from seenit.evaluation.screens import SCREENS
from shared.catalog.open import open_catalog
from shared.embedding.load import load_embedder
from shared.embedding.service import EmbeddingService
from shared.errors import ConfigurationError, Reason
from shared.images.decoder import Decoder
from shared.records import ImageFacts, IndexedObject, MeasuredThreshold, RejectedObject
from shared.settings import Settings
from shared.storage.open import open_folder
from shared.vectors.open import open_index
from tests.fakes import as_said
from tests.system.running import PATIENCE_S, Running, eventually

PICTURES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png")


@dataclass(frozen=True)
class Library:
    folder: Path
    client: httpx.Client

    def find(self, data: bytes, **fields: object) -> dict:
        response = self.client.post("/v1/search", files={"image": data}, data=fields)
        assert response.status_code == 200, response.text
        return response.json()


async def index(settings: Settings) -> None:
    """Make a folder known, object by object, as ingest does."""
    embedder = load_embedder(settings)
    store = open_folder(settings)
    catalog = await open_catalog(settings.resolved_catalog_url, embedder.model_id)
    url = settings.resolved_index_url
    decoder = Decoder(1)
    with (
        closing(open_index(url, embedder.model_id, embedder.dimension)) as vectors,
        closing(EmbeddingService(embedder)) as embedding,
    ):
        for bucket in store.buckets():
            for stat in store.list(bucket):
                found = await asyncio.to_thread(store.read, stat.ref, settings.max_bytes)
                if stat.ref.key.endswith(".txt"):
                    bad = RejectedObject(stat, Reason.NOT_A_PICTURE, "this is text")
                    await catalog.record([bad], as_said(bad))
                    continue
                (image,) = await decoder.decode_all([found.data])
                vectors.upsert([found.image_id], await embedding.embed(image.pixels[None]))
                facts = (image.width, image.height, image.format, len(found.data))
                await catalog.claim([ImageFacts(found.image_id, *facts)])
                held = IndexedObject(found.stat, found.image_id)
                await catalog.record([held], as_said(held))
    await decoder.aclose()
    await catalog.close()


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("library")
    bundled = Path(skimage.__file__).parent / "data"
    for name in PICTURES:
        target = folder / "real" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(bundled / name, target)
    (folder / "copies" / "deep").mkdir(parents=True)
    shutil.copy(bundled / "coffee.png", folder / "copies" / "deep" / "100 % + %2F.png")
    (folder / "copies" / "note.txt").write_text("no picture")
    settings = Settings(_env_file=None, storage_url=f"file://{folder}", settle_ms=0)
    asyncio.run(index(settings))
    running = Running("serve", cwd=folder, storage_url=f"file://{folder}", leave_s=0)
    with httpx.Client(base_url=running.address(), timeout=PATIENCE_S) as client:
        eventually(lambda: client.get("/readyz").status_code == 200)
        yield Library(folder, client)
    assert running.stop() == 0


def edited(path: Path) -> bytes:
    """A smaller, paler JPEG of a picture."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").resize((picture.width // 2, picture.height // 2))
    out = io.BytesIO()
    Image.blend(small, Image.new("RGB", small.size, "white"), 0.1).save(out, "JPEG", quality=60)
    return out.getvalue()


def test_the_same_bytes_come_first_with_all_their_objects(library):
    reply = library.find((library.folder / "real" / "coffee.png").read_bytes())
    assert reply["query"]["known"] is True
    first = reply["hits"][0]
    assert (first["match"], first["similarity"]) == ("exact", 1.0)
    assert [(o["bucket"], o["key"]) for o in first["objects"]] == [
        ("copies", "deep/100 % + %2F.png"),
        ("real", "coffee.png"),
    ]
    assert len(reply["hits"]) == len(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_an_edited_copy_finds_its_original_as_a_near_duplicate(library, name):
    reply = library.find(edited(library.folder / "real" / name))
    assert reply["query"]["known"] is False
    first, second = reply["hits"][:2]
    assert name in {o["key"] for o in first["objects"]}
    assert first["match"] == "near_duplicate"
    assert second["match"] == "similar"
    assert first["similarity"] >= reply["thresholds"]["near_duplicate"] > second["similarity"]


def test_a_part_of_a_picture_finds_the_whole(library):
    path = library.folder / "real" / "astronaut.png"
    with Image.open(path) as picture:
        canvas = Image.new("RGB", (picture.width * 2, picture.height * 2), "gray")
        canvas.paste(picture, (picture.width, 0))
    out = io.BytesIO()
    canvas.save(out, "PNG")
    reply = library.find(out.getvalue(), box="0.5,0,0.5,0.5", limit=1)
    assert (reply["query"]["width"], reply["query"]["height"]) == canvas.size
    assert reply["hits"][0]["objects"][0]["key"] == "astronaut.png"
    assert reply["hits"][0]["match"] == "near_duplicate"


@pytest.mark.parametrize("kind", ["screenshot", "dark_page", "phone", "slide", "chat"])
@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png"])
def test_a_screenshot_finds_the_picture_on_it(library, kind, name):
    with Image.open(library.folder / "real" / name) as picture:
        screen = (EDITS | SCREENS)[kind](picture.convert("RGB"), Random(f"{kind}{name}"))
    out = io.BytesIO()
    screen.save(out, "JPEG", quality=90)
    reply = library.find(out.getvalue(), views="auto")
    first, second = reply["hits"][:2]
    assert name in {o["key"] for o in first["objects"]}
    assert (first["match"], first["view"]) == ("near_duplicate", "inner")
    assert second["match"] == "similar"


@pytest.mark.parametrize("degrees", [90, 270])
def test_a_turned_copy_is_found_by_turning_it_back(library, degrees):
    with Image.open(library.folder / "real" / "motorcycle_left.png") as picture:
        turned = picture.convert("RGB").rotate(degrees, expand=True)  # the other way round
    out = io.BytesIO()
    turned.save(out, "JPEG", quality=90)
    first = library.find(out.getvalue(), views="rotate")["hits"][0]
    assert first["objects"][0]["key"] == "motorcycle_left.png"
    assert (first["match"], first["view"]) == ("near_duplicate", f"rotated_{degrees}")


def test_a_threshold_measured_on_ones_own_pictures_goes_before_the_models(library, tmp_path):
    folder = shutil.copytree(library.folder, tmp_path / "copy")
    settings = Settings(_env_file=None, storage_url=f"file://{folder}")
    sent = {"image": edited(folder / "real" / "coffee.png")}

    async def searches_after_measuring(*cosines: float) -> list[dict]:
        replies = []
        async with open_parts(settings) as parts:
            for cosine in cosines:
                model_id = parts.embedding.embedder.model_id
                catalog = await open_catalog(settings.resolved_catalog_url, model_id)
                await catalog.calibrate(MeasuredThreshold(cosine, 20_000, datetime.now(UTC)))
                await catalog.close()
                transport = httpx.ASGITransport(create_app(parts, settings))
                async with httpx.AsyncClient(
                    transport=transport, base_url="http://localhost"
                ) as api:
                    answer = await api.post("/v1/search", files=sent)
                assert answer.status_code == 200, answer.text
                replies.append(answer.json())
        return replies

    strict, lenient = asyncio.run(searches_after_measuring(0.999, 0.5))
    assert strict["thresholds"] == {"near_duplicate": 0.9995}
    assert lenient["thresholds"] == {"near_duplicate": 0.75}
    assert strict["hits"][0]["match"] == "similar"
    assert lenient["hits"][0]["match"] == "near_duplicate"


def test_links_and_thumbnails_of_hits_work(library):
    path = library.folder / "real" / "coffee.png"
    hit = library.find(path.read_bytes(), limit=1)["hits"][0]
    for place in hit["objects"]:
        served = library.client.get(place["url"])
        assert served.content == path.read_bytes()
        assert served.headers["content-type"] == "image/png"
    thumbnail = library.client.get(hit["thumbnail"], params={"size": 64})
    with Image.open(io.BytesIO(thumbnail.content)) as picture:
        assert (picture.format, max(picture.size)) == ("WEBP", 64)


def test_filters_by_bucket_and_prefix_are_kept(library):
    data = edited(library.folder / "real" / "chelsea.png")
    places = {
        (o["bucket"], o["key"])
        for hit in library.find(data, bucket="copies")["hits"]
        for o in hit["objects"]
    }
    assert places == {("copies", "deep/100 % + %2F.png")}
    assert library.find(data, prefix="nothing/")["hits"] == []


def test_a_file_that_vanished_is_no_link_any_more(library):
    path = library.folder / "real" / "rocket.jpg"
    image_id = library.find(path.read_bytes(), limit=1)["hits"][0]["image_id"]
    was = path.read_bytes()
    path.unlink()
    try:
        assert library.client.get("/v1/content/real/rocket.jpg").status_code == 404
        assert library.client.get(f"/v1/images/{image_id}/thumbnail").status_code == 404
    finally:
        path.write_bytes(was)


def test_lists_counts_and_states_are_as_the_folder_is(library):
    get = library.client.get
    keys = [(o["bucket"], o["key"]) for o in get("/v1/objects").json()["objects"]]
    assert keys == sorted(
        [
            *(("real", name) for name in PICTURES),
            ("copies", "note.txt"),
            ("copies", "deep/100 % + %2F.png"),
        ]
    )
    note = get("/v1/objects/copies/note.txt").json()
    assert (note["state"], note["reason"]) == ("rejected", "not_a_picture")
    stats = get("/v1/stats").json()
    assert (stats["objects"], stats["images"], stats["rejected"]) == (7, 5, 1)
    assert {b["bucket"]: b["objects"] for b in get("/v1/buckets").json()["buckets"]} == {
        "real": 5,
        "copies": 2,
    }


BROKEN = {
    "nothing": (b"", 415),
    "text": (b"just text", 415),
    "HTML": (b"<html><script>alert(1)</script>", 415),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415),
    "a header only": (b"\x89PNG\r\n\x1a\n", 415),
    "a PDF": (b"%PDF-1.7", 415),
}


@pytest.mark.parametrize(("data", "status"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_picture_is_a_415_with_its_reason(library, data, status):
    response = library.client.post("/v1/search", files={"image": data})
    assert response.status_code == status
    assert response.json()["reason"] in set(Reason)


def test_a_picture_of_too_many_pixels_is_a_413(library):
    out = io.BytesIO()
    Image.new("1", (40_000, 4_000)).save(out, "PNG")
    response = library.client.post("/v1/search", files={"image": out.getvalue()})
    assert (response.status_code, response.json()["reason"]) == (413, "too_many_pixels")


def test_a_burst_of_searches_is_answered_each_with_its_own_hit(library):
    wanted = [library.folder / "real" / name for name in PICTURES] * 6

    async def burst() -> list[dict]:
        async with httpx.AsyncClient(
            base_url=library.client.base_url, timeout=PATIENCE_S
        ) as client:
            sent = [
                client.post("/v1/search", files={"image": edited(path)}, data={"limit": 1})
                for path in wanted
            ]
            return [response.json() for response in await asyncio.gather(*sent)]

    for path, reply in zip(wanted, asyncio.run(burst()), strict=True):
        keys = {o["key"] for o in reply["hits"][0]["objects"]}
        assert path.name in keys


def test_metrics_name_every_stage(library):
    text = library.client.get("/metrics").text
    stages = set(re.findall(r'seenit_search_seconds_count{stage="(\w+)"}', text))
    assert stages >= {"decode", "embed", "index", "catalog", "total"}


def test_search_before_any_ingest_is_refused_by_the_settings_name(tmp_path):
    settings = Settings(_env_file=None, storage_url=f"file://{tmp_path}", port=0)
    with pytest.raises(ConfigurationError, match="SEENIT_CATALOG_URL"):
        asyncio.run(serve(settings, told=print))
