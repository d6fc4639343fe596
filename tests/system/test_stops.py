"""Asked to end, the process ends well; started again, it repeats nothing."""

import json
import signal
import socket
import sqlite3
from contextlib import closing
from http.client import HTTPResponse

import httpx

from tests.system.judge import disagreements
from tests.system.running import PATIENCE_S, eventually

WORK = ("decode", "embed", "fetch", "record", "index")


def recorded(folder) -> int:
    file = folder / ".seenit" / "catalog.db"
    if not file.exists():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM objects").fetchone()[0]


def stop_while_indexing(up, folder, pictures, number) -> None:
    """Stop it before it is ready, which on a busy machine may take more than one trial."""
    for trial in range(10):
        pictures.fill(folder / f"{number.name} {trial}", 400)
        held = recorded(folder)
        running = up()
        eventually(lambda: running.metric("seenit_outcomes_total"))  # noqa: B023 - done at once
        done = running.metric("seenit_outcomes_total")
        assert running.stop(number) == 0
        assert not any("Traceback" in line for line in running.log)
        assert held + done <= recorded(folder)
        if not any(line.startswith("Ready") for line in running.lines):
            return
    raise AssertionError("each time it was done with 400 pictures before it could be told to stop")


def test_stopped_while_indexing_it_ends_with_0_and_each_next_start_does_only_the_rest(
    up, folder, pictures
):
    for number in (signal.SIGTERM, signal.SIGINT):
        stop_while_indexing(up, folder, pictures, number)
    held = recorded(folder)
    rest = sum(1 for _ in folder.rglob("*.jpg")) - held
    assert rest > 0

    last = up()
    told = last.ready()
    assert (told["unchanged"], told["added"]) == (held, rest)
    assert last.metric("seenit_outcomes_total") == rest
    assert disagreements(folder, collected=True) == []


def test_a_second_start_does_no_work_again(up, folder, pictures):
    pictures.fill(folder, 40)
    (folder / "words.jpg").write_text("words")
    first = up()
    assert first.ready() == {"added": 41, "changed": 0, "removed": 0, "unchanged": 0}
    assert first.metric("seenit_outcomes_total", outcome="rejected") == 1
    assert first.metric("seenit_stage_seconds_count", stage="decode") > 0
    assert first.stop() == 0
    second = up()
    assert second.ready() == {"added": 0, "changed": 0, "removed": 0, "unchanged": 41}
    assert second.metric("seenit_outcomes_total") == 0
    for stage in WORK:
        assert second.metric("seenit_stage_seconds_count", stage=stage) == 0
    assert disagreements(folder, {"words.jpg": "not_a_picture"}, collected=True) == []


def test_a_search_under_way_is_answered_before_the_end(up, folder, pictures):
    pictures.fill(folder, 1)
    running = up()
    running.ready()
    url = httpx.URL(running.address())
    slow = pictures.jpeg(pictures.originals[0].resize((6000, 6000)))
    body = b"".join((HEAD, slow, TAIL))
    with socket.create_connection((url.host, url.port), timeout=PATIENCE_S) as line:
        line.sendall(ASKS % len(body))
        assert line.recv(4096).startswith(b"HTTP/1.1 100 "), "it is under way"
        line.sendall(body[: len(body) // 2])
        running.process.send_signal(signal.SIGTERM)
        line.sendall(body[len(body) // 2 :])
        reply = HTTPResponse(line)
        reply.begin()
        assert reply.status == 200
        assert len(json.load(reply)["hits"]) == 1
    assert running.stop() == 0


ASKS = (
    b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"
    b"Content-Type: multipart/form-data; boundary=edge\r\nExpect: 100-continue\r\n\r\n"
)
HEAD = (
    b'--edge\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\n"
)
TAIL = b"\r\n--edge--\r\n"
