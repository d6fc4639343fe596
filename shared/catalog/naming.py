"""Naming the images that pass a filter: each condition from an index alone.

A database left to itself joins tables by rows, several microseconds for each that passes the
condition it begins with. To read a list of names from its index costs a quarter of a microsecond
each, once they come as one long text, and lists that meet here another tenth.
"""

from collections.abc import Awaitable, Callable, Collection
from functools import reduce
from operator import itemgetter
from typing import Any

from shared.catalog import filtering, queries
from shared.catalog.lists import chunks
from shared.errors import TransientError
from shared.names import LETTERS, ImageNames
from shared.records import ObjectFilter, Shares

Ask = Callable[..., Awaitable[list[tuple[Any, ...]]]]
"""Asks the database a statement, with its values."""

SAMPLE = 512
"""Images looked at to estimate a share; read in a few milliseconds."""

UNCHECKED = 10_000
"""Of so many named images a few may not pass: a search looks through them all, if need be."""


async def sample(ask: Ask, where: ObjectFilter) -> Shares:
    """Estimate shares; see `shared.protocols.CatalogReader.shares`."""
    conditions = filtering.set_in(where)
    (counts,) = await ask(filtering.sample(conditions), most=SAMPLE, **filtering.values_of(where))
    drawn, last, *passed = counts
    whole, *alone = (int(count) / max(1, drawn) for count in passed)
    parts = zip(filtering.parts_of(conditions), alone or [whole], strict=True)
    named = [(where.only(part), share) for part, share in parts]
    return Shares(_all(drawn, last), whole, tuple(sorted(named, key=itemgetter(1))))


async def name_images(ask: Ask, where: ObjectFilter, limit: int) -> Collection[str] | None:
    """Name images; see `shared.protocols.CatalogReader.matching_images`."""
    conditions, values = filtering.set_in(where), filtering.values_of(where)
    parts = filtering.parts_of(conditions)
    lists = await ask(filtering.lists(tuple(parts)), most=limit + 1, **values)
    short = [_whole(letters or "", count) for count, letters in lists if count <= limit]
    if not short:
        return None
    first, *others = map(ImageNames, sorted(short, key=len))
    named = reduce(ImageNames.also_in, others, first)
    # Two conditions may hold for two objects of an image, and for neither both.
    apart = sum(part <= filtering.OF_OBJECTS.keys() for part in parts) > 1
    if len(short) < len(parts) or (apart and len(named) > UNCHECKED):
        return await _that_pass(ask, conditions, named, values)
    return named


def _whole(letters: str, count: int) -> str:
    """See that all names are there: a server cuts short, with no error, what it deems too long.

    Raises:
        TransientError: some are missing.
    """
    if len(letters) != count * LETTERS:
        size = f"{count * LETTERS:,} bytes"
        problem = f"it cuts names of {size} short; set its max_allowed_packet to 16M or more"
        raise TransientError("catalog", problem)
    return letters


def _all(drawn: int, last: str | None) -> int:
    """Estimate how many images there are where the first so many, in order, end with this one."""
    # Digests lie evenly: the first so many take up as many parts of as many as there are.
    if drawn < SAMPLE or last is None:
        return drawn
    return round(drawn / max(int(last[:16], 16) / 16**16, 1e-12))


async def _that_pass(
    ask: Ask,
    conditions: filtering.Conditions,
    image_ids: Collection[str],
    values: dict[str, object],
) -> list[str]:
    passing = queries.passing_among(conditions)
    found: set[str] = set()
    for chunk in chunks(image_ids):
        found.update(row[0] for row in await ask(passing, ids=chunk, **values))
    return list(found)
