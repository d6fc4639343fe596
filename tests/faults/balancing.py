"""Users behind a load balancer that sends their searches to processes which say they are ready."""

import io
import itertools
import threading
import time
from collections import Counter

import httpx

from tests.faults.processes import Listening

LOOKS_EVERY_S = 0.5
PART_IS_SLOW = "does not answer now"


READY = "/readyz?parts=none"  # as Kubernetes asks


class Balancer(threading.Thread):
    """Asks each process now and then whether it is ready, and goes round those that were."""

    def __init__(self, *processes: Listening) -> None:
        super().__init__(daemon=True)
        self._processes = list(processes)
        self._ready: list[Listening] = []
        self._turn = itertools.count()
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.wait(LOOKS_EVERY_S):
            self._ready = [one for one in list(self._processes) if one.status(READY) == 200]

    def add(self, process: Listening) -> None:
        self._processes.append(process)

    def remove(self, process: Listening) -> None:
        self._processes.remove(process)

    def next(self) -> str:
        """Return the address of whose turn it is; waits while nobody is ready."""
        while not (ready := self._ready):
            time.sleep(0.05)
        return f"http://127.0.0.1:{ready[next(self._turn) % len(ready)].port}"

    def stop(self) -> None:
        self._enough.set()
        self.join()


class User(threading.Thread):
    """Searches all the time for a picture that is there; keeps connections as balancers do.

    Told that a part is too slow just now, which on a busy machine has nothing to do with who comes
    and goes, it asks again when it was told to, as the search page does.

    Attributes:
        answers: how often the picture was found, or what went wrong instead.
        again: what it was told each time it had to ask again, and by whom.
        processes: who answered.
    """

    def __init__(self, balancer: Balancer, picture: bytes, image_id: str) -> None:
        super().__init__(daemon=True)
        self._balancer, self._picture, self._image_id = balancer, picture, image_id
        self._enough = threading.Event()
        self.answers: Counter[str] = Counter()
        self.again: list[str] = []
        self.processes: set[str] = set()

    def run(self) -> None:
        with httpx.Client(timeout=60) as client:
            while not self._enough.wait(0.2):
                self.answers[self._search(client)] += 1

    def _search(self, client: httpx.Client) -> str:
        place = self._balancer.next()
        try:
            reply = client.post(f"{place}/v1/search", files={"image": io.BytesIO(self._picture)})
        except httpx.HTTPError as error:
            return f"{error!r} of {place}"
        self.processes.add(place)
        if reply.status_code == 503 and PART_IS_SLOW in reply.text:
            self.again.append(f"{place} {reply.text}")
            self._enough.wait(float(reply.headers["Retry-After"]))
            return self._search(client)
        if reply.status_code != 200:
            return f"{reply.status_code} {reply.text}"
        first = reply.json()["hits"][0]
        found = first["image_id"] == self._image_id and bool(first["objects"])
        return "found" if found else reply.text

    def stop(self) -> None:
        self._enough.set()
        self.join(70)
