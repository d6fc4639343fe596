"""`seenit setup` on the real services: fresh, repeated, half there, and where it may not."""

import asyncio
import io
import json
import uuid
from collections.abc import Iterator
from contextlib import closing

import pymysql
import pytest
from aiokafka import AIOKafkaConsumer
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import S3Error
from minio.notificationconfig import NotificationConfig, PrefixFilterRule, QueueConfig

from seenit.setting_up import Setup
from shared.protocols import Embedder
from shared.settings import Settings
from shared.steps import Did, Step
from shared.vectors.milvus.databases import drop_database
from stack.registry import Stack
from tests.system.running import Running, seenit, verb

PASSWORD = "reader's-pass:word"
ARN = "arn:minio:sqs::ingest:kafka"
GOOD = {Did.MADE, Did.CHANGED, Did.FOUND}


class Place:
    """Buckets, database and user of one test's own, none of them there yet."""

    def __init__(self, stack: Stack, settings: dict[str, str], embedder: Embedder) -> None:
        mark = uuid.uuid4().hex[:12]
        self.stack = stack
        self.embedder = embedder
        self.database = f"setup_{mark}"
        self.buckets = [f"setup-{mark}-a", f"setup-{mark}-b"]
        self.user = f"reader-{mark}"
        self.settings: dict[str, str] = {
            **settings,
            "buckets": ",".join(self.buckets),
            "catalog_url": f"{stack.mysql.url}/{self.database}",
            "search_user": self.user,
            "search_password": PASSWORD,
        }
        address, keys = stack.minio.address, (stack.minio.access_key, stack.minio.secret_key)
        self.minio = Minio(address, *keys, secure=False)
        self.admin = MinioAdmin(endpoint=address, credentials=StaticProvider(*keys), secure=False)

    def set_up(self, **changed: str) -> dict[tuple[str, str], Step]:
        """Do the steps; returns them by part and name."""

        async def attempt() -> list[Step]:
            setup = Setup(Settings(**{**self.settings, **changed}), lambda _: self.embedder)
            return [await task.attempt() for task in setup.tasks()]

        return {(step.part, step.name): step for step in asyncio.run(attempt())}

    def sql(
        self, statement: str, *, user: str = "", password: str = ""
    ) -> list[tuple[object, ...]]:
        """Ask the server, as the one who may do everything or as another."""
        connection = self.stack.mysql.connect()
        if user:
            connection.close()
            port = int(self.stack.mysql.url.rpartition(":")[2])
            connection = pymysql.connect(
                host="127.0.0.1",
                port=port,
                user=user,
                password=password,
                database=self.database,
                autocommit=True,
            )
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def reader(self) -> Minio:
        return Minio(self.stack.minio.address, self.user, PASSWORD, secure=False)


@pytest.fixture
def place(stack: Stack, stack_settings: dict[str, str], embedder: Embedder) -> Iterator[Place]:
    place = Place(stack, stack_settings, embedder)
    yield place
    place.sql(f"DROP DATABASE IF EXISTS {place.database}")
    place.sql(f"DROP USER IF EXISTS '{place.user}'@'%'")


def bad(steps: dict[tuple[str, str], Step]) -> list[Step]:
    return [step for step in steps.values() if step.did not in GOOD]


def refusals(code: str, *attempts) -> list[str]:
    """Try what must be refused; returns what was not, or not so."""
    wrong = []
    for attempt in attempts:
        try:
            attempt()
        except S3Error as error:
            if error.code == code:
                continue
        wrong.append(str(attempt))
    return wrong


def test_setting_up_makes_everything_and_a_second_time_finds_everything_there(place):
    first, second = place.set_up(), place.set_up()

    assert bad(first) == []
    made = {part for (part, _), step in first.items() if step.did is Did.MADE}
    assert made >= {
        "bucket",
        "notifications",
        "database",
        "tables",
        "user of the catalog",
        "user of the store",
    }
    assert {step.did for step in second.values()} == {Did.FOUND}
    assert first.keys() == second.keys()


def test_setting_up_makes_the_database_of_milvus_that_the_address_names(place):
    url = f"{place.settings['index_url']}/{place.database}"
    first, second = place.set_up(index_url=url), place.set_up(index_url=url)
    drop_database(url)
    assert (bad(first), bad(second)) == ([], [])
    assert [step.did for (part, _), step in first.items() if part == "collection"] == [Did.MADE]
    assert {step.did for step in second.values()} == {Did.FOUND}


