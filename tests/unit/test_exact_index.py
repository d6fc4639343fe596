"""What the exact index promises beyond the contract: other processes, kills, threads, ties."""

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shared.errors import TransientError
from shared.vectors.exact import QUICK_ROWS, ExactIndex

DIMENSION = 8
MODEL = "m-8"

OTHER_PROCESS = """
import sys
from pathlib import Path
import numpy as np
from shared.vectors.exact import ExactIndex
index = ExactIndex(Path(sys.argv[1]), "m-8", 8)
def unit(number):
    return np.eye(8, dtype=np.float32)[number % 8][None]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


@pytest.fixture
def index(path: Path) -> Iterator[ExactIndex]:
    opened = ExactIndex(path, MODEL, DIMENSION)
    yield opened
    opened.close()


def unit(number: int) -> np.ndarray:
    return np.eye(DIMENSION, dtype=np.float32)[number % DIMENSION][None]


def in_another_process(path: Path, code: str) -> None:
    command = [sys.executable, "-c", OTHER_PROCESS + code, str(path)]
    subprocess.run(command, check=True, timeout=60)


def test_writes_of_another_process_are_seen_by_the_next_search(index, path):
    index.upsert(["a", "b"], np.concatenate([unit(0), unit(1)]))
    assert index.nearest(unit(0), 1)[0][0].image_id == "a"
    in_another_process(path, 'index.upsert(["c"], unit(2))')
    assert index.nearest(unit(2), 1)[0][0].image_id == "c"
    in_another_process(path, 'index.upsert(["a"], unit(3))')
    assert index.nearest(unit(3), 1)[0][0].image_id == "a"
    assert index.nearest(unit(0), 1)[0][0].cosine == 0
    in_another_process(path, 'index.delete(["a"])')
    assert [hit.image_id for hit in index.nearest(unit(3), 9)[0]] == ["b", "c"]


def test_a_search_sees_what_was_committed_before_it_beside_the_catalogs_own_writes(index, path):
    index.upsert(["a"], unit(0))
    index.nearest(unit(0), 1)
    catalog = sqlite3.connect(path)
    catalog.execute("CREATE TABLE rows (name TEXT)")
    catalog.execute("INSERT INTO rows VALUES ('x')")
    catalog.commit()
    index.upsert(["b"], unit(1))
    assert [hit.image_id for hit in index.nearest(unit(1), 2)[0]] == ["b", "a"]
    catalog.close()


def test_a_killed_writer_leaves_all_it_had_committed_and_nothing_half(path):
    writes_for_ever = """
batch = 0
while True:
    names = [f"{batch:06d}-{n}" for n in range(5)]
    index.upsert(names, np.repeat(unit(batch), 5, axis=0))
    print(batch, flush=True)
    batch += 1
