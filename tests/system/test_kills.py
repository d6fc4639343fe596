"""kill -9 at random moments: after the next start, what is known is exactly what is there."""

import os
import random
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from tests.system.judge import disagreements
from tests.system.running import eventually, eventually_nothing

GRACE_S = 5
"""Longer than a batch takes: an image that no object uses yet may be one just being indexed."""

ROUNDS = [
    pytest.param(340, 4, id="340 files, 4 kills"),
    pytest.param(2000, 40, id="2000 files, 40 kills", marks=[pytest.mark.soak]),
]


def rows(folder) -> int:
    """How many objects are recorded; 0 before there is a catalog."""
    file = folder / ".seenit" / "catalog.db"
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            return database.execute("SELECT count(*) FROM objects").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


@pytest.mark.parametrize(("files", "kills"), ROUNDS)
def test_a_killed_process_goes_on_where_it_was_and_nothing_is_lost_or_doubled(
    up, folder, pictures, files, kills
):
    pictures.fill(folder, files)
    die = random.Random(files)
    recorded = []
    for _ in range(kills):
        running = up()
        if die.random() < 0.8:
            running.address()
            # Where the kill falls shall not depend on how busy the machine is.
            reach = rows(folder) + die.randint(0, 2 * files // kills)
            eventually(lambda reach=reach: rows(folder) >= min(reach, files))
        time.sleep(die.uniform(0, 0.3))
        running.kill()
        recorded.append(rows(folder))
    assert recorded == sorted(recorded)
    running = up()
    held = running.ready()
    assert held["unchanged"] == recorded[-1]
    assert held["added"] == files - recorded[-1]
    assert (held["changed"], held["removed"]) == (0, 0)
    assert disagreements(folder, collected=True) == []
    done = sum(running.metric("seenit_outcomes_total", outcome=o) for o in ("indexed", "duplicate"))
    assert done == files - recorded[-1]
    assert running.stop() == 0


class Mischief(threading.Thread):
    """Overwrites, removes, copies, renames and adds files until told to stop."""

    def __init__(self, folder, pictures, seed: int) -> None:
        super().__init__(daemon=True)
        self._folder, self._pictures, self._die = folder, pictures, random.Random(seed)
        self._enough = threading.Event()
        self.done = 0

    def run(self) -> None:
        while not self._enough.wait(self._die.uniform(0, 0.02)):
            files = sorted(path for path in self._folder.glob("bucket */*/*") if path.is_file())
            path = self._die.choice(files)
            self._die.choice([self._write, self._replace, self._copy, self._rename, os.remove])(
                path
            )
            if len(files) < 200:
                self._write(path.with_name(f"new {self.done}.jpg"))
            self.done += 1

    def stop(self) -> None:
        self._enough.set()
        self.join()

    def _write(self, path) -> None:
        path.write_bytes(self._pictures.one())

    def _replace(self, path) -> None:
        staged = self._folder.parent / "staged"
        self._write(staged)
        staged.rename(path)

    def _copy(self, path) -> None:
        path.with_name(f"copy {self.done}.jpg").write_bytes(path.read_bytes())

    def _rename(self, path) -> None:
        path.rename(path.with_name(f"renamed {self.done}.jpg"))


@pytest.mark.parametrize(
    ("files", "kills"),
    [
        pytest.param(300, 3, id="300 files, 3 kills"),
        pytest.param(1000, 30, id="1000 files, 30 kills", marks=[pytest.mark.soak]),
    ],
)
def test_kills_while_files_are_overwritten_removed_and_renamed_leave_no_trace(
    up, folder, pictures, files, kills
):
    pictures.fill(folder, files)
    mischief = Mischief(folder, pictures, seed=files)
    mischief.start()
    die = random.Random(kills)
    for _ in range(kills):
        running = up(collect_grace_s=GRACE_S, removal_guard=1)
        running.address()
        time.sleep(die.uniform(0.2, 2.5))
        running.kill()
    running = up(collect_grace_s=GRACE_S, removal_guard=1)
    running.address()
    time.sleep(1)
    mischief.stop()
    running.ready()
    assert mischief.done > 20 * kills
    eventually_nothing(lambda: disagreements(folder, collected=True))
    assert running.stop() == 0
    assert disagreements(folder, collected=True) == []