async def test_a_picture_that_is_put_into_the_bucket_is_told_to_kafka(place):
    await asyncio.to_thread(place.set_up)
    servers = place.settings["kafka_url"].removeprefix("kafka://")
    consumer = AIOKafkaConsumer(
        place.settings["topic"], bootstrap_servers=servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        bucket, key = place.buckets[0], "a b+c/ü.jpg"
        await asyncio.to_thread(place.minio.put_object, bucket, key, io.BytesIO(b"x"), 1)
        await asyncio.to_thread(place.minio.remove_object, bucket, key)
        told = []
        async with asyncio.timeout(60):
            async for message in consumer:
                # The topic is everybody's, and holds what other tests put there.
                if (message.key or b"").startswith(f"{bucket}/".encode()):
                    told.append(json.loads(message.value)["EventName"])
                if len(told) == 2:
                    break
    finally:
        await consumer.stop()

    assert sorted(told) == ["s3:ObjectCreated:Put", "s3:ObjectRemoved:Delete"]


def test_what_is_half_there_is_completed_and_what_others_made_is_kept(place):
    bucket = place.buckets[0]
    place.minio.make_bucket(bucket)
    place.minio.put_object(bucket, "kept", io.BytesIO(b"x"), 1)
    others = QueueConfig(
        queue=ARN,
        events=["s3:ObjectAccessed:Get"],
        config_id="audit",
        prefix_filter_rule=PrefixFilterRule("secret/"),
    )
    stale = QueueConfig(
        queue=ARN, events=["s3:ObjectCreated:Put"], config_id=f"seenit:{place.settings['topic']}"
    )
    place.minio.set_bucket_notification(
        bucket, NotificationConfig(queue_config_list=[others, stale])
    )
    place.sql(f"CREATE DATABASE {place.database} CHARACTER SET utf8mb4")

    steps = place.set_up()

    assert bad(steps) == []
    assert steps["bucket", bucket].did is Did.FOUND
    assert steps["bucket", place.buckets[1]].did is Did.MADE
    assert steps["notifications", bucket].did is Did.CHANGED
    assert steps["database", place.database].did is Did.FOUND
    assert steps["tables", place.database].did is Did.MADE
    kept = place.minio.get_bucket_notification(bucket).queue_config_list
    assert others in kept
    assert len(kept) == 2
    assert place.minio.stat_object(bucket, "kept").size == 1


def test_a_user_with_too_many_rights_and_another_password_is_left_with_reading(place):
    place.sql(f"CREATE USER '{place.user}'@'%' IDENTIFIED BY 'another-password'")
    place.sql(f"GRANT ALL PRIVILEGES ON *.* TO '{place.user}'@'%' WITH GRANT OPTION")
    place.admin.user_add(place.user, "another-password")
    place.admin.policy_set("readwrite", user=place.user)

    steps = place.set_up()

    assert steps["user of the catalog", place.user].did is Did.CHANGED
    assert steps["user of the store", place.user].did is Did.CHANGED
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        place.sql("CREATE DATABASE setup_too_many", user=place.user, password=PASSWORD)
    assert refusals("AccessDenied", lambda: place.reader().make_bucket("setup-too-many")) == []
    assert {step.did for step in place.set_up().values()} == {Did.FOUND}


def test_the_user_of_search_may_read_the_catalog_and_is_refused_every_write(place):
    place.set_up()

    def ask(statement: str) -> list[tuple[object, ...]]:
        return place.sql(statement, user=place.user, password=PASSWORD)

    tables = {str(name) for (name,) in ask("SHOW TABLES")}
    assert {"objects", "images"} <= tables
    assert ask("SELECT COUNT(*) FROM objects") == [(0,)]
    for statement in (
        "DELETE FROM objects",
        "INSERT INTO alembic_version VALUES ('x')",
        "UPDATE alembic_version SET version_num = 'x'",
        "DROP TABLE objects",
        "CREATE TABLE more (id INT)",
        "CREATE DATABASE setup_more",
        "SELECT * FROM mysql.user",
        f"GRANT SELECT ON {place.database}.* TO '{place.user}'@'%'",
    ):
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            ask(statement)


def test_the_user_of_search_may_read_its_buckets_and_is_refused_every_write(place):
    place.set_up()
    bucket, foreign = place.buckets[0], f"{place.buckets[0]}-foreign"
    place.minio.put_object(bucket, "a", io.BytesIO(b"x"), 1)
    place.minio.make_bucket(foreign)
    place.minio.put_object(foreign, "a", io.BytesIO(b"x"), 1)
    reader = place.reader()

    with closing(reader.get_object(bucket, "a")) as answer:
        assert answer.read() == b"x"
    assert [each.object_name for each in reader.list_objects(bucket)] == ["a"]
    assert (
        refusals(
            "AccessDenied",
            lambda: reader.put_object(bucket, "b", io.BytesIO(b"x"), 1),
            lambda: reader.remove_object(bucket, "a"),
            lambda: reader.make_bucket("setup-more"),
            lambda: reader.set_bucket_notification(bucket, NotificationConfig()),
            lambda: reader.get_object(foreign, "a"),
            lambda: list(reader.list_objects(foreign)),
        )
        == []
    )


def test_search_is_served_by_the_user_who_may_only_read(place, tmp_path):
    told = seenit("serve", "--port", 0, cwd=tmp_path, exit_code=2, **place.settings).stderr
    assert "SEENIT_SEARCH_USER" in told
    assert "seenit setup" in told
    place.set_up()

    server = Running("serve", cwd=tmp_path, **place.settings, leave_s=0)
    try:
        assert server.get("/readyz").json()["status"] == "ready"
        assert server.get("/v1/stats").json()["objects"] == 0
        connections = "SELECT DISTINCT user FROM information_schema.processlist"
        users = place.sql(f"{connections} WHERE db = '{place.database}'")
        assert users == [(place.user,)]
    finally:
        assert server.stop() == 0


def test_one_part_that_is_away_spares_the_others(place, tmp_path):
    settings = {**place.settings, "kafka_url": "kafka://127.0.0.1:9"}

    done = seenit("setup", "--json", cwd=tmp_path, exit_code=1, **settings)

    steps = json.loads(done.stdout)["steps"]
    failed = [step for step in steps if step["did"] not in GOOD]
    assert {(step["part"], step["did"]) for step in failed} == {("topic", "failed")}, failed
    assert "127.0.0.1:9" in done.stderr


def test_an_unknown_target_is_refused_with_the_environment_that_minio_lacks(place, tmp_path):
    settings = {**place.settings, "notify_arn": "arn:minio:sqs::nowhere:kafka"}

    done = verb("setup", cwd=tmp_path, exit_code=2, **settings)

    servers = place.settings["kafka_url"].removeprefix("kafka://")
    assert "SEENIT_NOTIFY_ARN" in done.stderr
    assert f"MINIO_NOTIFY_KAFKA_BROKERS_nowhere={servers}" in done.stderr
    assert f"MINIO_NOTIFY_KAFKA_TOPIC_nowhere={place.settings['topic']}" in done.stderr
    assert "refused" in done.stdout


def test_a_target_that_writes_to_another_topic_is_refused(place):
    steps = place.set_up(topic=f"setup.{uuid.uuid4().hex}")

    (refused,) = bad(steps)
    assert refused.did is Did.REFUSED
    assert "SEENIT_TOPIC" in refused.detail
    assert f"writes to the topic {place.settings['topic']}" in refused.detail


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("s3_secret_key", "not-the-secret", "SEENIT_S3_SECRET_KEY"),
        ("s3_access_key", "not-the-key", "SEENIT_S3_ACCESS_KEY"),
    ],
)
def test_refused_keys_are_named_by_their_setting_and_not_shown(
    place, tmp_path, setting, value, named
):
    done = verb("setup", cwd=tmp_path, exit_code=2, **{**place.settings, setting: value})

    assert named in done.stderr
    assert not [secret for secret in (PASSWORD, "not-the-") if secret in done.stdout + done.stderr]