"""
    command = [sys.executable, "-c", OTHER_PROCESS + writes_for_ever, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        for _ in range(40):
            told = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        told = int((writer.stdout.read().split() or [told])[-1])
    index = ExactIndex(path, MODEL, DIMENSION)
    kept = list(index.ids())
    batches = len(kept) // 5
    assert batches > told
    assert kept == [f"{batch:06d}-{n}" for batch in range(batches) for n in range(5)]
    last = index.nearest(unit(batches - 1), 1, among=kept[-5:])[0][0]
    assert last.cosine == 1
    index.upsert(["after"], unit(0))
    index.close()


def test_a_search_finds_every_image_once_while_all_are_being_replaced(index):
    names = [f"{n:03d}" for n in range(200)]
    index.upsert(names, np.repeat(unit(0), 200, axis=0))
    seen: list[list[str]] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            seen.append([hit.image_id for hit in index.nearest(unit(0), 500)[0]])

    searchers = [threading.Thread(target=search) for _ in range(2)]
    for thread in searchers:
        thread.start()
    for turn in range(150):
        index.upsert(names, np.repeat(unit(turn), 200, axis=0))
    done.set()
    for thread in searchers:
        thread.join()
    assert seen
    assert [found for found in seen if sorted(found) != names] == []


def wide(count: int) -> np.ndarray:
    drawn = np.random.default_rng(count).standard_normal((count, 512), dtype=np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_ties_that_the_limit_cuts_go_to_the_least_image_ids_wherever_they_lie(path):
    index = ExactIndex(path, "m-512", 512)
    queries = wide(3)
    names = [f"{n:05d}" for n in range(17_003)]
    index.upsert(names[::-1], np.repeat(queries[:1], len(names), axis=0))
    for asked in (queries[:1], queries):
        assert [hit.image_id for hit in index.nearest(asked, 4)[0]] == names[:4]
    index.close()


def test_an_answer_is_the_same_to_the_last_digit_whatever_else_is_asked(path):
    index = ExactIndex(path, "m-512", 512)
    index.upsert([f"{n:03d}" for n in range(500)], wide(500))
    queries = wide(20)
    assert index.nearest(queries, 50) == [index.nearest(q[None], 50)[0] for q in queries]
    index.close()


def test_replacing_more_than_there_is_keeps_answers_right(index):
    names = [f"{n:05d}" for n in range(6000)]
    index.upsert(["left alone"], -unit(0))
    for turn in range(6):
        index.upsert(names, np.repeat(unit(turn), len(names), axis=0))
        hits = index.nearest(unit(turn), 3)[0]
        assert [(hit.image_id, hit.cosine) for hit in hits] == [(n, 1.0) for n in names[:3]]
    found = [hit.image_id for hit in index.nearest(unit(0), 10_000)[0]]
    assert sorted(found) == [*names, "left alone"]


def test_a_file_that_another_holds_locked_is_a_transient_fault_and_then_passes(path):
    index = ExactIndex(path, MODEL, DIMENSION, busy_s=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransientError, match="locked") as fault:
        index.upsert(["a"], unit(0))
    assert fault.value.part == "index"
    assert index.nearest(unit(0), 1) == [[]]
    other.execute("ROLLBACK")
    index.upsert(["a"], unit(0))
    assert index.nearest(unit(0), 1)[0][0].image_id == "a"
    other.close()
    index.close()


def test_a_full_disk_is_a_transient_fault_that_leaves_the_batch_out_whole(path):
    in_another_process(
        path,
        """
import resource
from shared.errors import TransientError
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
for batch in range(1000):
    try:
        index.upsert([f"{batch:06d}-{n}" for n in range(50)], np.repeat(unit(0), 50, axis=0))
    except TransientError as error:
        assert error.part == "index", error
        break
else:
    raise AssertionError("the disk never got full")
assert len(list(index.ids())) == batch * 50
""",
    )
    index = ExactIndex(path, MODEL, DIMENSION)
    kept = len(list(index.ids()))
    assert kept > 0
    assert kept % 50 == 0
    index.upsert(["room again"], unit(1))
    index.close()


def test_a_place_that_cannot_be_written_is_a_transient_fault(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TransientError, match="index"):
        ExactIndex(tmp_path / "file" / "catalog.db", MODEL, DIMENSION)


def test_it_is_quick_only_while_all_is_in_memory(index, path):
    index.upsert(["a"], unit(0))
    assert not index.quick()
    index.load()
    assert index.quick()
    index.upsert(["b"], unit(1))
    assert index.quick()
    in_another_process(path, 'index.upsert(["c"], unit(2))')
    assert not index.quick()
    index.nearest(unit(0), 1)
    assert index.quick()


def test_it_is_not_quick_with_many_vectors(index):
    names = [str(number) for number in range(QUICK_ROWS)]
    index.upsert(names, np.zeros((QUICK_ROWS, DIMENSION), np.float32))
    index.nearest(unit(0), 1)
    assert index.quick()
    index.upsert(["one more"], unit(0))
    assert not index.quick()
