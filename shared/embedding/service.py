"""Many callers, one model: what waits is embedded in batches, searches first.

No timer holds a picture back. A batch is what waits when a worker comes free, so batches grow with
the load and a lone search starts at once, with the whole device for itself.
"""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from shared.errors import TransientError
from shared.metrics import BATCH_SIZE
from shared.protocols import Embedder, Embeddings, Pixels


@dataclass(slots=True, eq=False)
class _Request:
    """One call of `embed`: its pictures, what has come back, and who waits.

    Attributes:
        left: pictures not yet embedded.
        alone: it is a search's, beside which there is no other.
        over: nobody waits any more; its pictures are skipped.
    """

    pixels: Pixels
    embeddings: Embeddings
    left: int
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Embeddings]
    alone: bool = False
    over: bool = False


_Picture = tuple[_Request, int]

MOST_URGENT = 512
"""Pictures that may wait urgently, 150 KB each; whoever comes then is told to come back."""

AT_ONCE_S = 0.005
"""A model may hold the caller up for so long; to hand a picture to a thread and back is 0.3 ms."""


class EmbeddingService:
    """Shares an embedder among coroutines, of one event loop or several.

    Args:
        embedder: called from `embedder.parallel` threads with up to `embedder.batch` pictures.
    """

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self._changed = threading.Condition()  # guards what follows and each request's left
        self._urgent: deque[_Picture] = deque()
        self._patient: deque[_Picture] = deque()
        self._closed = False
        self._idle = 0  # workers that wait
        self._alone_s = math.inf  # what a picture that had the whole device took, the last time
        self._observe = BATCH_SIZE.labels("embed").observe
        self._threads = [
            threading.Thread(target=self._work, name=f"embed-{i}", daemon=True)
            for i in range(embedder.parallel)
        ]
        for thread in self._threads:
            thread.start()

    async def embed(self, pixels: Pixels, *, urgent: bool = False) -> Embeddings:
        """Embed pictures, uint8 (n, 224, 224, 3), into float32 (n, dimension), in their order.

        Cancelling is safe: what has not begun is dropped.

        Args:
            pixels: not to be changed until this returns.
            urgent: goes before all that is not; for someone who waits.

        Raises:
            TransientError: too many urgent pictures wait.
            RuntimeError: the service is closed, or was before these pictures' turn.
            Exception: whatever the embedder raised on a batch with one of these pictures.
        """
        return await self._queued(pixels, urgent=urgent)

    async def embed_alone(self, pixels: Pixels) -> Embeddings:
        """Embed the picture, uint8 (1, 224, 224, 3), of a search beside which there is no other.

        Where nothing else is embedded either it has the whole device, and if the last such picture
        took no more than AT_ONCE_S, it is embedded in the caller's own thread.

        Raises:
            TransientError, RuntimeError, Exception: as `embed`.
        """
        with self._changed:  # held, so that no more than `parallel` embed at a time
            others = self._urgent or self._patient or self._idle < self.embedder.parallel
            if not (others or self._closed or self._alone_s > AT_ONCE_S):
                self._observe(1)
                return self._alone(pixels)
        return await self._queued(pixels, urgent=True, alone=True)

    async def _queued(self, pixels: Pixels, *, urgent: bool, alone: bool = False) -> Embeddings:
        loop = asyncio.get_running_loop()
        embeddings = np.empty((len(pixels), self.embedder.dimension), np.float32)
        if not len(pixels):
            return embeddings
        request = _Request(pixels, embeddings, len(pixels), loop, loop.create_future(), alone)
        with self._changed:
            if self._closed:
                raise RuntimeError("the embedding service is closed")
            if urgent and len(self._urgent) >= MOST_URGENT:
                raise TransientError("model", "too many pictures wait", retry_after=1.0)
            queue = self._urgent if urgent else self._patient
            queue.extend((request, i) for i in range(len(pixels)))
            self._changed.notify(len(pixels))
        try:
            return await request.answer
        except asyncio.CancelledError:
            self._leave(request)
            raise

    def _leave(self, request: _Request) -> None:
        request.over = True
        with self._changed:
            self._urgent = deque(each for each in self._urgent if each[0] is not request)
            self._patient = deque(each for each in self._patient if each[0] is not request)

    def close(self) -> None:
        """Finish what is begun, refuse what waits, stop the threads. Blocks for a batch's time."""
        with self._changed:
            self._closed = True
            waiting = {request for request, _ in (*self._urgent, *self._patient)}
            self._urgent.clear()
            self._patient.clear()
            self._changed.notify_all()
        for request in waiting:
            _answer(request, RuntimeError("the embedding service was closed"))
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while taken := self._take():
            batch, embed = taken
            self._observe(len(batch))
            try:
                rows = embed(_pixels(batch))
            except Exception as error:  # noqa: BLE001 - not ours to judge: it goes to who waits
                for request in {request for request, _ in batch}:
                    _answer(request, error)
            else:
                self._deliver(batch, rows)

    def _take(self) -> tuple[list[_Picture], Callable[[Pixels], Embeddings]] | None:
        """Wait for pictures and take this worker's share, and how to embed it; None once closed."""
        with self._changed:
            while True:
                while not (self._urgent or self._patient or self._closed):
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
                if self._closed:
                    return None
                queue = self._urgent or self._patient
                share = -(-len(queue) // self.embedder.parallel)  # so that no worker stands idle
                taken = [queue.popleft() for _ in range(min(share, self.embedder.batch))]
                if batch := [picture for picture in taken if not picture[0].over]:
                    return batch, self._way(batch)

    def _way(self, batch: list[_Picture]) -> Callable[[Pixels], Embeddings]:
        """A lone search beside which nothing waits and nobody works may have the whole device."""
        others = self._urgent or self._patient or self._idle < self.embedder.parallel - 1
        lone = len(batch) == 1 and batch[0][0].alone and not others
        return self._alone if lone else self.embedder.embed

    def _alone(self, pixels: Pixels) -> Embeddings:
        began = time.perf_counter()
        embeddings = self.embedder.embed_alone(pixels)
        self._alone_s = time.perf_counter() - began
        return embeddings

    def _deliver(self, batch: list[_Picture], rows: Embeddings) -> None:
        finished = []
        with self._changed:
            for (request, i), row in zip(batch, rows, strict=True):
                request.embeddings[i] = row
                request.left -= 1
                if not request.left:
                    finished.append(request)
        for request in finished:
            _answer(request, request.embeddings)


def _pixels(batch: list[_Picture]) -> Pixels:
    """Put a batch together; a lone picture stays where it is."""
    each = [request.pixels[i : i + 1] for request, i in batch]
    return each[0] if len(each) == 1 else np.concatenate(each)


def _answer(request: _Request, answer: Embeddings | Exception) -> None:
    """Hand a request its answer, in its own event loop, unless nobody waits."""
    request.over = True
    with suppress(RuntimeError):  # the loop is closed, and with it all who waited
        request.loop.call_soon_threadsafe(_settle, request.answer, answer)


def _settle(future: asyncio.Future[Embeddings], answer: Embeddings | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
