"""The judge itself: silent about a true state, loud about each way of being wrong."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.system.conftest import Pictures
from tests.system.judge import disagreements
from tests.system.running import verb


@pytest.fixture(scope="module")
def true_state(tmp_path_factory):
    """A folder that a real verb has indexed: two files of the same bytes, one no picture."""
    folder = tmp_path_factory.mktemp("judged")
    paths = Pictures(1).fill(folder, 4)
    shutil.copy(paths[0], folder / "copy.jpg")
    (folder / "words.jpg").write_text("words")
    assert verb("reconcile", "--folder", folder).stdout.startswith("6 added")
    return folder


REJECTED = {"words.jpg": "not_a_picture"}
FIRST = (
    "(SELECT MIN(seq) FROM vectors WHERE embedding IS NOT NULL)"  # a picture may be written twice
)


@pytest.fixture
def folder(true_state, tmp_path):
    return shutil.copytree(true_state, tmp_path / "judged")


def test_a_true_state_is_agreed_with(folder):
    assert disagreements(folder, REJECTED, collected=True) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: (f / "new.jpg").write_bytes(b"new"), "no row of"),
        (lambda f: (f / "copy.jpg").unlink(), "which is not there"),
        (lambda f: (f / "copy.jpg").write_bytes(b"else"), "not ('indexed'"),
        (lambda f: (f / "words.jpg").rename(f / "other.jpg"), "other.jpg"),
    ],
)
def test_a_changed_folder_is_noticed(folder, change, told):
    change(folder)
    assert told in " ".join(disagreements(folder, REJECTED))


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM objects WHERE rowid = (SELECT MIN(rowid) FROM objects)", "no row of"),
        (
            "UPDATE objects SET image_id = printf('%064d', 1) WHERE state = 'indexed'",
            "is ('indexed'",
        ),
        (
            "UPDATE objects SET reason = 'broken' WHERE state = 'rejected'",
            "is ('rejected', 'broken'",
        ),
        ("UPDATE objects SET size = 1", "is ('indexed'"),
        ("UPDATE objects SET state = 'rejected', reason = 'broken'", "with image"),
        ("UPDATE images SET state = 'pending'", "is not indexed"),
        ("DELETE FROM images", "which has no row"),
        ("DELETE FROM vectors WHERE seq = {first}", "no vector of"),
        ("UPDATE vectors SET embedding = NULL WHERE seq = {first}", "no vector of"),
        ("UPDATE vectors SET embedding = zeroblob(2048)", "is not of length 1"),
        ("UPDATE vectors SET embedding = zeroblob(4)", "has 4 bytes"),
        (
            "UPDATE vectors SET image_id = printf('%064d', 1) WHERE seq = {first}",
            "which has no row",
        ),
    ],
)
def test_a_changed_state_is_noticed(folder, statement, told):
    statement = statement.replace("{first}", FIRST)
    with closing(sqlite3.connect(folder / ".seenit" / "catalog.db")) as database, database:
        assert database.execute(statement).rowcount > 0
    assert told in " ".join(disagreements(folder, REJECTED))


def test_what_the_collector_should_have_taken_is_noticed(folder):
    (folder / "bucket 1" / "1" / "1.jpg").unlink()
    with closing(sqlite3.connect(folder / ".seenit" / "catalog.db")) as database, database:
        database.execute("DELETE FROM objects WHERE \"key\" = CAST('1/1.jpg' AS BLOB)")
    assert disagreements(folder, REJECTED) == []
    told = " ".join(disagreements(folder, REJECTED, collected=True))
    assert "is left over" in told
    assert "which no object uses" in told
