"""What `seenit status` makes of the parts' answers, and how it looks."""

import asyncio
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from seenit.overview import Pace, judged
from seenit.probing import Answer, Probe
from seenit.status_table import table_of
from shared.errors import TransientError
from streams.lag import Lag

WELL = Answer(told={"missing": [], "stats": {}})
WORKER = Answer(told={"waiting_for": []})
AWAY = Answer(problem="not answering")


def answers(**changed: Answer) -> dict[str, Answer]:
    usual = {
        "store": Answer(told=[]),
        "catalog": Answer(told={}),
        "index": Answer(),
        "kafka": Answer(told=Lag(())),
        "search": WELL,
        "worker": WORKER,
    }
    return usual | changed


def test_all_parts_that_answer_are_well():
    assert set(judged(answers()).values()) == {"ok"}


def test_a_part_that_is_away_hides_no_other():
    health = judged(answers(index=AWAY, search=AWAY))

    assert health.pop("index") == health.pop("search") == "not answering"
    assert set(health.values()) == {"ok"}


def test_what_cannot_be_reached_from_here_may_be_well_where_the_api_is():
    health = judged(answers(store=AWAY, catalog=AWAY, index=AWAY))

    assert {health[name] for name in ("store", "catalog", "index")} == {"ok, says the API"}


def test_what_the_api_waits_for_is_not_well():
    waiting = Answer(told={"missing": ["index"], "stats": {}})

    health = judged(answers(index=AWAY, store=AWAY, search=waiting))

    assert health["index"] == "not answering"
    assert health["store"] == "ok, says the API"
    assert health["search"] == "waits for index"


def test_workers_that_cannot_be_asked_are_known_to_kafka():
    health = judged(answers(worker=AWAY, kafka=Answer(told=Lag((), workers=3))))

    assert health["worker"] == "ok, says Kafka: 3 at work"
    assert judged(answers(worker=AWAY))["worker"] == "not answering"


def test_a_worker_tells_what_it_waits_for():
    waiting = Answer(told={"waiting_for": ["index", "store"]})

    assert judged(answers(worker=waiting))["worker"] == "waits for index, store"


def test_the_pace_is_that_of_the_last_seconds():
    now = 0.0
    pace = Pace(lambda: now)

    assert pace.look(100) is None
    now = 2.0
    assert pace.look(300) == 100
    for second in range(3, 60):
        now = float(second)
        rate = pace.look(300)
    assert rate == 0


def test_a_topic_that_begins_anew_has_no_negative_pace():
    now = 0.0
    pace = Pace(lambda: now)
    pace.look(100)
    now = 1.0

    assert pace.look(0) == 0


async def test_a_slow_answer_is_waited_for_and_not_asked_for_twice():
    asked, go = [], asyncio.Event()

    async def ask() -> str:
        asked.append(1)
        await go.wait()
        return "told"

    probe = Probe(ask)

    assert "no answer" in (await probe.answer(0.01)).problem
    assert "no answer" in (await probe.answer(0.01)).problem
    go.set()
    assert await probe.answer(5) == Answer("told")
    assert len(asked) == 1
    assert await probe.answer(5) == Answer("told")
    assert len(asked) == 2


async def test_what_goes_wrong_is_told_and_not_raised():
    async def ask() -> None:
        raise TransientError("kafka", "is away")

    assert await Probe(ask).answer(5) == Answer(problem="kafka: is away")


def shown(status: dict[str, Any]) -> str:
    text = StringIO()
    Console(width=120, file=text).print(table_of(status))
    return text.getvalue()


PROGRESS = {"active": True, "done": 10, "total": 1200, "rate": 5.0, "eta_s": 238.0}
STATUS = {
    "api": "http://api:8000",
    "worker": "http://worker:8001",
    "health": {"store": "ok", "kafka": "[red]is away[/]", "search": "ok", "worker": "ok"},
    "model_id": "model-512-1a",
    "objects": 12345,
    "images": 12000,
    "rejected": 7,
    "newest": None,
    "at_work": {
        "in_flight": 64,
        "housekeeping": {
            "drift": 1200,
            "compared_at": "2026-01-01T00:00:00+00:00",
            "progress": PROGRESS,
            "question": "12 of 13 are gone",
        },
    },
    "lag": 6000,
    "partitions": [
        {"partition": 0, "committed": 5, "end": 5005, "lag": 5000},
        {"partition": 1, "committed": None, "end": 1000, "lag": 1000},
    ],
    "workers": 2,
    "rate": 100.0,
    "eta_s": 60.0,
}


def test_the_table_tells_counts_lag_rate_time_left_drift_and_health():
    text = shown(STATUS)

    for told in (
        "12,345",
        "model-512-1a",
        "6,000 notifications, 2 workers at work",
        "100/s, 60 s left",
        "1,200 differences found",
        "looked at 10 of 1,200, 5/s, 4 min left",
        "12 of 13 are gone",
        "http://worker:8001",
        "[red]is away[/]",
    ):
        assert told in text
    assert text.count("━") == 24 + 5


@pytest.mark.parametrize("missing", ["at_work", "rate", "eta_s", "worker", "workers"])
def test_the_table_goes_without_what_is_not_known(missing):
    assert "12,345" in shown(STATUS | {missing: None})


def test_the_table_goes_without_counts_and_without_lag():
    text = shown({"api": "a", "worker": "b", "health": STATUS["health"], "at_work": None})

    assert "store" in text
    assert "waiting" not in text


def test_a_single_process_shows_its_progress():
    counts = {
        name: STATUS[name] for name in ("objects", "images", "rejected", "newest", "model_id")
    }

    text = shown(
        {"api": "http://api:8000", "health": {"store": "ok"}, **counts, "progress": PROGRESS}
    )

    assert "address" in text
    assert "10 of 1,200, 5/s, 4 min left" in text
