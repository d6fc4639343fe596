"""The queue between many callers and one model."""

import asyncio
import threading
import time

import numpy as np
import pytest

from shared.embedding.service import AT_ONCE_S, MOST_URGENT, EmbeddingService
from shared.errors import TransientError
from shared.metrics import BATCH_SIZE
from tests.fakes import FakeEmbedder

pytestmark = pytest.mark.timeout(60)  # what is broken here mostly hangs


def pictures(*values):
    return np.stack([np.full((224, 224, 3), value, np.uint8) for value in values])


def values_of(embeddings):
    return embeddings[:, 0].astype(int).tolist()


async def begun(embedder):
    assert await asyncio.to_thread(embedder.begun.wait, 10)
    embedder.begun.clear()


@pytest.fixture
def serve():
    services = []

    def make(embedder):
        services.append(EmbeddingService(embedder))
        return services[-1]

    yield make
    for service in services:
        service.embedder.gate.set()
        service.close()


async def test_each_caller_gets_its_own_pictures_back_in_order(serve):
    service = serve(FakeEmbedder(parallel=3, batch=2))
    asked = [tuple(range(start, start + size)) for start, size in ((0, 7), (10, 1), (20, 12))]
    answers = await asyncio.gather(*(service.embed(pictures(*values)) for values in asked))
    assert [tuple(values_of(answer)) for answer in answers] == asked
    assert all(answer.dtype == np.float32 and answer.shape[1] == 512 for answer in answers)


async def test_no_pictures_give_no_embeddings(serve):
    service = serve(FakeEmbedder())
    assert (await service.embed(np.empty((0, 224, 224, 3), np.uint8))).shape == (0, 512)
    assert service.embedder.batches == []


async def test_pictures_that_wait_together_share_a_batch_and_none_exceeds_the_embedders(serve):
    embedder = FakeEmbedder(batch=4)
    service = serve(embedder)
    embedder.gate.clear()
    first = asyncio.create_task(service.embed(pictures(0)))
    await begun(embedder)
    waiting = [asyncio.create_task(service.embed(pictures(i))) for i in range(1, 7)]
    await asyncio.sleep(0)
    embedder.gate.set()
    await asyncio.gather(first, *waiting)
    assert embedder.batches == [[0], [1, 2, 3, 4], [5, 6]]


async def test_few_pictures_are_spread_over_idle_workers(serve):
    embedder = FakeEmbedder(parallel=2, batch=4)
    await serve(embedder).embed(pictures(1, 2, 3, 4))
    assert max(len(batch) for batch in embedder.batches) == 2


async def test_a_search_overtakes_the_ingest_that_waits(serve):
    embedder = FakeEmbedder(batch=4)
    service = serve(embedder)
    embedder.gate.clear()
    ingest = asyncio.create_task(service.embed(pictures(*range(12))))
    await begun(embedder)
    search = asyncio.create_task(service.embed(pictures(99), urgent=True))
    await asyncio.sleep(0)
    embedder.gate.set()
    await search
    await ingest
    assert embedder.batches == [[0, 1, 2, 3], [99], [4, 5, 6, 7], [8, 9, 10, 11]]


async def test_a_lone_search_has_the_whole_device_and_ingest_is_in_no_such_haste(serve):
    service = serve(FakeEmbedder())
    await service.embed_alone(pictures(1))
    await service.embed(pictures(2))
    await service.embed(pictures(3), urgent=True)  # of a search that may have others beside it
    assert service.embedder.alone == [1]
    assert service.embedder.batches == [[1], [2], [3]]


async def test_a_search_beside_other_work_takes_its_share_only(serve):
    service = serve(FakeEmbedder(parallel=2))
    service.embedder.gate.clear()
    ingest = asyncio.create_task(service.embed(pictures(1)))
    await begun(service.embedder)
    search = asyncio.create_task(service.embed_alone(pictures(2)))
    await begun(service.embedder)
    service.embedder.gate.set()
    await asyncio.gather(ingest, search)
    assert service.embedder.alone == []


async def test_a_failure_reaches_all_whose_pictures_were_in_the_batch_and_nobody_else(serve):
    embedder = FakeEmbedder(batch=2, poison=13)
    service = serve(embedder)
    embedder.gate.clear()
    first = asyncio.create_task(service.embed(pictures(0)))
    await begun(embedder)
    rest = [asyncio.create_task(service.embed(pictures(value))) for value in (13, 14, 15)]
    await asyncio.sleep(0)
    embedder.gate.set()
    answers = await asyncio.gather(first, *rest, return_exceptions=True)
    assert [type(answer) for answer in answers] == [np.ndarray, ValueError, ValueError, np.ndarray]
    assert values_of(await service.embed(pictures(16))) == [16]


class Noting(FakeEmbedder):
    """Notes which of its pictures were embedded in the event loop's own thread."""

    def __init__(self, seconds=0.0):
        super().__init__(parallel=2)
        self.seconds = seconds
        self.own = threading.get_ident()
        self.in_own: list[int] = []

    def embed(self, pixels):
        if threading.get_ident() == self.own:
            self.in_own += [int(p.flat[0]) for p in pixels]
        time.sleep(self.seconds)
        return super().embed(pixels)


