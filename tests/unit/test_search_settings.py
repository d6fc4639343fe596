"""What a process that only reads signs in with."""

import pytest

from shared.errors import ConfigurationError
from shared.settings import Settings, load_settings

WRITER = {
    "storage_url": "s3://store:9000?secure=false",
    "s3_access_key": "writer",
    "s3_secret_key": "writers-secret",
    "catalog_url": "mysql://writer:writers%40secret@db:3307/seenit?ssl_ca=ca.pem",
    "index_url": "http://milvus:19530",
    "kafka_url": "kafka://writer:writers-secret@broker:9092",
}
READER = {"search_user": "reader", "search_password": "p@ss:w/rd%"}


def test_search_signs_in_as_the_reader_everywhere():
    ours = load_settings(**WRITER, **READER).for_search()

    assert ours.catalog_url == "mysql://reader:p%40ss%3Aw%2Frd%25@db:3307/seenit?ssl_ca=ca.pem"
    assert ours.s3_access_key == "reader"
    assert ours.s3_secret_key.get_secret_value() == "p@ss:w/rd%"
    assert (ours.storage_url, ours.index_url) == (WRITER["storage_url"], WRITER["index_url"])


def test_nothing_of_the_writers_credentials_is_left_with_search():
    ours = load_settings(**WRITER, **READER).for_search()

    assert not [name for name in Settings.model_fields if "writer" in str(getattr(ours, name))]
    assert "writers-secret" not in ours.s3_secret_key.get_secret_value()


def test_without_a_reader_the_settings_stay_as_they_are():
    settings = load_settings(**WRITER)

    assert settings.for_search() == settings


def test_an_embedded_catalog_and_folder_have_no_users(tmp_path):
    settings = load_settings(storage_url=tmp_path.as_uri(), **READER)

    ours = settings.for_search()

    assert ours.resolved_catalog_url == settings.resolved_catalog_url
    assert (ours.s3_access_key, ours.storage_url) == ("", settings.storage_url)


@pytest.mark.parametrize(
    ("reader", "option"),
    [
        ({"search_user": "reader"}, "SEENIT_SEARCH_PASSWORD"),
        ({"search_user": "reader", "search_password": "short"}, "SEENIT_SEARCH_PASSWORD"),
        ({"search_user": "reader", "search_password": "x" * 41}, "SEENIT_SEARCH_PASSWORD"),
        ({"search_user": "writer", "search_password": "longenough"}, "SEENIT_SEARCH_USER"),
        ({"search_user": "ab", "search_password": "longenough"}, "SEENIT_SEARCH_USER"),
    ],
)
def test_a_reader_that_no_store_would_take_is_refused(reader, option):
    with pytest.raises(ConfigurationError) as refusal:
        load_settings(**WRITER, **reader)

    assert refusal.value.option == option
