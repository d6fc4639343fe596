"""One case: a place, the load on it, the workers at it, the judge of it, and what was observed."""

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pymilvus.exceptions import MilvusException
from pymysql.err import MySQLError

from tests.faults.judge import Judge, tally
from tests.faults.load import Load, reason
from tests.faults.notifications import captured, key_of
from tests.faults.places import Place
from tests.faults.plans import Journal, Plan, Strike
from tests.faults.processes import Listening, worker_with
from tests.faults.table import Observed
from tests.system.running import PATIENCE_S


class Case:
    """What a test of a fault holds in its hands.

    Args:
        place: prepared.
        observed: its line of the table.
        folder: for logs and the journal.
    """

    def __init__(self, place: Place, observed: Observed, folder: Path) -> None:
        self.place = place
        self.observed = observed
        self.load = Load(place, seed=observed.row)
        self.judge = Judge(place, reason)
        self.journal = Journal(folder / "journal")
        self.workers: list[Listening] = []
        self._folder = folder

    def worker(
        self,
        *strikes: Strike,
        embed_s: float = 0.0,
        leads: bool = False,
        environment: Mapping[str, str] | None = None,
        **settings: object,
    ) -> Listening:
        """Start a worker; `settings` go before the place's own."""
        plan = Plan(self.place.model_id, str(self.journal.path), embed_s, leads, strikes)
        log = self._folder / f"worker {len(self.workers)}.log"
        self.workers.append(
            worker_with(plan, self.place.settings | settings, log, **(environment or {}))
        )
        return self.workers[-1]

    def settles(
        self, within: float = PATIENCE_S, *, lag: bool = True, since: float | None = None
    ) -> float:
        """Wait until nothing is wrong, note what was observed, and return the seconds it took.

        Args:
            within: seconds from now.
            lag: every event must be acknowledged too.
            since: when all was healthy again (`time.monotonic`), if not just now; for the table.
        """
        deadline = time.monotonic() + within
        began = time.monotonic() if since is None else since
        wrong = self.judge.lagging() if lag else []
        while wrong and time.monotonic() < deadline and self._working():
            time.sleep(0.2)
            wrong = self.judge.lagging()
        while True:
            seconds = time.monotonic() - began
            try:
                wrong = self.judge.disagreements(lag=lag)
            except (MilvusException, MySQLError) as error:  # being made, or coming back
                wrong = [f"cannot look: {error}"]
            if not wrong or time.monotonic() > deadline or not self._working():
                break
            time.sleep(0.5)
        self._note(wrong, seconds)
        assert not wrong, (wrong[:20], len(wrong), self.told())
        return seconds

    def _working(self) -> bool:
        """Whether anybody is there who could mend what is wrong."""
        return any(worker.running for worker in self.workers)

    def _note(self, wrong: list[str], seconds: float) -> None:
        seen = self.observed
        seen.lost, seen.wrong = tally(wrong)
        states = [state for state, _, _ in self.judge.truth().values()]
        seen.objects, seen.rejected = len(states), states.count("rejected")
        seen.seconds = max(seconds, seen.seconds or 0.0)
        seen.repeats = self.journal.repeats("look")

    def repeats(self, what: str) -> int:
        """Count what was done more than once to the same object."""
        return self.journal.repeats(what)

    def share_repeated(self) -> float:
        """Tell how often an object was looked at more often than events asked, as a share of these.

        Events of an object that wait together are one look; so this is the least that it can be.
        """
        asked = Counter(repr(key) for key in map(key_of, captured(self.place)))
        return (self.journal.count("look") - asked).total() / asked.total()

    def told(self) -> str:
        """Return the ends of the workers' logs."""
        return "\n".join(worker.told()[-3000:] for worker in self.workers)

    def end(self) -> None:
        for worker in self.workers:
            worker.end()