async def test_a_lone_picture_waits_for_no_thread_where_the_model_was_seen_to_be_quick(serve):
    embedder = Noting()
    service = serve(embedder)
    assert values_of(await service.embed_alone(pictures(1))) == [1]
    assert embedder.in_own == []  # nothing was seen yet
    while not embedder.in_own:  # however slow the machine is now
        assert values_of(await service.embed_alone(pictures(2))) == [2]


async def test_a_slow_model_never_holds_the_event_loop_up(serve):
    embedder = Noting(seconds=2 * AT_ONCE_S)
    service = serve(embedder)
    for _ in range(3):
        await service.embed_alone(pictures(1))
    assert embedder.in_own == []


async def test_a_picture_beside_others_or_after_the_end_is_not_embedded_in_the_event_loop(serve):
    embedder = Noting()
    service = serve(embedder)
    while not embedder.in_own:
        await service.embed_alone(pictures(1))
    embedder.gate.clear()
    embedder.begun.clear()
    other = asyncio.create_task(service.embed(pictures(7)))
    await begun(embedder)
    beside = asyncio.create_task(service.embed_alone(pictures(2)))
    await begun(embedder)
    embedder.gate.set()
    await asyncio.gather(other, beside)
    service.close()
    with pytest.raises(RuntimeError, match="closed"):
        await service.embed_alone(pictures(3))
    assert {*embedder.in_own} == {1}


async def test_one_failed_batch_fails_the_request_and_its_other_pictures_are_not_embedded(serve):
    embedder = FakeEmbedder(batch=1, poison=1)
    service = serve(embedder)
    with pytest.raises(ValueError, match="poison"):
        await service.embed(pictures(1, 2, 3, 4))
    assert values_of(await service.embed(pictures(5))) == [5]
    assert embedder.batches == [[1], [5]]


async def test_a_cancelled_callers_pictures_are_skipped_and_others_are_served(serve):
    embedder = FakeEmbedder(batch=2)
    service = serve(embedder)
    embedder.gate.clear()
    begun_and_left = asyncio.create_task(service.embed(pictures(0)))
    await begun(embedder)
    waiting_and_left = asyncio.create_task(service.embed(pictures(1, 2, 3)))
    stays = asyncio.create_task(service.embed(pictures(4)))
    await asyncio.sleep(0)
    for task in (begun_and_left, waiting_and_left):
        task.cancel()
    await asyncio.gather(begun_and_left, waiting_and_left, return_exceptions=True)
    embedder.gate.set()
    assert values_of(await stays) == [4]
    assert embedder.batches == [[0], [4]]
    assert begun_and_left.cancelled()
    assert waiting_and_left.cancelled()


async def test_too_many_that_wait_urgently_are_turned_away_and_who_gives_up_makes_room(serve):
    embedder = FakeEmbedder(batch=1)
    service = serve(embedder)
    embedder.gate.clear()
    first = asyncio.create_task(service.embed(pictures(0), urgent=True))
    await begun(embedder)
    many = np.zeros((MOST_URGENT, 224, 224, 3), np.uint8)
    waiting = asyncio.create_task(service.embed(many, urgent=True))
    await asyncio.sleep(0)
    with pytest.raises(TransientError, match="too many"):
        await service.embed(pictures(1), urgent=True)
    patient = asyncio.create_task(service.embed(pictures(2)))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    urgent = asyncio.create_task(service.embed(pictures(3), urgent=True))
    await asyncio.sleep(0)
    embedder.gate.set()
    answers = await asyncio.gather(first, urgent, patient)
    assert [values_of(answer) for answer in answers] == [[0], [3], [2]]
    assert embedder.batches == [[0], [3], [2]]


async def test_closing_finishes_what_is_begun_and_refuses_what_waits(serve):
    embedder = FakeEmbedder(batch=1)
    service = serve(embedder)
    embedder.gate.clear()
    started = asyncio.create_task(service.embed(pictures(1)))
    await begun(embedder)
    waiting = asyncio.create_task(service.embed(pictures(2)))
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(service.close))
    with pytest.raises(RuntimeError, match="closed"):
        await waiting
    embedder.gate.set()
    await closing
    assert values_of(await started) == [1]
    assert embedder.batches == [[1]]
    with pytest.raises(RuntimeError, match="closed"):
        await service.embed(pictures(3))


async def test_closing_ends_the_threads_and_may_be_repeated():
    service = EmbeddingService(FakeEmbedder(parallel=2))
    service.close()
    service.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("embed-")]


def test_a_caller_whose_event_loop_is_gone_does_not_stop_the_others(serve):
    embedder = FakeEmbedder(batch=1)
    service = serve(embedder)
    embedder.gate.clear()

    async def leave():
        task = asyncio.create_task(service.embed(pictures(1)))
        await begun(embedder)
        task.cancel()

    asyncio.run(leave())
    embedder.gate.set()
    assert values_of(asyncio.run(service.embed(pictures(2)))) == [2]


async def test_batch_sizes_are_observed(serve):
    def sizes():
        return {
            s.name: s.value
            for m in BATCH_SIZE.collect()
            for s in m.samples
            if s.labels.get("stage") == "embed" and not s.name.endswith("bucket")
        }

    before = sizes()
    await serve(FakeEmbedder(batch=4)).embed(pictures(1, 2, 3, 4, 5))
    after = sizes()
    assert after["seenit_batch_size_count"] - before.get("seenit_batch_size_count", 0) == 2
    assert after["seenit_batch_size_sum"] - before.get("seenit_batch_size_sum", 0) == 5
