"""`seenit bench`: it measures all it tells of, and leaves nothing behind."""

import json
import subprocess
from contextlib import closing

import pytest
from minio import Minio
from pymilvus import MilvusClient

from stack.registry import Stack
from tests.system.running import command, environment

LONGEST_S = 900  # on a busy machine


def left_behind(stack: Stack) -> list[str]:
    """Name the buckets and databases that a benchmark made."""
    keys = stack.minio.access_key, stack.minio.secret_key
    buckets = Minio(stack.minio.address, *keys, secure=False).list_buckets()
    connection = stack.mysql.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("SHOW DATABASES")
        tables = [name for (name,) in cursor.fetchall()]
    with closing(MilvusClient(uri=stack.milvus.url)) as client:
        names = [*(bucket.name for bucket in buckets), *tables, *client.list_databases()]
    return [name for name in names if "bench" in name]


@pytest.mark.soak
def test_a_benchmark_on_the_services_tells_all_figures_and_leaves_nothing(
    stack, stack_settings, tmp_path
):
    settings = stack_settings | {"notify_arn": stack.minio.direct_arn}
    done = subprocess.run(
        command("bench", "ingest", "--count", 64, "--json"),
        cwd=tmp_path,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    fresh = figures["freshness"]
    assert figures["pictures"] == 64
    assert figures["ratio"] > 0
    assert 0 < fresh["ours"]["p50"] <= fresh["whole"]["p50"] <= fresh["whole"]["p99"]
    assert left_behind(stack) == []


@pytest.mark.soak
def test_a_benchmark_of_searches_tells_all_figures_and_keeps_away_from_ones_own_catalog(tmp_path):
    own = tmp_path / "own.db"
    done = subprocess.run(
        command("bench", "search", "--count", 64, "--known", 600, "--json"),
        cwd=tmp_path,
        env=environment(
            catalog_url=f"sqlite:///{own}", api_tokens="a-token-of-our-own", rate_limit="1/hour"
        ),
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["pictures"], figures["known"]) == (64, 600)
    for name in ("one", "many", "repeated", "by_id"):
        assert 0 < figures[name]["p50"] <= figures[name]["p99"]
        assert figures[f"{name}_ratio"] > 0
    assert [each["share"] for each in figures["filtered"]] == [0.01, 0.1, 1.0]
    for each in figures["filtered"]:
        assert 0 < each["taken"]["p50"] <= each["taken"]["p99"]
        assert each["ratio"] > 0
    assert not own.exists()
