"""Naming the images that pass a filter, rarest condition first, each from an index alone.

A database left to itself joins tables by rows, a few microseconds for each that passes the
condition it begins with. Lists of names, met here, cost a tenth of that.
"""

from collections.abc import Awaitable, Callable
from operator import itemgetter
from typing import Any

from shared.catalog import filtering, queries
from shared.records import ObjectFilter

Ask = Callable[..., Awaitable[list[tuple[Any, ...]]]]
"""Asks the database a statement, with its values."""

SAMPLE = 256
"""Images looked at to estimate a share; read in well under a millisecond."""

READ_MORE = 4
"""Times the limit that is read of each of several conditions, of which fewer images pass all."""


async def sample(ask: Ask, where: ObjectFilter) -> list[int]:
    """Count a sample: its images, those that pass, those that pass each part alone."""
    statement = filtering.sample(filtering.set_in(where))
    (counts,) = await ask(statement, most=SAMPLE, **filtering.values_of(where))
    return [int(count) for count in counts]


async def name_images(ask: Ask, where: ObjectFilter, limit: int) -> list[str] | None:
    """Name images; see `shared.protocols.CatalogReader.matching_images`."""
    conditions, values = filtering.set_in(where), filtering.values_of(where)
    parts = filtering.parts_of(conditions)
    if len(parts) > 1:
        _, _, *passed = await sample(ask, where)
        parts = [part for _, part in sorted(zip(passed, parts, strict=True), key=itemgetter(0))]
    most = limit * READ_MORE if len(parts) > 1 else limit
    # Two conditions may hold for two objects of an image, and for neither both.
    settled = sum(part <= filtering.OF_OBJECTS.keys() for part in parts) < 2
    named: set[str] | None = None
    for part in parts:
        if named is not None and len(named) <= queries.CHUNK:
            settled = False  # so few are looked at one by one
            break
        rows = await ask(filtering.names(part), most=most + 1, **values)
        if len(rows) > most:
            settled = False
            break
        found = {row[0] for row in rows if row[0] is not None}
        named = found if named is None else named & found
    if named is None or len(named) > limit:
        return None
    return list(named) if settled else await _that_pass(ask, conditions, named, values)


async def _that_pass(
    ask: Ask, conditions: filtering.Conditions, image_ids: set[str], values: dict[str, object]
) -> list[str]:
    passing = queries.passing_among(conditions)
    found: set[str] = set()
    for chunk in queries.chunks(image_ids):
        found.update(row[0] for row in await ask(passing, ids=chunk, **values))
    return list(found)
