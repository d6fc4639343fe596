"""What an older Seenit kept is taken over: nothing is done again, search answers as before."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, make_url

from shared.catalog import migrations
from shared.catalog.migrations import HEAD
from shared.catalog.schema import metadata
from tests.system.buckets import Bucket
from tests.system.running import eventually
from tests.system.searching import answers

BEFORE_LEASES, BEFORE_FILTERS, BEFORE_CALIBRATIONS = "0001", "0002", "0003"


def age(url: str, revision: str) -> None:
    """Put what a catalog holds into the tables that the Seenit of `revision` had."""
    engine = create_engine(make_url(url.replace("mysql:", "mysql+pymysql:", 1)))
    with engine.begin() as connection:
        run = connection.exec_driver_sql
        for table in metadata.tables:
            run(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
            run(f"DROP TABLE {table}")
        run("DROP TABLE alembic_version")
        scripts = Config()
        scripts.set_main_option("script_location", str(Path(migrations.__file__).parent))
        scripts.attributes["connection"] = connection
        command.upgrade(scripts, revision)
        there = inspect(connection)
        for table in metadata.tables:
            if there.has_table(table):
                names = ", ".join(f"`{column['name']}`" for column in there.get_columns(table))
                run(f"INSERT INTO {table} ({names}) SELECT {names} FROM kept_{table}")
            run(f"DROP TABLE kept_{table}")
    engine.dispose()


def revision(url: str) -> str:
    engine = create_engine(make_url(url.replace("mysql:", "mysql+pymysql:", 1)))
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    engine.dispose()
    return str(found)


def test_a_folders_catalog_of_the_first_seenit_is_taken_over(up, folder, pictures):
    data = [path.read_bytes() for path in pictures.fill(folder, 6)]
    (folder / "words.jpg").write_text("words")
    url = f"sqlite:///{folder / '.seenit' / 'catalog.db'}"
    first = up()
    first.ready()
    before = answers(first, data)
    assert first.stop() == 0
    age(url, BEFORE_LEASES)
    assert revision(url) == BEFORE_LEASES

    second = up()
    assert second.ready() == {"added": 0, "changed": 0, "removed": 0, "unchanged": 7}
    assert second.metric("seenit_stage_seconds_count", stage="decode") == 0
    assert answers(second, data) == before
    assert second.stop() == 0
    assert revision(url) == HEAD


@pytest.mark.soak
@pytest.mark.parametrize("older", [BEFORE_LEASES, BEFORE_FILTERS, BEFORE_CALIBRATIONS])
def test_a_buckets_catalog_of_an_older_seenit_is_taken_over(own_settings, start, pictures, older):
    bucket, url = Bucket(own_settings), own_settings["catalog_url"]
    data = [pictures.one() for _ in range(6)]
    bucket.run("setup")
    for number, picture in enumerate(data):
        bucket.put(f"a {number}.jpg", picture)
    bucket.put("broken.jpg", b"no picture")
    assert bucket.told("reconcile")["added"] == 7
    older_api = start("serve", **own_settings | {"port": 0, "leave_s": 0})
    before = answers(older_api, data)
    assert older_api.stop() == 0
    age(url, older)
    assert revision(url) == older

    steps = bucket.told("setup")["steps"]
    (tables,) = [step for step in steps if step["part"] == "tables"]
    assert (tables["did"], tables["detail"]) == ("changed", f"revision {HEAD}, up from {older}")
    told = bucket.told("reconcile")
    assert (told["added"], told["changed"], told["unchanged"]) == (0, 0, 7)
    api = start("serve", **own_settings | {"port": 0, "leave_s": 0})
    eventually(lambda: api.get("/readyz").status_code == 200)
    assert answers(api, data) == before
