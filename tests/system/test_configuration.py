"""What cannot be is refused before anything starts: exit code 2, the option by its name."""

import os
import socket
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

from seenit.cli import app
from seenit.documentation import PAGE, page
from shared.settings import Settings, load_settings
from tests.system.running import log_as_it_was, verb

SECRET = "hunter2-8d1f"
NONSENSE = {
    "storage_url": ["ftp://host/x", "file://", "s3://", "s3://host:port", "pictures"],
    "data_dir": ["/dev/null/x"],
    "catalog_url": ["postgres://host/x", "sqlite://", "mysql:///", "catalog.db"],
    "index_url": ["ftp://host", "http://", "http://host:port"],
    "s3_access_key": [],
    "s3_secret_key": [],
    "buckets": ["", ",", "images,images", "Not A Bucket"],
    "kafka_url": ["http://host:9092", "kafka://", "kafka://host:port"],
    "topic": ["", "not a topic", "x" * 250],
    "partitions": ["0", "10001", "many"],
    "replication": ["0", "101"],
    "consumer_group": ["", "not a group"],
    "notify_arn": ["", "kafka", "arn:with space"],
    "model": ["", "resnet51"],
    "model_weights": ["/nowhere/weights"],
    "model_weights_sha256": ["abc", "A" * 64],
    "device": ["", "tpu"],
    "precision": ["", "f64"],
    "cache_dir": ["/dev/null/x"],
    "batch_size": ["", "many", "0", "1025", "1.5"],
    "batch_age_ms": ["-1", "60001", "soon"],
    "max_bytes": ["1023", "2147483649", "1e6"],
    "max_pixels": ["0", "-5", "many"],
    "decode_timeout_s": ["0", "601", "nan", "inf"],
    "decode_memory": ["1", "lots"],
    "settle_ms": ["-1", "60001"],
    "reconcile_s": ["0", "604801"],
    "removal_guard": ["-0.1", "1.1", "nan"],
    "collect_grace_s": ["-1", "2592001"],
    "in_flight": ["0", "100001"],
    "drain_s": ["0", "601", "nan"],
    "stall_s": ["4", "3601"],
    "rejection_limit": ["0", "1.1", "nan"],
    "worker_host": [""],
    "worker_port": ["-1", "65536"],
    "search_user": ["not a user", "x" * 33],
    "search_password": [],
    "api_tokens": [",", " , ", "schlüssel", "two words", "good,not\tgood"],
    "rate_limit": ["600", "0/minute", "600/fortnight", "-1/second"],
    "cors_origins": ["shop.example", "ftp://shop.example", "https://shop.example/page"],
    "trusted_proxies": ["proxy", "10.0.0.1/8", "10.0.0.0/40"],
    "url_search": ["", "yes"],
    "public_s3_url": ["ftp://host", "https://"],
    "host": [""],
    "port": ["-1", "65536", "http"],
    "leave_s": ["-1", "601", "nan"],
    "log_level": ["", "loud"],
}
UNREFUSABLE = {
    "s3_access_key",
    "s3_secret_key",
    "search_password",
}  # any text may be right
CASES = [(name, value) for name, values in NONSENSE.items() for value in values]


