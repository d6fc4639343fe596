"""Alerts fire for real, and go by themselves: the project's rules, in seconds, on real services."""

import asyncio
import json
from collections.abc import Iterator
from io import BytesIO

import pytest
from aiokafka import AIOKafkaProducer
from minio import Minio  # noqa: TID251 - plays the user

from stack.service import free_ports
from tests.monitoring.watching import Watch, in_seconds
from tests.system.running import Running, Worker, eventually

pytestmark = pytest.mark.soak

BACKLOG = 1200  # more than the alert on a growing lag asks for


class Search(Running):
    """A `seenit serve` that comes back at its place."""

    anywhere = ()


class Site:
    """A worker, a search API and a Prometheus; and a bucket that tells nobody by itself."""

    def __init__(self, folder, settings: dict[str, object]) -> None:
        self._folder = folder
        search_port, port = free_ports(2)
        self._settings = settings | {"port": search_port}
        self.worker = Worker(folder, **settings | {"worker_port": port, "reconcile_s": 15})
        self.search = self.start_search()
        host = settings["storage_url"].removeprefix("s3://").partition("?")[0]
        keys = settings["s3_access_key"], settings["s3_secret_key"]
        self._client = Minio(host, *keys, secure=False)
        self._bucket = settings["buckets"]
        addresses = {"seenit-worker": [f"127.0.0.1:{port}"]}
        addresses["seenit-api"] = [f"127.0.0.1:{search_port}"]
        self.watch = Watch(folder / "watch", addresses, in_seconds, every_s=5)

    def start_search(self) -> Search:
        """Start it; where it was ended before, it comes back at its place."""
        self.search = Search("serve", cwd=self._folder, **self._settings)
        return self.search

    def put(self, key: str, data: bytes) -> None:
        self._client.put_object(self._bucket, key, BytesIO(data), len(data))

    def remove_all(self) -> None:
        for found in list(self._client.list_objects(self._bucket, recursive=True)):
            self._client.remove_object(self._bucket, found.object_name)

    def tell_of(self, *keys: str) -> None:
        """Write what a bucket would that notifies."""

        async def send() -> None:
            server = self._settings["kafka_url"].removeprefix("kafka://")
            async with AIOKafkaProducer(bootstrap_servers=server) as producer:
                for key in keys:
                    entity = {"bucket": {"name": self._bucket}, "object": {"key": key}}
                    record = {"eventName": "s3:ObjectCreated:Put", "s3": entity}
                    message = json.dumps({"Records": [record]}).encode()
                    await producer.send(self._settings["topic"], message, key=key.encode())

        asyncio.run(send())

    def end(self) -> None:
        self.worker.end()
        self.search.end()
        print(*self.worker.log, *self.search.log, sep="\n")  # noqa: T201 - for whoever looks at a failure


@pytest.fixture
def site(ready_settings, proxied_settings, tmp_path) -> Iterator[Site]:
    site = Site(tmp_path, {**ready_settings, "index_url": proxied_settings["index_url"]})
    try:
        site.worker.address()
        site.search.address()
        with site.watch:
            eventually(lambda: [*site.watch.targets().values()] == ["up", "up"], 120)
            eventually(lambda: not site.watch.firing(), 120)
            yield site
    finally:
        site.end()


def test_search_is_down_and_comes_back(site):
    site.search.kill()
    site.watch.until_firing("SeenitSearchDown")
    assert "SeenitWorkersDown" not in site.watch.firing()
    site.start_search().address()
    site.watch.until_silent("SeenitSearchDown")


def test_workers_are_down(site):
    site.worker.kill()
    site.watch.until_firing("SeenitWorkersDown")
    assert "SeenitSearchDown" not in site.watch.firing()


def test_the_index_is_away_events_wait_and_become_more_until_it_is_back(site, proxies, pictures):
    proxies["milvus"].cut()
    site.put("b.jpg", pictures.one())
    site.tell_of(*["b.jpg"] * BACKLOG)
    site.watch.until_firing("SeenitPartDown")
    site.watch.until_firing("SeenitNoProgress")

    def grows() -> bool:
        site.tell_of(*["b.jpg"] * 20)
        return "SeenitLagGrows" in site.watch.firing()

    eventually(grows, 120)
    proxies["milvus"].mend()
    for alert in ("SeenitPartDown", "SeenitNoProgress", "SeenitLagGrows"):
        site.watch.until_silent(alert)
    eventually(lambda: site.watch.values("seenit:lag_events:sum") == [0], 120)


def test_what_is_no_picture_is_told_of_when_it_is_much(site, pictures):
    keys = [f"{n}.txt" for n in range(30)]
    for key in keys:
        site.put(key, f"no picture {key}".encode())
    site.put("a.jpg", pictures.one())
    site.tell_of("a.jpg", *keys)
    site.watch.until_firing("SeenitRejections")
    site.watch.until_silent("SeenitRejections")


def test_lost_notifications_are_drift_and_an_emptied_bucket_is_asked_about(site, pictures):
    keys: list[str] = []

    def put() -> None:
        keys.append(f"{len(keys)}.jpg")
        site.put(keys[-1], pictures.one())

    def drifts() -> bool:
        put()
        return "SeenitDrift" in site.watch.firing()

    eventually(drifts, 120)
    site.watch.until_silent("SeenitDrift")
    for _ in range(20):
        put()
    eventually(lambda: site.search.get("/v1/stats").json()["objects"] == len(keys), 120)
    site.remove_all()
    site.watch.until_firing("SeenitRemovalsHeldBack")
