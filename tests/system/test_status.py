"""`seenit status` of the distributed system: each part on its own, whatever is away."""

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from seenit.overview import Overview
from shared.settings import Settings
from tests.system.running import PATIENCE_S, command, environment, verb

AWAY = "127.0.0.1:9"
PARTS = {"store", "catalog", "index", "kafka"}
KEYS = {"api", "worker", "health", "at_work", "objects", "images", "rejected", "newest", "model_id"}
KEYS |= {"lag", "partitions", "workers", "rate", "eta_s"}
LOOK_S = 10.0


def told(settings: dict[str, str], cwd) -> dict:
    return json.loads(verb("status", "--json", cwd=cwd, **settings).stdout)


def test_the_parts_are_told_of_though_neither_the_api_nor_a_worker_runs(ready_settings, tmp_path):
    status = told(ready_settings, tmp_path)

    assert status.keys() >= KEYS
    assert {status["health"][part] for part in PARTS} == {"ok"}
    assert status["health"]["search"] == status["health"]["worker"] == "not answering"
    assert (status["objects"], status["rejected"], status["lag"], status["workers"]) == (0, 0, 0, 0)
    assert [each["partition"] for each in status["partitions"]] == [0, 1, 2]


@pytest.mark.parametrize(
    ("setting", "value", "part"),
    [
        ("kafka_url", f"kafka://{AWAY}", "kafka"),
        ("storage_url", f"s3://{AWAY}?secure=false", "store"),
        ("catalog_url", f"mysql://user:secret-1@{AWAY}/seenit", "catalog"),
        ("index_url", f"http://{AWAY}", "index"),
    ],
)
def test_a_part_that_is_away_hides_no_other(ready_settings, tmp_path, setting, value, part):
    status = told({**ready_settings, setting: value}, tmp_path)

    others = PARTS - {part}
    assert {status["health"][name] for name in others} == {"ok"}
    assert not status["health"][part].startswith("ok")
    assert "secret-1" not in json.dumps(status)


def test_with_everything_away_it_fails_in_one_line(ready_settings, tmp_path):
    away = {
        "kafka_url": f"kafka://{AWAY}",
        "storage_url": f"s3://{AWAY}?secure=false",
        "catalog_url": f"mysql://user:secret-1@{AWAY}/seenit",
        "index_url": f"http://{AWAY}",
    }

    done = verb("status", cwd=tmp_path, exit_code=1, **{**ready_settings, **away})

    assert "no part answers" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "kafka" in done.stdout


def test_the_table_is_for_people(ready_settings, tmp_path):
    text = verb("status", cwd=tmp_path, **ready_settings).stdout

    for word in ("store", "kafka", "rejected", "waiting", "nothing, 0 workers at work"):
        assert word in text


@dataclass
class Watched:
    """An overview that looks again and again."""

    overview: Overview

    async def until(self, well: set[str]) -> None:
        """Wait for a look that sees these parts well, and no other."""
        async with asyncio.timeout(PATIENCE_S):
            seen: set[str] | None = None
            while seen != well:
                health = (await self.overview.look(LOOK_S))["health"]
                seen = {part for part in PARTS if health[part] == "ok"}


@pytest.fixture
async def watched(ready_settings, proxied_settings) -> AsyncIterator[Watched]:
    names = ("kafka_url", "storage_url", "index_url")
    ways = {name: proxied_settings[name] for name in names}
    host = proxied_settings["catalog_url"].rpartition("/")[0]
    ways["catalog_url"] = f"{host}/{ready_settings['catalog_url'].rpartition('/')[2]}"
    async with Overview(Settings(**{**ready_settings, **ways}), "http://127.0.0.1:9") as overview:
        yield Watched(overview)


@pytest.mark.parametrize(
    ("part", "service"),
    [("kafka", "kafka"), ("store", "minio"), ("catalog", "mysql"), ("index", "milvus")],
)
async def test_who_watches_sees_a_part_go_and_come_back(watched, proxies, part, service):
    await watched.until(PARTS)

    proxies[service].cut()
    await watched.until(PARTS - {part})
    proxies[service].mend()

    await watched.until(PARTS)


def test_watching_as_json_goes_on_until_it_is_ended(ready_settings, tmp_path):
    process = subprocess.Popen(
        command("status", "--watch", "--json"),
        cwd=tmp_path,
        env=environment(**ready_settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        looks = [json.loads(process.stdout.readline()) for _ in range(3)]
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)

    assert all(look["health"]["kafka"] == "ok" for look in looks)
    assert "Traceback" not in errors