@pytest.fixture
def clean(monkeypatch, tmp_path):
    """Nobody's settings but the test's own, in a working directory of its own."""
    for name in [name for name in os.environ if name.startswith("SEENIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def refused(*arguments: object) -> str:
    """Run a verb that must be refused; returns the one line it says."""
    with log_as_it_was():
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 2, (done.output, done.exception)
    assert done.stdout == ""
    return done.stderr


def listing(name: str, folder) -> list[object]:
    """A verb that ends by itself should a setting not be refused."""
    return ["rejections", "list", *([] if name == "storage_url" else ["--folder", folder])]


def test_every_setting_has_nonsense_to_refuse():
    assert NONSENSE.keys() == Settings.model_fields.keys()
    assert {name for name, values in NONSENSE.items() if not values} == UNREFUSABLE


@pytest.mark.parametrize(("name", "value"), CASES, ids=[f"{n}={v[:20]}" for n, v in CASES])
@pytest.mark.parametrize("place", ["environment", ".env"])
def test_nonsense_is_refused_by_name(clean, folder, tmp_path, place, name, value):
    variable = f"SEENIT_{name.upper()}"
    if place == "environment":
        clean.setenv(variable, value)
    else:
        (tmp_path / ".env").write_text(f"{variable}={value}\n")
    told = refused(*listing(name, folder))
    assert told.startswith(f"seenit: {variable}: ")
    assert told.count("\n") == 1


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_an_unknown_setting_is_refused_by_name(clean, folder, tmp_path, place):
    if place == "environment":
        clean.setenv("SEENIT_BATCHSIZE", SECRET)
    else:
        (tmp_path / ".env").write_text(f"SEENIT_BATCHSIZE={SECRET}\n")
    told = refused("rejections", "list", "--folder", folder)
    assert told.startswith("seenit: SEENIT_BATCHSIZE: ")
    assert SECRET not in told


@pytest.mark.usefixtures("clean")
def test_what_others_keep_in_the_same_file_is_no_fault(tmp_path):
    (tmp_path / ".env").write_text("MYSQL_ROOT_PASSWORD=theirs\nSEENIT_BATCH_SIZE=7\n")
    assert load_settings().batch_size == 7


@pytest.mark.parametrize(
    "name", ["catalog_url", "index_url", "kafka_url", "storage_url", "public_s3_url"]
)
def test_a_secret_inside_a_refused_address_is_never_shown(clean, folder, name):
    clean.setenv(f"SEENIT_{name.upper()}", f"ftp://user:{SECRET}@host/x")
    told = refused(*listing(name, folder))
    assert told.startswith(f"seenit: SEENIT_{name.upper()}: ")
    assert SECRET not in told


def test_the_page_about_the_settings_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page()
    for name, field in Settings.model_fields.items():
        assert f"`SEENIT_{name.upper()}`" in page()
        assert field.description in page()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["up"], "Missing argument"),
        (["up", "nowhere"], "FOLDER: there is no folder nowhere"),
        (["up", ".", "--port", "http"], "--port"),
        (["up", ".", "--port", "65536"], "SEENIT_PORT"),
        (["up", ".", "--no-such-option"], "--no-such-option"),
        (["no-such-verb"], "no-such-verb"),
        (["serve", "--folder", "nowhere"], "SEENIT_STORAGE_URL: there is no folder"),
        (["reconcile"], "SEENIT_STORAGE_URL: no store is set"),
        (["add", "nowhere.jpg", "--folder", "."], "PATH: there is no file or folder nowhere.jpg"),
        (["add", "."], "SEENIT_STORAGE_URL: no store is set"),
        (["remove", "--folder", "."], "KEY: name what to remove"),
        (["remove", "--folder", ".", "--user-key", "a"], "SEENIT_CATALOG_URL: there is no catalog"),
        (["rejections", "list", "--folder", "."], "SEENIT_CATALOG_URL: there is no catalog"),
        (["rejections", "list", "--folder", ".", "--reason", "ugly"], "--reason"),
        (["search", "a.jpg", "--limit", "0"], "--limit"),
        (["search", "a.jpg", "--api", "localhost:8000"], "--api: must start with http:// or"),
        (["status", "--api", "http://[localhost"], "--api: is no address"),
        (["add", "http://[localhost/a.jpg", "--folder", "."], "URL: http://[localhost/a.jpg is no"),
        (["evaluate", "nowhere"], "FOLDER"),
        (["bench", "search", "nowhere"], "nowhere"),
    ],
)
@pytest.mark.usefixtures("clean")
def test_wrong_usage_is_refused_by_name(arguments, told):
    assert told in " ".join(refused(*arguments).replace("│", " ").split())


def test_an_address_that_is_none_is_refused_by_name(folder, tmp_path):
    done = verb("up", folder, cwd=tmp_path, exit_code=2, host="no such host")
    assert done.stderr == "seenit: SEENIT_HOST: no such host is no address\n"


def test_a_port_in_use_is_refused_by_name(folder, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = verb("up", folder, "--port", port, cwd=tmp_path, exit_code=2)
    assert done.stderr == (
        f"seenit: SEENIT_PORT: cannot listen at 127.0.0.1:{port}: Address already in use\n"
    )


def test_another_model_than_the_catalogs_is_refused_by_name(folder, pictures, tmp_path):
    pictures.fill(folder, 1)
    verb("reconcile", "--folder", folder, cwd=tmp_path)
    with closing(sqlite3.connect(folder / ".seenit" / "catalog.db")) as database, database:
        database.execute("UPDATE images SET model_id = 'resnet50-512-00000000'")
    for words in (("up", folder), ("serve", "--folder", folder), ("reconcile", "--folder", folder)):
        done = verb(*words, cwd=tmp_path, exit_code=2, port=0)
        last = done.stderr.splitlines()[-1]
        assert last.startswith("seenit: SEENIT_MODEL: the catalog holds embeddings of resnet50-512")
