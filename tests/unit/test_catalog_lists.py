"""How a list of ids goes into a statement."""

import pytest
from sqlalchemy import Select, create_engine, select, text
from sqlalchemy.dialects import mysql, sqlite

from shared.catalog import queries
from shared.catalog.lists import CHUNK, among, chunks
from shared.catalog.schema import images, metadata, objects

BY_IMAGE = select(images.c.width).where(among(images.c.image_id))
BY_OBJECT = select(objects.c.size).where(among(objects.c.object_id))


def parameters(asked: Select[int], dialect: object, ids: list[str] | list[bytes]) -> list[object]:
    """Tell what the driver is handed."""
    compiled = asked.compile(dialect=dialect)
    state = compiled.construct_expanded_state({"ids": ids})
    return [state.parameters[name] for name in state.positiontup]


def test_sqlite_takes_image_ids_as_one_value_and_all_else_is_a_parameter_each():
    assert len(parameters(BY_IMAGE, sqlite.dialect(), ["a", "b", "c"])) == 1
    assert parameters(BY_OBJECT, sqlite.dialect(), [b"a", b"b", b"c"]) == [b"a", b"b", b"c"]
    assert parameters(BY_IMAGE, mysql.dialect(), ["a", "b", "c"]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "asked",
    [BY_IMAGE, BY_OBJECT, queries.KNOWN_IMAGES, queries.find(frozenset({"min_width", "buckets"}))],
)
def test_a_list_leads_to_an_index_and_no_table_is_read_whole(asked):
    compiled = asked.compile(dialect=sqlite.dialect())
    given = {name: [] if name in {"ids", "buckets"} else 1 for name in compiled.params}
    state = compiled.construct_expanded_state(given)
    values = tuple("[]" if given[name] == [] else 1 for name in state.positiontup)
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {state.statement}", values).all()
    steps = [row[3] for row in plan]
    assert any(step.startswith("SEARCH") for step in steps), steps
    assert not [step for step in steps if step.startswith(("SCAN images", "SCAN objects"))], steps


def test_no_id_of_a_list_is_taken_for_anything_else():
    engine = create_engine("sqlite://")
    odd = ['a"b', "a'b", "a,b", "[]", "é", "\\", "", "null", "1"]
    rows = [
        {"image_id": name, "model_id": "m", "width": n, "height": 1, "format": "", "bytes": 1}
        | {"state": "indexed"}
        for n, name in enumerate(odd)
    ]
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(images.insert(), rows)
        for n, name in enumerate(odd):
            assert connection.execute(BY_IMAGE, {"ids": [name]}).scalars().all() == [n]
        assert connection.execute(BY_IMAGE, {"ids": []}).all() == []
        assert len(connection.execute(BY_IMAGE, {"ids": odd * 2}).all()) == len(odd)
        assert connection.execute(text("SELECT count(*) FROM images")).scalar() == len(odd)


def test_many_ids_are_split_and_none_is_lost():
    parts = list(chunks(range(2 * CHUNK + 1)))
    assert [len(part) for part in parts] == [CHUNK, CHUNK, 1]
    assert [one for part in parts for one in part] == list(range(2 * CHUNK + 1))
