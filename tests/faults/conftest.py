"""Cases on the real services, and the table of what was observed."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.cases import Case
from tests.faults.ground import Ground
from tests.faults.places import Place
from tests.faults.table import Observed
from tests.observations import Row

NUMBERS = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker("fault")


@pytest.fixture(scope="session")
def ground(services, kafka_url, minio, mysql_url, milvus_url) -> Ground:  # noqa: ARG001 - starts them
    """All four services, and what may befall them."""
    return Ground(services)


@pytest.fixture(autouse=True)
def _all_is_well(stack) -> None:
    """Each test begins with all services up, however the last one left them."""


@pytest.fixture(scope="session")
def new_line(observed: list[Row]) -> Callable[[int, str], Observed]:
    """Begin a line of the table."""

    def new_line(row: int, fault: str) -> Observed:
        line = Observed(row, fault)
        observed.append(line)
        return line

    return new_line


def _cases(ground, new_line, folders) -> Iterator[Callable[..., Case]]:
    made: list[Case] = []

    def new_case(row: int, fault: str, *, model_id: str = "", **stack: str) -> Case:
        name = f"fault-{row}-{os.getpid()}-{next(NUMBERS)}"
        place = Place(name, ground.settings | stack, (name,), model_id or name)
        place.prepare()
        made.append(Case(place, new_line(row, fault), folders.mktemp(name)))
        return made[-1]

    yield new_case
    for case in made:
        case.end()


@pytest.fixture
def new_case(ground, new_line, tmp_path_factory) -> Iterator[Callable[..., Case]]:
    """Make a case with a place of its own; whatever becomes of the test, its workers end."""
    yield from _cases(ground, new_line, tmp_path_factory)


@pytest.fixture(scope="module")
def new_module_case(ground, new_line, tmp_path_factory) -> Iterator[Callable[..., Case]]:
    """The same, for all tests of a module."""
    yield from _cases(ground, new_line, tmp_path_factory)
