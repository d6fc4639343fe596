"""Shares are sampled once in a while, each filter's for itself."""

import pytest

from search_api.samples import BELIEVED_S, REMEMBERED, Samples
from shared.errors import TransientError
from shared.records import ObjectFilter, Shares

GIFS = ObjectFilter(formats=("GIF",))


class Catalog:
    """Counts samples; the share tells which one it was."""

    def __init__(self) -> None:
        self.asked: list[ObjectFilter] = []
        self.answers = True

    async def shares(self, where: ObjectFilter) -> Shares:
        if not self.answers:
            raise TransientError("catalog", "it is away")
        self.asked.append(where)
        return Shares(1000, 1 / len(self.asked), ())


@pytest.fixture
def catalog() -> Catalog:
    return Catalog()


async def test_a_sample_is_believed_for_a_while_and_then_taken_anew(catalog):
    now = [0.0]
    samples = Samples(catalog, clock=lambda: now[0])
    assert (await samples.shares(GIFS)).whole == 1
    now[0] = BELIEVED_S - 1
    assert (await samples.shares(ObjectFilter(formats=("GIF",)))).whole == 1
    now[0] = BELIEVED_S
    assert (await samples.shares(GIFS)).whole == 1 / 2
    assert catalog.asked == [GIFS, GIFS]


async def test_another_filter_has_a_sample_of_its_own(catalog):
    samples = Samples(catalog)
    wide = ObjectFilter(min_width=100)
    assert [(await samples.shares(one)).whole for one in (GIFS, wide, GIFS)] == [1, 1 / 2, 1]


async def test_a_catalog_that_is_away_is_asked_again(catalog):
    samples = Samples(catalog)
    catalog.answers = False
    with pytest.raises(TransientError):
        await samples.shares(GIFS)
    catalog.answers = True
    assert (await samples.shares(GIFS)).whole == 1


async def test_of_very_many_filters_the_latest_are_remembered(catalog):
    samples = Samples(catalog)
    for width in range(REMEMBERED + 1):
        await samples.shares(ObjectFilter(min_width=width + 1))
    await samples.shares(ObjectFilter(min_width=REMEMBERED + 1))
    assert len(catalog.asked) == REMEMBERED + 1
    await samples.shares(ObjectFilter(min_width=1))
    assert len(catalog.asked) == REMEMBERED + 2
