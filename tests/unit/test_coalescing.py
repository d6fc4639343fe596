"""Questions asked at the same time go together; nobody gets another's answer, or waits for ever."""

import asyncio

import pytest

from search_api.coalescing import CALLS, MOST, Coalescer
from shared.errors import TransientError

WAIT_S = 60.0


class Asked:
    """Answers a question with its kind and itself, once `let` is set; keeps what was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, list[object]]] = []
        self.let = asyncio.Event()
        self.trouble: dict[object, Exception] = {}

    async def __call__(self, kind, questions):
        self.calls.append((kind, list(questions)))
        await self.let.wait()
        for question in questions:
            if question in self.trouble:
                raise self.trouble[question]
        return [(kind, question) for question in questions]


@pytest.fixture
async def asked() -> Asked:
    return Asked()


async def ask(coalescer: Coalescer, *questions, kind: object = "plain") -> list[asyncio.Task]:
    """Ask each by a task of its own, as far as that goes without an answer."""
    tasks = [asyncio.create_task(coalescer.ask(kind, question)) for question in questions]
    await asyncio.sleep(0)
    return tasks


async def occupied(coalescer: Coalescer) -> list[asyncio.Task]:
    """Have as many calls under way as may be."""
    return await ask(coalescer, *(f"first {number}" for number in range(CALLS)))


async def test_a_question_goes_at_once_where_few_are_under_way(asked):
    coalescer = Coalescer(asked, "index", WAIT_S)
    tasks = await occupied(coalescer)
    assert asked.calls == [("plain", [f"first {number}"]) for number in range(CALLS)]
    asked.let.set()
    assert await asyncio.gather(*tasks) == [("plain", f"first {n}") for n in range(CALLS)]


async def test_those_that_come_meanwhile_go_together_each_with_its_own_answer(asked):
    coalescer = Coalescer(asked, "index", WAIT_S)
    first = await occupied(coalescer)
    tasks = await ask(coalescer, *range(5))
    assert len(asked.calls) == CALLS
    asked.let.set()
    assert await asyncio.gather(*tasks) == [("plain", n) for n in range(5)]
    assert asked.calls[CALLS:] == [("plain", [0, 1, 2, 3, 4])]
    await asyncio.gather(*first)


async def test_one_call_is_of_one_kind_the_longest_waiting_first_and_of_so_many_at_most(asked):
    coalescer = Coalescer(asked, "index", WAIT_S)
    tasks = await occupied(coalescer)
    tasks += await ask(coalescer, "a", kind="deep")
    tasks += await ask(coalescer, *range(MOST + 1))
    tasks += await ask(coalescer, "b", kind="deep")
    asked.let.set()
    await asyncio.gather(*tasks)
    assert asked.calls[CALLS:] == [
        ("deep", ["a", "b"]),
        ("plain", list(range(MOST))),
        ("plain", [MOST]),
    ]


async def test_trouble_is_told_to_all_of_its_call_and_to_no_other(asked):
    coalescer = Coalescer(asked, "index", WAIT_S)
    asked.trouble = {"bad": OSError("away")}
    first = await occupied(coalescer)
    tasks = await ask(coalescer, "good", "bad")
    asked.let.set()
    answers = await asyncio.gather(*first, *tasks, return_exceptions=True)
    assert answers[:CALLS] == [("plain", f"first {n}") for n in range(CALLS)]
    assert answers[CALLS:] == [asked.trouble["bad"]] * 2
    for _ in range(CALLS + 1):
        with pytest.raises(OSError, match="away"):
            await coalescer.ask("plain", "bad")
    assert await coalescer.ask("plain", "good") == ("plain", "good")


async def test_who_leaves_is_not_asked_for_and_leaves_the_place_to_others(asked):
    coalescer = Coalescer(asked, "index", WAIT_S)
    first = await occupied(coalescer)
    stays, leaves = await ask(coalescer, "stays", "leaves")
    leaves.cancel()
    for task in first:
        task.cancel()
    await asyncio.wait([*first, leaves])
    asked.let.set()
    assert await stays == ("plain", "stays")
    assert asked.calls[CALLS:] == [("plain", ["stays"])]
    tasks = await ask(coalescer, *range(CALLS))
    await asyncio.gather(*tasks)
    assert asked.calls[CALLS + 1 :] == [("plain", [n]) for n in range(CALLS)]


async def test_who_leaves_a_call_under_way_takes_nothing_from_the_others_of_it(asked):
    coalescer = Coalescer(asked, "index", WAIT_S)
    first = await occupied(coalescer)
    stays, leaves = await ask(coalescer, "stays", "leaves")
    first[0].cancel()
    await asyncio.wait(first[:1])
    await asyncio.sleep(0)
    assert asked.calls[CALLS:] == [("plain", ["stays", "leaves"])]
    leaves.cancel()
    await asyncio.wait([leaves])
    asked.let.set()
    assert await stays == ("plain", "stays")
    await asyncio.gather(*first[1:])


async def test_who_waits_behind_what_hangs_is_told_so_and_not_asked_for_any_more(asked):
    coalescer = Coalescer(asked, "index", 0.1)
    first = await occupied(coalescer)
    for task in await ask(coalescer, "late", "too"):
        with pytest.raises(TransientError, match=r"index: no answer within 0\.1 s"):
            await task
    asked.let.set()
    assert await asyncio.gather(*first) == [("plain", f"first {n}") for n in range(CALLS)]
    assert len(asked.calls) == CALLS
