"""The real services: started by hand and by tests, killed, paused, cut off, brought back."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pymysql
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from minio import Minio  # noqa: TID251 - plays the user
from minio.error import S3Error  # noqa: TID251 - the same

from stack.daemon import Daemon
from stack.mysql import MySQL
from stack.programs import run
from stack.registry import PORTS, Stack
from stack.service import CannotRun, Command, free_ports, is_free
from tests.system.running import PATIENCE_S, eventually

ROOT = Path(__file__).parents[2]


def by_hand(action: str, *names: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "stack", action, *names],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def minio_client(settings: dict[str, str]) -> Minio:
    address = settings["SEENIT_STORAGE_URL"].removeprefix("s3://").split("?")[0]
    keys = (settings["SEENIT_S3_ACCESS_KEY"], settings["SEENIT_S3_SECRET_KEY"])
    return Minio(address, *keys, secure=False)


def settings_in(folder: Path) -> dict[str, str]:
    lines = (folder / ".stack" / "env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def hand(minio, mysql_url, tmp_path):  # noqa: ARG001 - can be had here
    """A folder to work by hand in; nothing of it is left running."""
    yield tmp_path
    by_hand("stop", cwd=tmp_path)


def test_by_hand_it_starts_beside_others_and_keeps_data_from_one_start_to_the_next(hand):
    with ExitStack() as held:
        with suppress(OSError):  # someone else holds it: as good
            held.enter_context(socket.create_server(("127.0.0.1", PORTS["minio"])))
        told = by_hand("start", "minio", "mysql", cwd=hand)
    assert f"port {PORTS['minio']} is taken" in told
    settings = settings_in(hand)
    assert {
        *("SEENIT_STORAGE_URL", "SEENIT_S3_ACCESS_KEY", "SEENIT_S3_SECRET_KEY", "SEENIT_BUCKETS"),
        *("SEENIT_KAFKA_URL", "SEENIT_CATALOG_URL", "SEENIT_INDEX_URL"),
        *("SEENIT_SEARCH_USER", "SEENIT_SEARCH_PASSWORD"),
    } <= settings.keys()
    pid = int((hand / ".stack" / "minio.pid").read_text())
    minio_client(settings).make_bucket("kept")

    assert "already running" in by_hand("start", "minio", "mysql", cwd=hand)
    assert settings_in(hand) == settings
    assert int((hand / ".stack" / "minio.pid").read_text()) == pid

    by_hand("stop", cwd=hand)
    assert not list((hand / ".stack").glob("*.pid"))
    assert not (hand / ".stack" / "env").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)

    by_hand("start", "minio", cwd=hand)
    assert minio_client(settings_in(hand)).bucket_exists("kept")


async def topics(stack: Stack) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka.address)
    await admin.start()
    try:
        return await admin.list_topics()
    finally:
        await admin.close()


async def test_kafka_comes_back_at_its_place_with_its_topics_and_makes_none_by_itself(stack):
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic("stack-kept", 2, 1)])
    await admin.close()
    stack.daemons["kafka"].restart()
    assert "stack-kept" in await topics(stack)


def test_mysql_comes_back_at_its_place_with_what_was_committed(stack, mysql_database_url):
    name = mysql_database_url.rsplit("/", 1)[1]
    with stack.mysql.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name}.t (n INT) ENGINE=InnoDB")
        cursor.execute(f"INSERT INTO {name}.t VALUES (1)")
        connection.begin()
        cursor.execute(f"INSERT INTO {name}.t VALUES (2)")
        stack.daemons["mysql"].restart()
        with pytest.raises(pymysql.err.OperationalError):
            connection.commit()
    with stack.mysql.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT n FROM {name}.t")
        assert cursor.fetchall() == ((1,),)


def test_a_mysql_that_starts_leaves_the_temporary_tables_of_others(stack, tmp_path, monkeypatch):
    assert stack.mysql  # can be had here
    of_another = tmp_path / "everyones" / "#sql-temptable-1-1-1.MAI"
    of_another.parent.mkdir()
    of_another.touch()
    monkeypatch.setenv("TMPDIR", str(of_another.parent))
    own = Daemon(MySQL(free_ports(1)[0]), tmp_path, bound=True)
    own.start()
    own.stop()
    assert of_another.exists()


@pytest.mark.soak  # takes it half a minute; what Seenit makes of that is among the faults
def test_milvus_comes_back_at_its_place_with_its_collections(stack):
    from pymilvus import MilvusClient, MilvusException  # noqa: PLC0415, TID251 - plays the operator

    client = MilvusClient(uri=stack.milvus.url)
    client.create_collection("stack_kept", dimension=4)
    client.insert("stack_kept", [{"id": 1, "vector": [1.0, 0.0, 0.0, 0.0]}])
    client.close()
    stack.daemons["milvus"].restart()
    client = MilvusClient(uri=stack.milvus.url)

    def found() -> list:
        with suppress(MilvusException):  # it says that it is well before it has loaded them
            return client.query("stack_kept", filter="id == 1", consistency_level="Strong")
        return []

    assert [row["id"] for row in eventually(found)] == [1]
    client.drop_collection("stack_kept")
    client.close()


def test_a_paused_service_does_not_answer_until_it_goes_on(stack):
    daemon, live = stack.daemons["minio"], f"http://{stack.minio.address}/minio/health/live"
    daemon.pause()
    with pytest.raises(httpx.TimeoutException):
        httpx.get(live, timeout=0.5)
    daemon.resume()
    assert httpx.get(live, timeout=PATIENCE_S).status_code == 200


def test_a_killed_service_is_gone_at_once_and_comes_back_with_its_data(stack):
    daemon, client = stack.daemons["minio"], minio_client(stack.settings)
    client.make_bucket("stack-killed")
    daemon.kill()
    assert daemon.pid is None
    assert is_free(int(stack.minio.address.split(":")[1]))
    daemon.start()
    assert client.bucket_exists("stack-killed")


def test_a_service_ends_with_the_process_that_started_it_even_when_that_is_killed(minio, tmp_path):  # noqa: ARG001 - can be had here
    script = (
        "import sys, time; from pathlib import Path; from stack.registry import Stack\n"
        "stack = Stack(Path(sys.argv[1]), bound=True)\n"
        "assert not stack.start(['minio'])\n"
        "print(stack.daemons['minio'].pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        pid = int(parent.stdout.readline())
        os.kill(pid, 0)
        parent.send_signal(signal.SIGKILL)

    def gone() -> bool:
        with suppress(FileNotFoundError):
            return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
        return True

    eventually(gone)


class Broken:
    name = "broken"
    address = "127.0.0.1:0"
    settings: dict[str, str] = {}  # noqa: RUF012 - as the protocol has it
    patience_s = 5.0

    def prepare(self, data: Path) -> Command:  # noqa: ARG002 - as the protocol has it
        return Command(["sh", "-c", "echo cannot open its data; exit 3"])

    def ready(self) -> bool:
        return False


def test_a_service_that_does_not_start_says_how_it_ended_and_its_last_words(tmp_path):
    with pytest.raises(CannotRun, match=r"(?s)status 3.*cannot open its data"):
        Daemon(Broken(), tmp_path, bound=True).start()


def test_a_program_that_fails_tells_the_reason_at_whichever_end_of_its_words_it_stands(tmp_path):
    talk = "echo out of luck; seq 2000; echo so it ends; exit 1"
    with pytest.raises(CannotRun, match=r"(?s)out of luck.*so it ends") as failure:
        run(["sh", "-c", talk], at=tmp_path)
    assert len(str(failure.value)) < 2000


def test_a_port_is_given_once_before_anything_listens_there():
    among = range(29_980, 30_000)
    asks = f"from stack.service import free_ports; print(*free_ports(6, {among!r}))"
    mine = free_ports(6, among) + free_ports(3, among)
    told = subprocess.run([sys.executable, "-c", asks], cwd=ROOT, capture_output=True, check=True)
    assert len({*mine, *map(int, told.stdout.split())}) == 15


def test_free_ports_are_different_and_none_that_outgoing_connections_are_given():
    ports = free_ports(20)
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert len({*ports}) == 20
    assert max(ports) < low


def test_a_proxy_refuses_slows_hangs_and_cuts_answers_short_until_it_is_mended(proxies):
    proxy = proxies["minio"]
    url = f"http://{proxy.address}/minio/v2/metrics/cluster"
    sound = httpx.get(url, timeout=PATIENCE_S).content
    proxy.cut()
    with pytest.raises(httpx.TransportError):
        httpx.get(url)
    proxy.mend()
    proxy.slow(700)
    started = time.monotonic()
    assert httpx.get(url, timeout=PATIENCE_S).status_code == 403
    assert time.monotonic() - started > 0.6
    proxy.mend()
    proxy.hang()
    with pytest.raises(httpx.TimeoutException):
        httpx.get(url, timeout=1)
    proxy.mend()
    proxy.limit(40)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url)
    proxy.mend()
    assert httpx.get(url, timeout=PATIENCE_S).status_code == 403
    assert sound


async def test_who_comes_to_kafka_by_the_proxy_stays_on_it(proxies):
    admin = AIOKafkaAdminClient(bootstrap_servers=proxies["kafka"].address)
    await admin.start()
    cluster = await admin.describe_cluster()
    await admin.close()
    told = {f"{broker['host']}:{broker['port']}" for broker in cluster["brokers"]}
    assert told == {proxies["kafka"].address}


def test_settings_through_the_proxies_lead_nowhere_else(stack, proxies, proxied_settings):
    for name, proxy in proxies.items():
        assert any(proxy.address in value for value in proxied_settings.values()), name
    direct = {stack.daemons[name].service.address for name in PORTS}
    assert not [value for value in proxied_settings.values() if any(a in value for a in direct)]


def test_minio_refuses_who_does_not_know_the_secret(stack):
    stranger = Minio(stack.minio.address, "seenit", "wrong-secret", secure=False)
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        stranger.list_buckets()
