"""All that Seenit keeps is lost; restored as docs/operating.md says, search answers as before."""

import subprocess
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from shared.vectors.milvus.databases import drop_database
from stack.programs import find
from tests.system.buckets import Bucket
from tests.system.running import Running, eventually
from tests.system.searching import Answer, answers

pytestmark = pytest.mark.soak


class Kept:
    """What Seenit keeps of its bucket: a database of MySQL's, and one of Milvus's."""

    def __init__(self, settings: dict[str, str], stack) -> None:
        parts = urlsplit(settings["catalog_url"])
        self._name, self._stack = parts.path[1:], stack
        self._index_url = settings["index_url"]
        self._server = [
            f"--host={parts.hostname}",
            f"--port={parts.port}",
            f"--user={parts.username}",
            f"--password={parts.password}",
        ]

    def dump(self) -> bytes:
        program = find("mysqldump", "mariadb-client")
        options = [
            "--single-transaction",
            "--no-tablespaces",
            "--hex-blob",
            "--databases",
            self._name,
        ]
        command = [program, *self._server, *options]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def restore(self, dump: bytes) -> None:
        program = find("mysql", "mariadb-client")
        subprocess.run([program, *self._server], input=dump, check=True)

    def lose_the_catalog(self) -> None:
        with self._stack.mysql.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {self._name}")

    def lose_the_index(self) -> None:
        drop_database(self._index_url)


def restored(api: Running, pictures: list[bytes], before: list[Answer]) -> None:
    """See a process that was there all the time find everything again."""
    eventually(lambda: api.get("/readyz").status_code == 200)
    with suppress(AssertionError):  # others' vectors show within a second; said in full below
        eventually(lambda: answers(api, pictures) == before)
    assert answers(api, pictures) == before


def test_all_that_was_lost_comes_back_from_the_bucket_and_most_of_it_sooner_from_a_dump(
    own_settings, stack, start, pictures
):
    bucket, kept = Bucket(own_settings), Kept(own_settings, stack)
    data = [pictures.one() for _ in range(8)]
    bucket.run("setup")
    for number, picture in enumerate(data):
        bucket.put(f"a {number}.jpg", picture)
        bucket.put(f"copies/{number}.jpg", picture)
    bucket.put("broken.jpg", b"no picture")
    assert bucket.told("reconcile")["added"] == 17
    old_dump = kept.dump()
    bucket.remove("a 0.jpg")  # since the dump the bucket has changed
    data.append(pictures.one())
    bucket.put("new.jpg", data[-1])
    bucket.told("reconcile")
    api = start("serve", **own_settings | {"port": 0, "leave_s": 0})
    before = answers(api, data)

    kept.lose_the_catalog()
    kept.restore(old_dump)
    bucket.run("setup")
    told = bucket.told("reconcile")
    assert (told["added"], told["removed"], told["unchanged"]) == (1, 1, 16)
    restored(api, data, before)

    kept.lose_the_index()
    bucket.run("setup")
    bucket.told("reconcile")
    restored(api, data, before)

    kept.lose_the_catalog()
    kept.lose_the_index()
    bucket.run("setup")
    told = bucket.told("reconcile")
    assert (told["added"], told["rejected"], told["unchanged"]) == (17, 1, 0)
    restored(api, data, before)
    assert api.stop() == 0
