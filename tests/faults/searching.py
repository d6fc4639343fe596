"""Users who search all the time, whatever else happens."""

import io
import threading
import time
from collections import Counter

import httpx

from tests.faults.load import Load


def unlike_all_others(load: Load) -> bytes:
    """Make a picture that is found alone: all others show the same six scenes."""
    scene = load.pictures.originals[3].crop((50, 50, 250, 250)).rotate(90)
    return load.pictures.jpeg(scene)


class Searcher(threading.Thread):
    """Searches all the time for a picture that is there, and notes each answer.

    Attributes:
        answers: how often each status came.
        wrong: answers that were neither whole nor an honest 503.
        seconds: how long each took.
    """

    def __init__(self, port: int, picture: bytes, image_id: str) -> None:
        super().__init__(daemon=True)
        self._url = f"http://127.0.0.1:{port}/v1/search"
        self._picture, self._image_id = picture, image_id
        self._enough = threading.Event()
        self.answers: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.seconds: list[float] = []
        self.last_ok = time.monotonic()

    def run(self) -> None:
        with httpx.Client(timeout=60) as client:
            while not self._enough.wait(0.1):
                began = time.monotonic()
                self._note(client.post(self._url, files={"image": io.BytesIO(self._picture)}))
                self.seconds.append(time.monotonic() - began)

    def _note(self, reply: httpx.Response) -> None:
        self.answers[reply.status_code] += 1
        if reply.status_code == 200:
            hits = reply.json()["hits"]
            if not hits or hits[0]["image_id"] != self._image_id or not hits[0]["objects"]:
                self.wrong.append(reply.text)
            self.last_ok = time.monotonic()
        elif reply.status_code != 503 or int(reply.headers.get("Retry-After", 0)) < 1:
            self.wrong.append(f"{reply.status_code} {reply.headers} {reply.text}")

    def stop(self) -> None:
        self._enough.set()
        self.join(70)
        assert not self.wrong, (self.wrong[:3], len(self.wrong))
