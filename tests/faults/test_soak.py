"""Workers killed, stopped and halted every few seconds while users change what is in the bucket."""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import closing

import pytest

from tests.faults.load import Mischief
from tests.faults.places import REAL
from tests.system.running import eventually, seenit

LENGTH_S = float(os.environ.get("SOAK_SECONDS", "1800"))
MOST_WORKERS = 3
HALT_S = 15.0
STILL_S = 30.0  # without progress for so long it is left in peace until there is some
STUCK_S = 300.0


class Progress(threading.Thread):
    """Watches the catalog, which users keep changing, for how long it ever stood still.

    Attributes:
        still: seconds since the last change.
        longest: seconds between two changes.
        changes: how often there was a new one.
    """

    def __init__(self, place) -> None:
        super().__init__(daemon=True)
        self._place = place
        self._enough = threading.Event()
        self.still = self.longest = 0.0
        self.changes = 0

    def run(self) -> None:
        last, since = None, time.monotonic()
        with closing(self._place.mysql()) as connection, connection.cursor() as cursor:
            while not self._enough.wait(0.5):
                cursor.execute("SELECT COUNT(*), MAX(recorded_at) FROM objects")
                if (now := cursor.fetchone()) != last:
                    last, since = now, time.monotonic()
                    self.changes += 1
                self.still = time.monotonic() - since
                self.longest = max(self.longest, self.still)

    def stop(self) -> None:
        self._enough.set()
        self.join()


class Trouble:
    """Keeps one to three workers, none of them for long.

    A busy machine may need longer to start one than it lives here; so where nothing moves any more
    they are left alone until something does.
    """

    def __init__(self, case, progress: Progress, seed: int, environment: dict[str, str]) -> None:
        self._case = case
        self._progress = progress
        self._die = random.Random(seed)
        self._environment = environment
        self._halted: dict = {}
        self._leaving: set = set()
        self.done: Counter[str] = Counter()

    def make(self, seconds: float) -> None:
        """Do something to a worker every few seconds, then leave one that is well."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._mend()
            time.sleep(self._die.uniform(2, 6))
            if self._progress.still > STILL_S:
                self._let_go()
                eventually(self._moves_again, STUCK_S)
            self._die.choice([self._kill, self._kill, self._stop, self._halt, self._join])()
        self._let_go()
        self._mend()

    def _let_go(self) -> None:
        for worker in self._halted:
            worker.go_on()
        self._halted.clear()

    def _awake(self) -> list:
        return [w for w in self._case.workers if w.running and w not in self._halted]

    def _moves_again(self) -> bool:
        self._mend()
        return self._progress.still < STILL_S

    def _mend(self) -> None:
        """Let go on what was halted long enough; have one worker at least."""
        now = time.monotonic()
        for worker, since in list(self._halted.items()):
            if now - since >= HALT_S:
                worker.go_on()
                del self._halted[worker]
        ended = [w for w in self._case.workers if not w.running and w.process.returncode > 0]
        self.done["ended by themselves"] = len(ended)
        if not set(self._awake()) - self._leaving:
            self._join()

    def _join(self) -> None:
        if sum(worker.running for worker in self._case.workers) < MOST_WORKERS:
            self._case.worker(environment=self._environment)
            self.done["started"] += 1

    def _kill(self) -> None:
        if awake := self._awake():
            self._die.choice(awake).kill()
            self.done["kill -9"] += 1

    def _stop(self) -> None:
        if awake := self._awake():
            worker = self._die.choice(awake)
            worker.process.terminate()
            self._leaving.add(worker)
            self.done["SIGTERM"] += 1

    def _halt(self) -> None:
        if awake := self._awake():
            worker = self._die.choice(awake)
            worker.process.send_signal(signal.SIGSTOP)
            self._halted[worker] = time.monotonic()
            self.done["SIGSTOP"] += 1


@pytest.mark.soak
@pytest.mark.timeout(LENGTH_S + 900)
@pytest.mark.parametrize("no_cython", [False, True], ids=["Cython", "NO_CYTHON"])
def test_nothing_is_lost_however_often_workers_are_killed(new_case, no_cython, tmp_path):
    words = f"soak of {LENGTH_S / 60:.0f} min{', NO_CYTHON' if no_cython else ''}"
    environment = {"NO_CYTHON": "1"} if no_cython else {}
    case = new_case(0, words, model_id=REAL)
    case.load.fill(200)
    mischief = Mischief(case.load, pause_s=0.1, most=3000)
    progress = Progress(case.place)
    trouble = Trouble(case, progress, int(no_cython), environment)
    mischief.start()
    case.worker(environment=environment).is_up()
    progress.start()
    trouble.make(LENGTH_S)
    progress.stop()
    mischief.stop()
    case.settles(120)
    case.observed.repeats = None
    told = ", ".join(f"{count} {what}" for what, count in trouble.done.items())
    case.observed.note = (
        f"{mischief.done} changes, {told}; seen to move {progress.changes} times, "
        f"longest stall {progress.longest:.0f} s; "
        f"{case.share_repeated():.1%} repeated"
    )
    drift = seenit("reconcile", "--dry-run", "--json", cwd=tmp_path, **case.place.settings)
    counts = json.loads(drift.stdout)
    assert {name for name, count in counts.items() if count} == {"unchanged"}, counts