def test_a_refused_account_of_the_catalog_is_named_by_its_setting(place):
    wrong = place.settings["catalog_url"].replace("seenit-secret", "not-the-secret")

    steps = place.set_up(catalog_url=wrong)

    parts = {step.part for step in bad(steps)}
    assert parts == {"database", "tables", "user of the catalog"}
    assert all("SEENIT_CATALOG_URL" in step.detail for step in bad(steps))
    assert not any("not-the-secret" in step.detail for step in bad(steps))


def test_what_an_account_may_not_is_told_with_the_statement_for_one_who_may(place):
    limited = f"limited-{place.user[-12:]}"
    place.sql(f"CREATE USER '{limited}'@'%' IDENTIFIED BY 'limited-password'")
    place.sql(f"GRANT ALL PRIVILEGES ON {place.database}_other.* TO '{limited}'@'%'")
    url = place.settings["catalog_url"].replace(
        "seenit:seenit-secret", f"{limited}:limited-password"
    )
    try:
        steps = place.set_up(catalog_url=url)
    finally:
        place.sql(f"DROP USER '{limited}'@'%'")

    database = steps["database", place.database]
    user = steps["user of the catalog", place.user]
    assert database.did is Did.REFUSED
    assert f"CREATE DATABASE `{place.database}`" in database.detail
    assert user.did is Did.REFUSED
    assert f"GRANT SELECT ON `{place.database.replace('_', chr(92) + '_')}`.*" in user.detail
    assert PASSWORD not in user.detail


def test_without_a_user_for_search_it_is_said_that_search_may_write(place):
    steps = place.set_up(search_user="", search_password="")

    (skipped,) = bad(steps)
    assert skipped.did is Did.SKIPPED
    assert "SEENIT_SEARCH_USER" in skipped.detail


def test_a_folder_needs_no_setting_up(tmp_path):
    done = verb("setup", cwd=tmp_path, exit_code=2, storage_url=tmp_path.as_uri())

    assert "SEENIT_STORAGE_URL" in done.stderr
    assert "seenit up" in done.stderr


def test_partitions_are_added_and_never_taken_away(place):
    topic = f"setup.{uuid.uuid4().hex}"

    details = [place.set_up(topic=topic, partitions=number)["topic", topic] for number in (2, 4, 1)]

    assert [step.did for step in details] == [Did.MADE, Did.CHANGED, Did.FOUND]
    assert [step.detail for step in details] == [
        "2 partitions",
        "4 partitions, up from 2",
        "4 partitions",
    ]


def test_more_copies_than_brokers_are_refused_by_the_settings_name(place):
    topic = f"setup.{uuid.uuid4().hex}"

    step = place.set_up(topic=topic, replication=3)["topic", topic]

    assert step.did is Did.REFUSED
    assert "SEENIT_REPLICATION" in step.detail
