"""Asks each part of the distributed system how it is; one that is away hides no other."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any, Self

import httpx

from seenit.client import bearer
from seenit.probing import Answer, Probe
from shared.addresses import http_address
from shared.catalog.open import open_reader
from shared.catalog.reading import SqlReader
from shared.settings import Settings
from shared.storage.open import Store, open_store
from shared.vectors.open import check_server
from streams.kafka import kafka_address
from streams.lag import Lag, open_lag

HTTP_S = 3.0
WINDOW_S = 15.0
"""The rate is that of the last so many seconds: commits come in steps of one."""

API_KNOWS = ("store", "catalog", "index")


class Pace:
    """How fast the lag is worked off, from looks at it. No I/O."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looks: deque[tuple[float, int]] = deque()

    def look(self, done: int) -> float | None:
        """Take a look at what is done; returns events per second, None at the first look."""
        now = self._clock()
        self._looks.append((now, done))
        while len(self._looks) > 2 and now - self._looks[0][0] > WINDOW_S:
            self._looks.popleft()
        began, before = self._looks[0]
        return max(0, done - before) / (now - began) if now > began else None


def judged(answers: Mapping[str, Answer]) -> dict[str, str]:
    """Tell how each part is: by its own word, else by that of one who may be nearer to it."""
    health = {name: answer.problem or "ok" for name, answer in answers.items()}
    api, worker = answers["search"].told, answers["worker"].told
    kafka = answers["kafka"].told
    if api:
        for name in {*API_KNOWS} - {*api["missing"]}:
            if health[name] != "ok":
                health[name] = "ok, says the API"
        if api["missing"]:
            health["search"] = f"waits for {', '.join(api['missing'])}"
    if worker and worker["waiting_for"]:
        health["worker"] = f"waits for {', '.join(worker['waiting_for'])}"
    elif worker is None and kafka and kafka.workers:
        health["worker"] = f"ok, says Kafka: {kafka.workers} at work"
    return health


class Overview:
    """All parts, as seen from here; what is open stays open from one look to the next.

    Args:
        settings: where the parts are.
        api: the address of the search API.
    """

    def __init__(self, settings: Settings, api: str) -> None:
        self._settings = settings
        self._api = api
        self._worker = http_address(settings.worker_host, settings.worker_port)
        self._open = AsyncExitStack()
        self._store: Store | None = None
        self._reader: SqlReader | None = None
        self._lag: Callable[[], Awaitable[Lag]] | None = None
        self._pace = Pace()
        self._probes = {
            "store": Probe(self._ask_store),
            "catalog": Probe(self._ask_catalog),
            "index": Probe(self._ask_index),
            "kafka": Probe(self._ask_kafka),
            "search": Probe(self._ask_search),
            "worker": Probe(self._ask_worker),
        }

    async def __aenter__(self) -> Self:
        client = httpx.AsyncClient(timeout=HTTP_S)
        self._http = await self._open.enter_async_context(client)
        return self

    async def __aexit__(self, *_: object) -> None:
        for probe in self._probes.values():
            probe.forget()
        await self._open.aclose()

    async def look(self, patience_s: float) -> dict[str, Any]:
        """Ask everyone and wait for so long; returns what `seenit status --json` prints."""
        asked = (probe.answer(patience_s) for probe in self._probes.values())
        answers = dict(zip(self._probes, await asyncio.gather(*asked), strict=True))
        worker, kafka = answers["worker"], answers["kafka"]
        counts = answers["catalog"].told or (answers["search"].told or {}).get("stats") or {}
        return {
            "api": self._api,
            "worker": self._worker,
            "health": judged(answers),
            **counts,
            **self._work(kafka.told, worker.told),
        }

    def _work(self, lag: Lag | None, worker: dict[str, Any] | None) -> dict[str, Any]:
        """Tell what is under way: of all workers by Kafka, else of the one that was asked."""
        told: dict[str, Any] = {"at_work": worker}
        if lag is not None:
            rate = self._pace.look(lag.done)
            if rate is None and worker:
                rate = worker["rate"]
            partitions = [asdict(each) for each in lag.partitions]
            told |= {"lag": lag.total, "partitions": partitions, "workers": lag.workers}
        elif worker:
            rate = worker["rate"]
            told |= {"lag": worker["lag"], "partitions": worker["partitions"]}
        else:
            return told
        return told | {"rate": rate, "eta_s": told["lag"] / rate if rate else None}

    async def _ask_store(self) -> list[str]:
        if self._store is None:
            self._store = await asyncio.to_thread(open_store, self._settings)
        return await asyncio.to_thread(self._store.buckets)

    async def _ask_catalog(self) -> dict[str, Any]:
        if self._reader is None:
            self._reader = await open_reader(self._settings.resolved_catalog_url)
            self._open.push_async_callback(self._reader.close)
        stats, model_id = await self._reader.stats(), self._reader.model_id
        if not model_id:  # nothing is in the catalog yet, and so no model: look again then
            self._reader = None
        newest = stats.newest.isoformat() if stats.newest else None
        return asdict(stats) | {"newest": newest, "model_id": model_id}

    async def _ask_index(self) -> None:
        await asyncio.to_thread(check_server, self._settings.resolved_index_url)

    async def _ask_kafka(self) -> Lag:
        if self._lag is None:
            settings = self._settings
            kafka = kafka_address(settings.kafka_url)
            lag = open_lag(kafka, settings.topic, settings.consumer_group)
            self._lag = await self._open.enter_async_context(lag)
        return await self._lag()

    async def _ask_search(self) -> dict[str, Any]:
        ready = await self._http.get(f"{self._api}/readyz")
        missing = ready.json().get("missing", []) if ready.status_code in {200, 503} else []
        stats: dict[str, Any] = {}
        if "catalog" not in missing:
            signed_in = bearer(self._settings)
            reply = await self._http.get(f"{self._api}/v1/stats", headers=signed_in)
            stats = reply.json() if reply.is_success else {}
        return {"missing": missing, "stats": stats}

    async def _ask_worker(self) -> dict[str, Any]:
        reply = await self._http.get(f"{self._worker}/status")
        reply.raise_for_status()
        told: dict[str, Any] = reply.json()
        return told
