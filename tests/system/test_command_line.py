"""The command line beside a running `seenit up`: two processes, one folder, one SQLite file."""

import hashlib
import json
import re
import signal
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from seenit.cli import app
from tests.system.conftest import Pictures
from tests.system.judge import disagreements
from tests.system.running import (
    PATIENCE_S,
    Running,
    command,
    environment,
    eventually,
    eventually_nothing,
    verb,
)
from tests.system.running import seenit as run_seenit


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def website(tmp_path):
    """A folder served over HTTP: the folder and its address."""
    folder = tmp_path / "website"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("beside") / "pictures"
    folder.mkdir()
    Pictures(11).fill(folder, 10)
    (folder / "words.jpg").write_text("words")
    running = Running("up", folder, cwd=folder.parent)
    running.folder = folder
    running.ready()
    yield running
    running.end()


@pytest.fixture
def folder(running):
    """The folder that is being watched; each test leaves it agreed on."""
    yield running.folder
    words = (running.folder / "words.jpg").read_bytes() == b"words"
    reasons = {"words.jpg": "not_a_picture"} if words else {}
    eventually_nothing(lambda: disagreements(running.folder, reasons))


@pytest.fixture
def seenit(tmp_path):
    """Run a verb in an empty working directory; returns what it prints, parsed if it is JSON."""

    def run(*arguments: object, exit_code: int = 0, **settings: object):
        done = verb(*arguments, cwd=tmp_path, exit_code=exit_code, **settings)
        return json.loads(done.stdout) if "--json" in arguments and exit_code == 0 else done

    return run


def is_indexed(running, place: str, data: bytes) -> bool:
    reply = running.get(f"/v1/objects/{place}")
    return reply.status_code == 200 and reply.json()["image_id"] == digest(data)


def test_an_added_file_is_found_with_the_users_own_key(running, folder, pictures, seenit, tmp_path):
    data = pictures.one()
    (tmp_path / "mine.jpg").write_bytes(data)
    told = seenit("add", tmp_path / "mine.jpg", "--folder", folder, "--bucket", "cats",
                  "--prefix", "2026/", "--key", "sku-1", "--json")  # fmt: skip
    assert told == {"added": 1, "failed": {}}
    eventually(lambda: is_indexed(running, "cats/2026/mine.jpg", data))
    reply = seenit("search", tmp_path / "mine.jpg", "--api", running.address(), "--json")
    (hit,) = [hit for hit in reply["hits"] if hit["match"] == "exact"]
    assert [(o["bucket"], o["key"], o["user_key"]) for o in hit["objects"]] == [
        ("cats", "2026/mine.jpg", "sku-1")
    ]


def test_an_added_folder_becomes_a_bucket(running, folder, pictures, seenit, tmp_path):
    source = tmp_path / "dogs"
    paths = pictures.fill(source, 3)
    (source / ".seenit").mkdir()
    (source / ".seenit" / "catalog.db").write_bytes(b"another's state")
    done = seenit("add", source, "--folder", folder)
    assert done.stdout == "3 added\n"
    for path in paths:
        place = f"dogs/{path.relative_to(source).as_posix()}"
        eventually(lambda place=place, path=path: is_indexed(running, place, path.read_bytes()))


def test_an_added_url_is_downloaded_and_one_that_fails_spares_the_others(
    running, folder, pictures, seenit, website
):
    served, address = website
    data = pictures.one()
    (served / "a b.jpg").write_bytes(data)
    (served / "large.jpg").write_bytes(bytes(300_000))
    sources = [f"{address}/{name}" for name in ("nowhere.jpg", "large.jpg", "a%20b.jpg")]
    done = seenit("add", *sources, "--folder", folder, exit_code=1, max_bytes=200_000)
    assert done.stdout == "1 added, 2 failed\n"
    assert "nowhere.jpg" in done.stderr
    assert "more than 200000 bytes" in done.stderr
    assert seenit("add", "http://host:port/a.jpg", "--folder", folder, exit_code=1).stdout == (
        "0 added, 1 failed\n"
    )
    eventually(lambda: is_indexed(running, "pictures/a b.jpg", data))
    assert not (folder / "large.jpg").exists()


