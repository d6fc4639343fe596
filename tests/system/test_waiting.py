"""Started before the services are there, and searched while one of them hangs."""

import uuid

import httpx
import pytest

from tests.system.running import PATIENCE_S, Running, Worker, eventually, heard, verb

BEHIND_A_PROXY = ("mysql", "milvus", "minio")  # Kafka's brokers tell clients where they are


@pytest.fixture
def mysql_database(stack):
    name = f"waiting_{uuid.uuid4().hex[:12]}"
    for statement in ("CREATE DATABASE", "DROP DATABASE"):
        connection = stack.mysql.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute(f"{statement} {name}")
        if statement.startswith("CREATE"):
            yield name


@pytest.fixture
def settings(stack, stack_settings, mysql_database):
    """Of a Seenit of the test's own."""
    name = mysql_database.replace("_", "-")
    own = {
        "buckets": name,
        "consumer_group": name,
        "catalog_url": f"{stack.mysql.url}/{mysql_database}",
        "worker_port": 0,
        "reconcile_s": 1,
    }
    return {key: told for key, told in stack_settings.items() if "search" not in key} | own


@pytest.fixture
def proxied(stack, settings, proxies):
    """The same, by ways that can be cut."""
    found = dict(settings)
    for name in BEHIND_A_PROXY:
        address = stack.daemons[name].service.address
        found = {
            key: told.replace(address, proxies[name].address) if isinstance(told, str) else told
            for key, told in found.items()
        }
    return found


def waits_for(running: Running, part: str) -> bool:
    return any(f"waiting for the {part}" in line for line in list(running.log))


def test_worker_and_search_started_first_wait_and_a_search_never_hangs_with_milvus(
    settings, proxied, proxies, tmp_path, pictures
):
    verb("setup", cwd=tmp_path, **settings)
    for name in BEHIND_A_PROXY:
        proxies[name].cut()
    worker = Worker(cwd=tmp_path, **proxied)
    search = Running("serve", cwd=tmp_path, **proxied)
    try:
        eventually(lambda: waits_for(worker, "catalog") and waits_for(search, "catalog"))
        proxies["mysql"].mend()
        eventually(lambda: waits_for(worker, "index") and waits_for(search, "index"))
        proxies["milvus"].mend()
        proxies["minio"].mend()
        assert search.get("/livez").status_code == 200
        assert worker.get("/livez").status_code == 200
        for running in (worker, search):
            told = [line for line in running.log if "waiting for the catalog" in line]
            assert len(told) == 1, told
            assert "Traceback" not in "\n".join(running.log)

        picture = tmp_path / "a.jpg"
        picture.write_bytes(pictures.one())
        verb("add", picture, "--bucket", settings["buckets"], cwd=tmp_path, **settings)
        eventually(lambda: search.get("/v1/stats").json()["objects"] == 1)
        found = heard(lambda: _search(search, picture.read_bytes()))
        assert found.status_code == 200

        proxies["milvus"].hang()
        for _ in range(2):
            refused = _search(search, pictures.one())
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        proxies["milvus"].mend()
        eventually(lambda: _search(search, pictures.one()).status_code == 200)
    finally:
        worker.end()
        search.end()


def _search(search: Running, data: bytes) -> httpx.Response:
    """Search; a search that hangs is a fault, one of a busy machine is not."""
    return httpx.post(f"{search.address()}/v1/search", files={"image": data}, timeout=PATIENCE_S)


@pytest.mark.parametrize("name", ["worker", "serve"])
def test_what_was_never_set_up_is_not_waited_for(settings, tmp_path, name):
    done = verb(name, cwd=tmp_path, exit_code=2, **settings)
    assert "`seenit setup` makes it" in done.stderr
