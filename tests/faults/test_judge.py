"""The judge itself: silent about a true state, loud about each way of being wrong."""

import struct
from functools import partial

import pytest

from tests.faults.notifications import captured, produce

ALSO = partial(pytest.param, marks=[pytest.mark.soak])
"""One way of being wrong more; what judges it is tested on folders too."""


@pytest.fixture(scope="module")
def case(new_module_case):
    """A place where a worker has done its work: two objects of the same bytes, one no picture."""
    case = new_module_case(0, "the judge's own test, no fault")
    case.load.fill(4)
    case.load.copy("00000.jpg", "copy.jpg")
    case.load.put("words.jpg", case.load.poison())
    worker = case.worker()
    case.settles()
    assert (case.observed.objects, case.observed.rejected) == (6, 1)
    assert worker.stop()[0] == 0
    case.place.mute()
    with case.place.mysql() as connection, connection.cursor() as cursor:
        for table in ("objects", "images"):
            cursor.execute(f"CREATE TABLE {table}_true AS SELECT * FROM {table}")
    return case


@pytest.fixture
def found(case):
    """Ask the judge."""
    return lambda **options: " ".join(case.judge.disagreements(**options))


@pytest.fixture
def bucket(case):
    """The user at the bucket; afterwards it holds what it did."""
    load = case.load
    held = {key: load.get(key) for key in load.listed()}
    yield load
    load.remove(load.listed())
    for key, data in held.items():
        load.put(key, data)


@pytest.fixture
def tables(case):
    """A cursor on the catalog; afterwards its tables hold what they did."""
    with case.place.mysql() as connection, connection.cursor() as cursor:
        yield cursor
        for table in ("objects", "images"):
            cursor.execute(f"DELETE FROM {table}")
            cursor.execute(f"INSERT INTO {table} SELECT * FROM {table}_true")


@pytest.fixture
def vectors(case):
    """The vectors; afterwards there are these and no others."""
    rows, _ = case.judge.vectors()
    yield rows
    replace_vectors(case, rows)


def replace_vectors(case, rows: list[tuple[str, bytes]]) -> None:
    client = case.place.milvus()
    (name,) = case.place.collections(client)
    there, _ = case.judge.vectors()
    if there:
        client.delete(name, ids=[image_id for image_id, _ in there])
    if rows:
        data = [
            {"image_id": image_id, "embedding": list(struct.unpack("<512f", packed))}
            for image_id, packed in rows
        ]
        client.insert(name, data)
    client.close()


def test_a_true_state_is_agreed_with(case):
    assert case.judge.disagreements(collected=True) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda load: load.put("new.jpg", load.pictures.one()), "no row of"),
        ALSO(lambda load: load.remove(["copy.jpg"]), "which is not there"),
        (lambda load: load.overwrite(["copy.jpg"]), "not ('indexed'"),
        ALSO(lambda load: load.put("copy.jpg", load.poison()), "not ('rejected', 'not_a_picture'"),
        ALSO(lambda load: load.overwrite(["words.jpg"]), "not ('indexed'"),
    ],
)
def test_a_changed_bucket_is_noticed(bucket, found, change, told):
    change(bucket)
    assert told in found()


INVENTED = """INSERT INTO objects
    SELECT UNHEX(REPEAT('1', 64)), bucket, 'gone.jpg', state, image_id, size, etag, version_id,
        last_modified, user_key, reason, detail, recorded_at
    FROM objects LIMIT 1"""


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM objects LIMIT 1", "no row of"),
        ALSO(
            "UPDATE objects SET image_id = REPEAT('1', 64) WHERE state = 'indexed'", "is ('indexed'"
        ),
        ALSO("UPDATE objects SET reason = 'broken' WHERE state = 'rejected'", "is ('rejected'"),
        ALSO("UPDATE objects SET size = 1", "is ('indexed'"),
        ALSO("UPDATE objects SET state = 'rejected', reason = 'broken'", "with image"),
        ("UPDATE images SET state = 'pending'", "is not indexed"),
        ALSO("DELETE FROM images", "which has no row"),
        ALSO(INVENTED, "which is not there"),
    ],
)
def test_changed_tables_are_noticed(tables, found, statement, told):
    assert tables.execute(statement) > 0
    assert told in found()


def scaled(rows):
    return [(name, struct.pack("<512f", *[2.0, *[0.0] * 511])) for name, _ in rows]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows[1:], "no vector of"),
        (lambda rows: [*rows, rows[0]], "5 vectors of 4 images"),
        ALSO(lambda rows: [*rows, ("1" * 64, rows[0][1])], "which has no row"),
        ALSO(scaled, "is not of length 1"),
    ],
)
def test_changed_vectors_are_noticed(case, found, vectors, change, told):
    replace_vectors(case, change(vectors))
    assert told in found()


def test_events_not_acknowledged_are_noticed(case, found):
    produce(case.place, captured(case.place)[:3])
    assert "is acknowledged to" in found()
    assert found(lag=False) == ""
    case.place.skip_all()


def test_what_the_collector_should_have_taken_is_noticed(bucket, tables, found):
    bucket.remove(["00001.jpg"])
    tables.execute("DELETE FROM objects WHERE `key` = '00001.jpg'")
    assert found() == ""
    told = found(collected=True)
    assert "is left over" in told
    assert "which no object uses" in told


def test_all_that_was_changed_here_is_as_it_was(case):
    assert case.judge.disagreements(collected=True) == []
