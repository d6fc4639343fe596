"""Naming the images that pass a filter: each condition from an index alone, the rarest first.

A database left to itself joins tables by rows, a few microseconds for each that passes the
condition it begins with. Lists of names that meet inside it cost a fraction of that, and a third of
what it costs to fetch both from a server and have them meet here.
"""

from collections.abc import Awaitable, Callable, Sequence
from operator import itemgetter
from typing import Any

from shared.catalog import filtering, queries
from shared.records import ObjectFilter

Ask = Callable[..., Awaitable[list[tuple[Any, ...]]]]
"""Asks the database a statement, with its values."""

SAMPLE = 256
"""Images looked at to estimate a share; read in well under a millisecond."""

READ_MORE = 4
"""Times the limit that each of several conditions may pass, of which fewer images pass all."""


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
        named, met = await _that_meet(ask, parts, limit * READ_MORE, values)
    else:
        named, met = await _named(ask, parts[0], limit, values), parts
    if named is None or len(named) > limit:
        return None
    # Two conditions may hold for two objects of an image, and for neither both.
    settled = met == parts and sum(part <= filtering.OF_OBJECTS.keys() for part in parts) < 2
    return list(named) if settled else await _that_pass(ask, conditions, named, values)


async def _that_meet(
    ask: Ask, parts: Sequence[filtering.Conditions], most: int, values: dict[str, object]
) -> tuple[set[str] | None, Sequence[filtering.Conditions]]:
    """Name the images that pass several parts, the first of which is the rarest.

    Returns:
        the names, None where the rarest part alone names more than `most`; and the parts that
        they pass: not what too many pass, nor what so few are left for that they are looked at
        one by one.
    """
    few = await _named(ask, parts[0], queries.CHUNK, values)
    if few is not None:
        return few, parts[:1]
    (counts,) = await ask(filtering.counts(tuple(parts)), most=most + 1, **values)
    if counts[0] > most:
        return None, ()
    met = [part for part, count in zip(parts, counts, strict=True) if count <= most]
    first, *others = met
    statement = filtering.names_together(first, tuple(others))
    return {row[0] for row in await ask(statement, most=most + 1, **values) if row[0]}, met


async def _named(
    ask: Ask, part: filtering.Conditions, most: int, values: dict[str, object]
) -> set[str] | None:
    rows = await ask(filtering.names(part), most=most + 1, **values)
    return None if len(rows) > most else {row[0] for row in rows if row[0] is not None}


async def _that_pass(
    ask: Ask, conditions: filtering.Conditions, image_ids: set[str], values: dict[str, object]
) -> list[str]:
    passing = queries.passing_among(conditions)
    found: set[str] = set()
    for chunk in queries.chunks(image_ids):
        found.update(row[0] for row in await ask(passing, ids=chunk, **values))
    return list(found)