def test_removal_by_key_by_user_key_and_by_image(running, folder, pictures, seenit, tmp_path):
    data = [pictures.one() for _ in range(4)]
    for n, (name, user_key) in enumerate(zip("abcd", (None, "sku-7", "sku-7", None), strict=True)):
        (tmp_path / f"{name}.jpg").write_bytes(data[n])
        key = () if user_key is None else ("--key", user_key)
        seenit("add", tmp_path / f"{name}.jpg", "--folder", folder, "--bucket", "old", *key)
    (folder / "old" / "copy of d.jpg").write_bytes(data[3])
    eventually(lambda: len(running.get("/v1/objects", bucket="old").json()["objects"]) == 5)

    remove = partial(seenit, "remove", "--folder", folder, "--json")
    assert remove("--bucket", "old", "a.jpg", "nowhere.jpg") == {"removed": 1}
    assert remove("--user-key", "sku-7") == {"removed": 2}
    assert remove("--image-id", digest(data[3]), "--bucket", "other") == {"removed": 0}
    assert remove("--image-id", digest(data[3]).upper()) == {"removed": 2}
    eventually(lambda: running.get("/v1/objects", bucket="old").json()["objects"] == [])
    assert seenit("remove", "--folder", folder, "a.jpg").stdout == "0 removed\n"


def test_a_folder_is_no_object_to_remove(folder, seenit):
    (folder / "a folder").mkdir()
    assert seenit("remove", "--folder", folder, "a folder").stdout == "0 removed\n"
    (folder / "a folder").rmdir()


def test_a_search_prints_a_table_of_places(running, folder, pictures, seenit, tmp_path):
    known = folder / "bucket 0" / "0" / "0.jpg"
    search = partial(seenit, "search", "--api", running.address(), "--limit", 3)
    lines = search(known).stdout.splitlines()
    assert lines[0].split() == ["similarity", "match", "bucket/key", "size"]
    assert lines[1].split()[:2] == ["1.000", "exact"]
    assert "bucket 0/0/0.jpg" in lines[1]
    assert len(lines) == 4
    assert search("bucket 0/0/0.jpg").stdout.splitlines()[1] == lines[1]

    unseen = tmp_path / "unseen.jpg"
    unseen.write_bytes(pictures.jpeg(pictures.originals[0].rotate(45).crop((200, 200, 260, 250))))
    assert "not seen before" in search(unseen).stderr
    for nothing in ("nowhere.jpg", "/nowhere.jpg", tmp_path, "bucket 0/"):
        assert f"there is no file {nothing}" in search(nothing, exit_code=1).stderr
    assert "no such object" in search("bucket 0/nowhere.jpg", exit_code=1).stderr.lower()
    words = tmp_path / "words.jpg"
    words.write_text("words")
    assert "not those of a picture" in search(words, exit_code=1).stderr


def test_status_tells_counts_and_health(running, seenit):
    told = seenit("status", "--api", running.address(), "--json")
    stats = running.get("/v1/stats").json()
    assert {name: told[name] for name in ("objects", "images", "rejected", "model_id")} == {
        name: stats[name] for name in ("objects", "images", "rejected", "model_id")
    }
    assert told["health"] == {"catalog": "ok", "index": "ok", "store": "ok"}
    assert told["progress"]["active"] is False
    rows = dict(
        line.split(maxsplit=1)
        for line in seenit("status", "--api", running.address()).stdout.splitlines()
    )
    assert rows["catalog"].strip() == rows["index"].strip() == rows["store"].strip() == "ok"
    assert rows["objects"].strip() == str(stats["objects"])
    assert rows["indexing"].strip() == "caught up"
    done = seenit("status", "--api", "http://127.0.0.1:9", exit_code=1)
    assert "http://127.0.0.1:9 does not answer" in done.stderr


def test_who_answers_and_is_no_seenit_is_told_so(seenit, website):
    folder, address = website
    (folder / "readyz").write_text("<title>Welcome</title>")
    done = seenit("status", "--api", address, exit_code=1)
    assert done.stderr == f"seenit: {address} answered 200, and not as Seenit does\n"


def test_rejections_are_retried_as_they_are_now(running, folder, pictures, seenit):
    retry = partial(seenit, "rejections", "retry", "--folder", folder)
    assert retry("--json") == {"rejected": 1}
    assert retry("--reason", "broken").stdout == "Nothing was rejected.\n"
    assert retry("--bucket", "cats").stdout == "Nothing was rejected.\n"
    data = pictures.one()
    (folder / "words.jpg").write_bytes(data)
    eventually(lambda: is_indexed(running, "pictures/words.jpg", data))
    assert seenit("rejections", "list", "--folder", folder, "--json") == []
    assert seenit("rejections", "list", "--folder", folder).stdout == "Nothing was rejected.\n"


def test_reconciling_beside_it_finds_nothing_to_do(folder, tmp_path):
    done = run_seenit("reconcile", "--folder", folder, "--json", cwd=tmp_path)
    counts = json.loads(done.stdout)
    assert counts["unchanged"] > 0
    assert sum(counts.values()) == counts["unchanged"]


