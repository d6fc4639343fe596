"""The address of Kafka."""

import ssl

import certifi
import pytest

from shared.errors import ConfigurationError
from shared.settings import load_settings
from streams.kafka import kafka_address

SECRET = "hunter2-8d1f"


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        ("kafka://broker", ["broker:9092"]),
        ("kafka://broker:19092/", ["broker:19092"]),
        ("kafka://a:1,b:2,c", ["a:1", "b:2", "c:9092"]),
        ("kafka://[::1]:9092", ["[::1]:9092"]),
    ],
)
def test_the_servers_are_named_with_their_ports_and_nothing_else_is_asked_of_them(url, servers):
    options = kafka_address(url).client_options()

    assert options == {
        "bootstrap_servers": servers,
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_user_and_password_may_hold_anything_that_is_percent_encoded(mechanism):
    url = f"kafka://us%40er:p%3A%2F%40w@a:1,b:2?sasl={mechanism}"

    options = kafka_address(url).client_options()

    assert options["bootstrap_servers"] == ["a:1", "b:2"]
    assert options["security_protocol"] == "SASL_PLAINTEXT"
    assert options["sasl_mechanism"] == mechanism
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("us@er", "p:/@w")


def test_a_user_signs_in_plainly_unless_another_way_is_named():
    assert kafka_address("kafka://user:pw@a").client_options()["sasl_mechanism"] == "PLAIN"


def test_tls_verifies_the_servers_name_and_trusts_the_named_authorities_only():
    kafka = kafka_address(f"kafka://user:pw@a?tls=true&ca={certifi.where()}")

    assert kafka.protocol == "SASL_SSL"
    assert kafka.tls is not None
    assert kafka.tls.check_hostname
    assert kafka.tls.verify_mode is ssl.CERT_REQUIRED
    assert kafka.tls.cert_store_stats()["x509_ca"] > 0
    assert kafka_address("kafka://a?tls=true").protocol == "SSL"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://a",
        "kafka://",
        "kafka://a:0",
        "kafka://a:port",
        "kafka://a:99999",
        "kafka://a,,b",
        "kafka://a:1,",
        "kafka://[::1:9092",
        "kafka://a/topic",
        "kafka://a#part",
        "kafka://a?sasl=PLAIN",
        f"kafka://user:{SECRET}@a?sasl=GSSAPI",
        f"kafka://:{SECRET}@a",
        "kafka://user@a",
        f"kafka://user:{SECRET}/1@a",
        f"kafka://user:{SECRET}@a?tls=yes",
        f"kafka://user:{SECRET}@a?tls=true&ca=/nowhere/ca.pem",
        f"kafka://user:{SECRET}@a?tls=true&ca={__file__}",
        f"kafka://user:{SECRET}@a?ca={certifi.where()}",
        f"kafka://user:{SECRET}@a?security=high",
    ],
)
def test_nonsense_is_refused_by_the_settings_name_and_no_secret_is_shown(url):
    with pytest.raises(ConfigurationError) as refusal:
        kafka_address(url)

    assert refusal.value.option == "SEENIT_KAFKA_URL"
    assert SECRET not in str(refusal.value)


def test_the_password_is_not_in_the_records_words():
    assert SECRET not in repr(kafka_address(f"kafka://user:{SECRET}@a"))


def test_the_settings_take_several_servers():
    url = "kafka://user:p%3Aw@a:1,b:2?sasl=PLAIN"

    assert load_settings(kafka_url=url).kafka_url == url


@pytest.mark.parametrize("name", ["kafka_url", "catalog_url", "index_url"])
def test_a_password_that_reads_like_a_port_is_not_shown(name):
    scheme = {"kafka_url": "kafka", "catalog_url": "mysql", "index_url": "http"}[name]

    with pytest.raises(ConfigurationError) as refusal:
        load_settings(**{name: f"{scheme}://user:{SECRET}/more@host:1"})

    assert refusal.value.option == f"SEENIT_{name.upper()}"
    assert SECRET not in str(refusal.value)
