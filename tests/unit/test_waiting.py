"""Waiting for parts at the start: said once, ended by what no waiting mends."""

import pytest

from shared import waiting
from shared.errors import ConfigurationError, TransientError
from shared.waiting import when_it_answers


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(waiting, "FIRST_PAUSE_S", 0.0)


def attempts(*results):
    """Something that comes out otherwise each time it is tried."""
    left = list(results)

    async def attempt():
        result = left.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    return attempt


async def test_it_tries_until_all_parts_answer_and_says_once_what_it_waits_for(caplog):
    caplog.set_level("INFO", "shared")
    away = [TransientError("catalog", "refused")] * 3 + [TransientError("index", "refused")] * 2
    assert await when_it_answers(attempts(*away, "open")) == "open"
    assert [record.getMessage() for record in caplog.records] == [
        "waiting for the catalog, which does not answer: catalog: refused",
        "waiting for the index, which does not answer: index: refused",
        "the index answers",
    ]


async def test_it_says_nothing_where_all_is_well(caplog):
    caplog.set_level("INFO", "shared")
    assert await when_it_answers(attempts("open")) == "open"
    assert not caplog.records


async def test_a_wrong_configuration_is_not_waited_out():
    wrong = attempts(TransientError("catalog", "away"), ConfigurationError("SEENIT_X", "no"))
    with pytest.raises(ConfigurationError):
        await when_it_answers(wrong)