def test_another_serves_the_same_folder_and_writes_nothing(start, running, folder, pictures):
    serving = start("serve", "--folder", folder)
    stats = serving.get("/v1/stats").json()
    assert stats["objects"] == running.get("/v1/stats").json()["objects"]
    assert stats["progress"] is None
    data = pictures.one()
    (folder / "seen by both.jpg").write_bytes(data)
    eventually(lambda: is_indexed(serving, "pictures/seen by both.jpg", data))
    reply = serving.get("/v1/search", image_id=digest(data)).json()
    assert reply["hits"][0]["match"] == "exact"
    assert serving.stop(signal.SIGINT) == 0


# Without `seenit up`: the folder belongs to the verb alone.


@pytest.fixture
def quiet_folder(tmp_path):
    folder = tmp_path / "nobody watches"
    folder.mkdir()
    return folder


def test_reconcile_indexes_and_repairs_and_asks_before_much_vanishes(
    quiet_folder, pictures, seenit
):
    folder = quiet_folder
    paths = pictures.fill(folder, 60)
    (folder / "bucket 0" / "words.jpg").write_text("words")
    reconcile = partial(seenit, "reconcile", "--folder", folder)
    nothing = {
        "added": 0,
        "changed": 0,
        "removed": 0,
        "unchanged": 0,
        "restored": 0,
        "orphans": 0,
        "rejected": 0,
        "in_motion": 0,
        "held_back": 0,
    }

    assert reconcile("--dry-run", "--json")["added"] == 61
    assert seenit("rejections", "list", "--folder", folder, "--json") == []
    assert reconcile("--bucket", "bucket 0", "--json") == nothing | {"added": 13, "rejected": 1}
    done = reconcile()
    assert done.stdout == "48 added, 0 changed, 0 removed, 13 unchanged\n"
    reasons = {"bucket 0/words.jpg": "not_a_picture"}
    assert disagreements(folder, reasons, collected=True) == []

    paths[0].write_bytes(pictures.one())
    paths[1].unlink()
    told = reconcile("--json")
    assert told == nothing | {"changed": 1, "removed": 1, "unchanged": 59}
    assert disagreements(folder, reasons) == []

    for path in paths[2::5]:
        path.unlink()
    paths[3].unlink()
    assert reconcile("--dry-run", "--json")["removed"] == 13
    done = reconcile(exit_code=1)
    assert done.stdout == "0 added, 0 changed, 1 removed, 47 unchanged; 12 removals held back\n"
    assert "12 of 12 in bucket 2 are gone" in done.stderr
    assert "seenit reconcile --force" in done.stderr
    wrong = disagreements(folder, reasons)
    assert len(wrong) == 12
    assert all("bucket 2" in each for each in wrong)
    assert reconcile("--force", "--json") == nothing | {"removed": 12, "unchanged": 47}
    assert disagreements(folder, reasons) == []


def test_reconcile_of_a_prefix_leaves_the_rest_alone(quiet_folder, pictures, seenit):
    pictures.fill(quiet_folder, 15)
    counts = seenit("reconcile", "--folder", quiet_folder, "--bucket", "bucket 0",
                         "--prefix", "0/", "--json")  # fmt: skip
    assert counts["added"] == 1
    assert len(disagreements(quiet_folder)) == 3 * 14


def test_interrupted_verbs_end_without_a_traceback(quiet_folder, pictures, tmp_path):
    pictures.fill(quiet_folder, 600)
    process = subprocess.Popen(
        command("reconcile", "--folder", quiet_folder),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually((quiet_folder / ".seenit" / "catalog.db-wal").exists)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode not in (0, 2)
    assert "Traceback" not in stdout + stderr


def test_samples_are_real_pictures_and_written_once(quiet_folder, seenit):
    assert "sample pictures written" in seenit("samples", quiet_folder).stdout
    count = sum(path.is_file() for path in quiet_folder.rglob("*"))
    assert count > 30
    assert seenit("samples", quiet_folder).stdout == ""
    seenit("reconcile", "--folder", quiet_folder)
    assert disagreements(quiet_folder, collected=True) == []


VERBS = {
    "up", "serve", "add", "remove", "search", "status", "reconcile", "rejections", "evaluate",
    "samples", "bench",
}  # fmt: skip


def test_each_verb_explains_itself():
    help_of = partial(CliRunner().invoke, app)
    overview = help_of(["--help"]).output
    for name in VERBS:
        assert f"│ {name} " in overview
        told = help_of([name, "--help"])
        assert told.exit_code == 0
        assert f"Usage: seenit {name}" in told.output
    for name, option in (("up", "--data"), ("search", "--api"), ("add", "--bucket")):
        assert re.search(
            rf"{option} .*\[default: \(\S", re.sub(r"[│\s]+", " ", help_of([name, "--help"]).output)
        )
