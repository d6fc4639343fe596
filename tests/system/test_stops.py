"""Asked to end, the process ends well; started again, it repeats nothing."""

import signal
import sqlite3
from contextlib import closing

import httpx
import pytest

from tests.system.judge import disagreements
from tests.system.running import PATIENCE_S, eventually

WORK = ("decode", "embed", "fetch", "record", "index")


def recorded(folder) -> int:
    file = folder / ".seenit" / "catalog.db"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM objects").fetchone()[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_stopped_while_indexing_it_ends_with_0_and_the_next_start_does_only_the_rest(
    up, folder, pictures, number
):
    paths = pictures.fill(folder, 400)
    with paths[-1].open("r+b"):  # it is not read before its writer is done
        first = up()
        eventually(lambda: first.metric("seenit_outcomes_total") >= 64)
        assert first.stop(number) == 0
    assert not any("Traceback" in line for line in first.log)
    assert not any(line.startswith("Ready") for line in first.lines)
    held = recorded(folder)
    assert 64 <= held < 400

    second = up()
    told = second.ready()
    assert (told["unchanged"], told["added"]) == (held, 400 - held)
    assert second.metric("seenit_outcomes_total") == 400 - held
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
    address = running.address()
    slow = pictures.jpeg(pictures.originals[0].resize((6000, 6000)))
    with httpx.Client(base_url=address, timeout=PATIENCE_S) as client:

        def halves():
            """Send the first half, have the process told to end, then send the second."""
            yield b"".join((HEAD, slow[: len(slow) // 2]))
            running.process.send_signal(signal.SIGTERM)
            yield b"".join((slow[len(slow) // 2 :], TAIL))

        reply = client.post("/v1/search", content=halves(), headers={"Content-Type": MULTIPART})
    assert reply.status_code == 200, reply.text
    assert len(reply.json()["hits"]) == 1
    assert running.stop() == 0


MULTIPART = "multipart/form-data; boundary=edge"
HEAD = (
    b'--edge\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\n"
)
TAIL = b"\r\n--edge--\r\n"
