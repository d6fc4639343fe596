"""How Faust is told where Kafka is and how to sign in, and what decides that nothing is lost."""

import pytest
from faust.types.auth import AuthProtocol

from shared.settings import Settings
from streams.app import create_app
from streams.dead_letters import DeadLetters
from streams.delivery import Delivery
from streams.intake import Intake
from streams.kafka import kafka_address
from tests.fakes import FakeProcessor


def made(url: str, **settings):
    told, kafka = Settings(kafka_url=url, _env_file=None, **settings), kafka_address(url)
    intake = Intake(FakeProcessor(), batch_size=1, batch_age_s=0)
    delivery = Delivery(
        intake.offer, DeadLetters(kafka, "letters"), buckets=told.buckets, in_flight=1
    )
    return create_app(told, kafka, delivery)


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("kafka://anna:pw@one:9093,two", AuthProtocol.SASL_PLAINTEXT),
        ("kafka://anna:pw@one:9093,two?sasl=SCRAM-SHA-512&tls=true", AuthProtocol.SASL_SSL),
        ("kafka://one:9093,two?tls=true", AuthProtocol.SSL),
        ("kafka://one:9093,two", None),
    ],
)
def test_faust_is_told_of_all_servers_and_how_to_sign_in(url, protocol):
    conf = made(url).conf
    assert [(place.host, place.port) for place in conf.broker] == [("one", 9093), ("two", 9092)]
    credentials = conf.broker_credentials
    assert getattr(credentials, "protocol", None) == protocol
    if "anna" in url:
        assert (credentials.username, credentials.password) == ("anna", "pw")
        assert credentials.mechanism.value == ("SCRAM-SHA-512" if "SCRAM" in url else "PLAIN")


def test_others_wait_for_a_worker_to_drain_and_new_groups_begin_at_the_beginning():
    conf = made("kafka://one", drain_s=50, consumer_group="mine").conf
    assert conf.id == "mine"
    assert conf.broker_rebalance_timeout > 50
    assert conf.consumer_auto_offset_reset == "earliest"
    assert not conf.web_enabled
    assert not conf.stream_wait_empty


async def test_faust_writes_nothing_to_the_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    await made("kafka://one").on_first_start()
    assert [*tmp_path.iterdir()] == []
